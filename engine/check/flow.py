"""Checks how branches split and meet: gateways, defaults, conditions in the right places."""

from collections.abc import Iterator

from engine.check.context import CheckContext
from engine.check.finding import Finding, error, kind_words, warning
from engine.check.folder import Folder
from engine.drawing import Drawing, Element, Flow, Process
from engine.drawing.vocabulary import GATEWAYS
from engine.language.telling import told

CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway"})
MERGING = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway"})


def check_splits(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Only gateways split, and a choice always has a way to go (engine.md, subset)."""
    for drawing, process in folder.processes():
        for element in process.elements:
            flows = process.flows_from(element.id)
            if element.kind in CHOOSING:
                yield from _choice(drawing, element, flows)
            else:
                yield from _no_choice(drawing, element, flows)


def _choice(drawing: Drawing, gateway: Element, flows: tuple[Flow, ...]) -> Iterator[Finding]:
    default = next((flow for flow in flows if flow.id == gateway.default_flow), None)
    if gateway.default_flow and default is None:
        yield error(
            drawing,
            gateway,
            "default_elsewhere",
            told(
                "names %(default_flow)s as default flow, which does not leave it; choose one of "
                "its own flows.",
                default_flow=gateway.default_flow,
            ),
        )
    elif len(flows) > 1 and default is None:
        yield error(
            drawing,
            gateway,
            "no_default",
            told(
                "is an %(kind)s without a default flow: when no condition is true the case stops; "
                "mark one flow as default.",
                kind=kind_words(gateway.kind),
            ),
        )
    for flow in flows:
        if flow is default and flow.condition is not None:
            yield error(
                drawing,
                flow,
                "default_condition",
                told(
                    "is the default flow and has a condition, which is never read; remove the "
                    "condition."
                ),
            )
        elif flow is not default and len(flows) > 1 and not flow.condition:
            yield error(
                drawing,
                flow,
                "no_condition",
                told(
                    "leaves %(gateway)s without a condition; write when it is taken, or make it "
                    "the default flow.",
                    gateway=gateway.id,
                ),
            )
        elif flow is not default and len(flows) == 1 and flow.condition is not None:
            yield error(
                drawing,
                flow,
                "lonely_condition",
                told(
                    "is the only way on and has a condition; remove the condition or add a "
                    "default flow for the other case."
                ),
            )


def _no_choice(drawing: Drawing, element: Element, flows: tuple[Flow, ...]) -> Iterator[Finding]:
    for flow in flows:
        if flow.condition is not None:
            yield error(
                drawing,
                flow,
                "ignored_condition",
                told(
                    "has a condition but leaves a %(kind)s, where conditions are ignored; put an "
                    "exclusive gateway in between.",
                    kind=kind_words(element.kind),
                ),
            )
    if element.default_flow and element.kind not in CHOOSING:
        yield error(
            drawing,
            element,
            "ignored_default",
            told(
                "has a default flow, which means nothing on a %(kind)s; put an exclusive gateway "
                "after it.",
                kind=kind_words(element.kind),
            ),
        )
    if len(flows) > 1 and element.kind not in GATEWAYS:
        yield error(
            drawing,
            element,
            "several_flows",
            told(
                "has %(count)s outgoing flows; put a gateway after it that says whether one or "
                "all of them are taken.",
                count=len(flows),
            ),
        )


def check_twins(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """One flow joins two steps: where branches meet they are told apart by where they come from."""
    for drawing, process in folder.processes():
        for element in process.elements:
            met = set[str]()
            for flow in process.flows_from(element.id):
                if flow.target not in met:
                    met.add(flow.target)
                    continue
                choice = element.kind == "exclusiveGateway"
                message = told(
                    "is a second flow from %(source)s to %(target)s; remove one.",
                    source=element.id,
                    target=flow.target,
                )
                if choice:
                    message = told(
                        "is a second flow from %(source)s to %(target)s; remove one, or let the "
                        "answers lead to different steps.",
                        source=element.id,
                        target=flow.target,
                    )
                yield (warning if choice else error)(drawing, flow, "twin_flows", message)


def check_merges(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Branches meet in a gateway, never in a step (L11)."""
    for drawing, process in folder.processes():
        for element in process.elements:
            flows = process.flows_to(element.id)
            merges = element.kind in MERGING or element.kind in {"endEvent", "startEvent"}
            if len(flows) > 1 and not merges:
                yield error(
                    drawing,
                    element,
                    "implicit_merge",
                    told(
                        "%(count)s flows lead into this %(kind)s; put an exclusive gateway before "
                        "it, where they meet.",
                        count=len(flows),
                        kind=kind_words(element.kind),
                    ),
                )


def check_gateways(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require gateways that split or join, not both, and one parallel block in a diagram."""
    for drawing, process in folder.processes():
        yield from _mixed(drawing, process)
        splits = [
            element
            for element in process.elements
            if element.kind == "parallelGateway" and len(process.flows_from(element.id)) > 1
        ]
        for extra in splits[1:]:
            yield error(
                drawing,
                extra,
                "second_parallel",
                told(
                    "is a second parallel block beside %(first)s; one diagram has at most one, so "
                    "move it into a diagram of its own and use a call activity.",
                    first=splits[0].id,
                ),
            )


def _mixed(drawing: Drawing, process: Process) -> Iterator[Finding]:
    for element in process.elements:
        joins, splits = process.flows_to(element.id), process.flows_from(element.id)
        if len(joins) > 1 and len(splits) > 1 and element.kind == "parallelGateway":
            yield error(
                drawing,
                element,
                "loop_into_parallel",
                told(
                    "is a parallel split into which several flows lead, so that it waits for all "
                    "of them; put an exclusive gateway before it."
                ),
            )
        elif len(joins) > 1 and len(splits) > 1 and element.kind == "inclusiveGateway":
            yield error(
                drawing,
                element,
                "mixed_gateway",
                told("joins and splits at once; draw two inclusive gateways, one after the other."),
            )
