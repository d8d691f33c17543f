"""Compares the lanes of a diagram: who is responsible for what is drawn in them."""

from collections.abc import Iterator

from engine.comparison.change import Change, Weight, named, say, valued
from engine.comparison.phrase import joined
from engine.comparison.place import Pair
from engine.drawing import Lane, Process
from engine.language import mark
from engine.language.telling import told


def compare_lanes(pair: Pair) -> Iterator[Change]:
    """Yield lanes that came, went, were renamed or belong to another role."""
    old = {lane.id: (process, lane) for process in pair.before.processes for lane in process.lanes}
    new = {lane.id: (process, lane) for process in pair.after.processes for lane in process.lanes}
    for identifier, (_, lane) in old.items():
        if identifier not in new:
            sentence = say("The lane %(name)s is gone.", name=named(lane.name or lane.id))
            gone = [lane.name, lane.role or ""], None
            yield pair.change(identifier, "", gone, sentence, kind="removed", weight=_weight(lane))
    for identifier, (process, lane) in new.items():
        if identifier in old:
            yield from _lane(pair, old[identifier], (process, lane))
            continue
        sentence = say("The lane %(name)s is new.", name=named(lane.name or lane.id))
        values = None, [lane.name, lane.role or ""]
        yield pair.change(identifier, "", values, sentence, kind="added", weight=_weight(lane))


def _weight(lane: Lane) -> Weight:
    """Weigh an empty lane as wording; whoever moves in or out is told with the step."""
    return "meaning" if lane.members else "wording"


def _lane(pair: Pair, was: tuple[Process, Lane], is_now: tuple[Process, Lane]) -> Iterator[Change]:
    (before, old), (after, new) = was, is_now
    here = say("The lane %(name)s", name=named(new.name or new.id))
    if old.name != new.name:
        sentence = say(
            "The lane %(before)s is now called %(after)s.",
            before=named(old.name or old.id),
            after=named(new.name or new.id),
        )
        yield pair.change(new.id, "name", (old.name, new.name), sentence, weight="wording")
    if old.role != new.role:
        steps = _steps(after, new)
        text = mark("%(here)s belongs to %(after)s instead of %(before)s.")
        if steps:
            text = mark(
                "%(here)s belongs to %(after)s instead of %(before)s, and with it %(steps)s."
            )
        sentence = say(
            text,
            here=here,
            before=valued(pair.old.role(old.role) if old.role else told("nobody")),
            after=valued(pair.new.role(new.role) if new.role else told("nobody")),
            steps=valued(steps),
        )
        yield pair.change(new.id, "role", (old.role, new.role), sentence)
    elif old.own_role != new.own_role:
        text = mark(
            "%(here)s has its role from the lane around it; who does the steps stays the same."
        )
        if new.own_role:
            text = mark("%(here)s has its role of its own; who does the steps stays the same.")
        sentence = say(text, here=here)
        values = old.own_role, new.own_role
        yield pair.change(new.id, "own_role", values, sentence, weight="wording")
    places = [old.parent or "", old.within or ""], [new.parent or "", new.within or ""]
    if places[0] != places[1]:
        sentence = say("%(here)s is drawn inside another lane or phase.", here=here)
        yield pair.change(new.id, "parent", places, sentence, weight="wording")
    strangers = _strangers(before, old), _strangers(after, new)
    if strangers[0] != strangers[1]:
        sentence = say("%(here)s names other elements that do not belong to it.", here=here)
        yield pair.change(new.id, "members", strangers, sentence)


def _strangers(process: Process, lane: Lane) -> list[str]:
    """Return members that are not there, or that a later lane names too."""
    inside = {one.id for one in process.elements if one.lane == lane.id}
    return sorted(one for one in lane.members if one not in inside)


def _steps(process: Process, lane: Lane) -> str:
    """Return which steps of people are in the lane."""
    return joined(
        one.label for one in process.elements if one.lane == lane.id and one.kind == "userTask"
    )
