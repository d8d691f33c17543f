"""Takes away from a diagram whatever a failure does not need, one element at a time."""

from collections.abc import Callable, Iterator

from tests.proof.edit import EVENTS, GATEWAYS, TASKS, Sheet

STEPS = (*TASKS, *EVENTS, "subProcess")
Change = Callable[[Sheet], None]


def shrunk(content: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """Return a smallest diagram that still fails: no single element can be taken away from it."""
    while True:
        smaller = next((one for one in _smaller(content) if fails(one)), None)
        if smaller is None:
            return content
        content = smaller


def _smaller(content: bytes) -> Iterator[bytes]:
    for change in _changes(Sheet(content)):
        sheet = Sheet(content)
        change(sheet)
        _tidy(sheet)
        yield sheet.content


def _changes(sheet: Sheet) -> Iterator[Change]:
    for element in sheet.all(*STEPS):
        name = element.get("id")
        ways = sheet.flows("sourceRef", name)
        if len(ways) == 1 and ways[0].get("targetRef") != name:
            yield lambda s, n=name: s.take_out(s.named(n))  # type: ignore[misc]
    for event in sheet.all("boundaryEvent"):
        name = event.get("id")
        yield lambda s, n=name: s.cut_off(s.named(n))  # type: ignore[misc]
    for gateway in sheet.all(*GATEWAYS, "eventBasedGateway"):
        name = gateway.get("id")
        ways = sheet.flows("sourceRef", name)
        for flow in [way.get("id") for way in ways] if len(ways) > 1 else ():
            yield lambda s, n=flow: s.remove(s.named(n))  # type: ignore[misc]
        if len(ways) == 1:
            yield lambda s, n=name: s.take_out(s.named(n))  # type: ignore[misc]


def _tidy(sheet: Sheet) -> None:
    """Remove what nothing leads to any more, and processes that nobody calls."""
    while gone := list(_lost(sheet)):
        for element in gone:
            if element.getparent() is not None:
                for flow in sheet.flows("sourceRef", element.get("id")):
                    sheet.remove(flow)
                for event in sheet.all("boundaryEvent"):
                    if event.get("attachedToRef") == element.get("id"):
                        sheet.cut_off(event)
                sheet.remove(element)


def _lost(sheet: Sheet) -> Iterator[object]:
    reached = {flow.get("targetRef") for flow in sheet.all("sequenceFlow")}
    for element in sheet.all(*STEPS, *GATEWAYS, "eventBasedGateway", "endEvent"):
        if element.get("id") not in reached:
            yield element
    called = {call.get("calledElement") for call in sheet.all("callActivity")}
    yield from (one for one in sheet.all("process")[1:] if one.get("id") not in called)
