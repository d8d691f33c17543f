"""Compares the ways between steps: where they lead, on which condition, in which order."""

from collections.abc import Iterator

from engine.comparison.change import Change, Sentence, named, say, valued
from engine.comparison.opposite import are_opposite
from engine.comparison.phrase import condition, joined, same_expression
from engine.comparison.place import Pair, called, label, way
from engine.drawing import Element, Flow, Process
from engine.language import mark

ORDERED = frozenset({"exclusiveGateway"})
MIN_WAYS = 2


def added_way(pair: Pair, process: Process, flow: Flow) -> Change:
    """Return that a way is new."""
    return _alone(pair, process, flow, new=True)


def removed_way(pair: Pair, process: Process, flow: Flow) -> Change:
    """Return that a way is gone."""
    return _alone(pair, process, flow, new=False)


def _alone(pair: Pair, process: Process, flow: Flow, *, new: bool) -> Change:
    told = [flow.source, flow.target, flow.condition or ""]
    here, when = way(process, flow), valued(condition(flow.condition))
    if flow.condition is None:
        sentence = say(mark("%(way)s is new.") if new else mark("%(way)s is gone."), way=here)
    else:
        text = mark("%(way)s is gone; it is taken when %(condition)s.")
        if new:
            text = mark("%(way)s is new; it is taken when %(condition)s.")
        sentence = say(text, way=here, condition=when)
    values = (None, told) if new else (told, None)
    return pair.change(flow.id, "", values, sentence, kind="added" if new else "removed")


def compare_flow(
    pair: Pair, before: tuple[Process, Flow], after: tuple[Process, Flow]
) -> Iterator[Change]:
    """Yield how a way that is on both sides differs."""
    (old_process, old), (new_process, new) = before, after
    if old.name != new.name:
        sentence = say(
            "%(way)s was called %(before)s.",
            way=way(new_process, new),
            before=named(old.name) if old.name else valued(""),
        )
        yield pair.change(new.id, "name", (old.name, new.name), sentence, weight="wording")
    for attribute, template in (
        ("source", mark("%(way)s now begins at %(after)s instead of %(before)s.")),
        ("target", mark("%(way)s now leads to %(after)s instead of %(before)s.")),
    ):
        values = getattr(old, attribute), getattr(new, attribute)
        if values[0] != values[1]:
            sentence = say(
                template,
                way=way(old_process, old),
                before=label(old_process, values[0]),
                after=label(new_process, values[1]),
            )
            yield pair.change(new.id, attribute, values, sentence)
    places = [old.process, old.parent or ""], [new.process, new.parent or ""]
    if places[0] != places[1]:
        sentence = say("%(way)s is drawn inside something else.", way=way(new_process, new))
        yield pair.change(new.id, "parent", places, sentence)
    if old.condition != new.condition:
        yield _condition(pair, way(new_process, new), old, new)


def _condition(pair: Pair, told: Sentence, old: Flow, new: Flow) -> Change:
    values = old.condition, new.condition
    before, after = condition(old.condition), condition(new.condition)
    if old.condition is not None and new.condition is not None:
        if same_expression(old.condition, new.condition):
            sentence = say(
                "The condition of %(way)s is written otherwise and means the same.", way=told
            )
            return pair.change(new.id, "condition", values, sentence, weight="wording")
        if are_opposite(old.condition, new.condition):
            sentence = say(
                "%(way)s is now taken when %(after)s: exactly the opposite of %(before)s.",
                way=told,
                before=valued(before),
                after=valued(after),
            )
            return pair.change(new.id, "condition", values, sentence)
    sentence = say(
        "%(way)s is now taken when %(after)s instead of %(before)s.",
        way=told,
        before=valued(before),
        after=valued(after),
    )
    return pair.change(new.id, "condition", values, sentence)


def compare_order(
    pair: Pair, old_process: Process, new_process: Process, old: Element, new: Element
) -> Iterator[Change]:
    """Yield that the ways of a choice are tried in another order: the first that holds is taken."""
    if new.kind not in ORDERED:
        return
    before, after = _tried(old_process, old), _tried(new_process, new)
    common = set(before) & set(after)
    first = [one for one in before if one in common]
    second = [one for one in after if one in common]
    if len(common) >= MIN_WAYS and first != second:
        sentence = say(
            "%(here)s tries its ways in another order: %(after)s instead of %(before)s.",
            here=called(new, new_process),
            before=valued(_ends(old_process, first)),
            after=valued(_ends(new_process, second)),
        )
        yield pair.change(new.id, "order", (first, second), sentence)


def _tried(process: Process, element: Element) -> list[str]:
    return [
        flow.id
        for flow in process.flows_from(element.id)
        if flow.id != element.default_flow and flow.condition is not None
    ]


def _ends(process: Process, flows: list[str]) -> str:
    found = (process.flow_by_id[identifier] for identifier in flows)
    return joined(flow.name or label(process, flow.target).text for flow in found)
