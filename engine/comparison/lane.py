"""Compares the lanes of a diagram: who is responsible for what is drawn in them."""

from collections.abc import Iterator

from engine.comparison.change import Change, Sentence, Weight, named, say, valued
from engine.comparison.phrase import joined
from engine.comparison.place import Pair
from engine.drawing import Lane, Process


def compare_lanes(pair: Pair) -> Iterator[Change]:
    """Yield lanes that came, went, were renamed or belong to another role."""
    old = {lane.id: (process, lane) for process in pair.before.processes for lane in process.lanes}
    new = {lane.id: (process, lane) for process in pair.after.processes for lane in process.lanes}
    for identifier, (_, lane) in old.items():
        if identifier not in new:
            sentence = say("The lane {name} is gone.", name=named(lane.name or lane.id))
            gone = [lane.name, lane.role or ""], None
            yield pair.change(identifier, "", gone, sentence, kind="removed", weight=_weight(lane))
    for identifier, (process, lane) in new.items():
        if identifier in old:
            yield from _lane(pair, old[identifier], (process, lane))
            continue
        sentence = say("The lane {name} is new.", name=named(lane.name or lane.id))
        values = None, [lane.name, lane.role or ""]
        yield pair.change(identifier, "", values, sentence, kind="added", weight=_weight(lane))


def _weight(lane: Lane) -> Weight:
    """Weigh an empty lane as wording; whoever moves in or out is told with the step."""
    return "meaning" if lane.members else "wording"


def _lane(pair: Pair, was: tuple[Process, Lane], is_now: tuple[Process, Lane]) -> Iterator[Change]:
    (before, old), (after, new) = was, is_now
    here = say("The lane {name}", name=named(new.name or new.id))
    if old.name != new.name:
        sentence = say(
            "The lane {before} is now called {after}.",
            before=named(old.name or old.id),
            after=named(new.name or new.id),
        )
        yield pair.change(new.id, "name", (old.name, new.name), sentence, weight="wording")
    if old.role != new.role:
        sentence = say(
            "{here} belongs to {after} instead of {before}{steps}.",
            here=here,
            before=valued(pair.old.role(old.role) if old.role else "nobody"),
            after=valued(pair.new.role(new.role) if new.role else "nobody"),
            steps=_steps(after, new),
        )
        yield pair.change(new.id, "role", (old.role, new.role), sentence)
    elif old.own_role != new.own_role:
        sentence = say(
            "{here} has its role {how}; who does the steps stays the same.",
            here=here,
            how="of its own" if new.own_role else "from the lane around it",
        )
        values = old.own_role, new.own_role
        yield pair.change(new.id, "own_role", values, sentence, weight="wording")
    places = [old.parent or "", old.within or ""], [new.parent or "", new.within or ""]
    if places[0] != places[1]:
        sentence = say("{here} is drawn inside another lane or phase.", here=here)
        yield pair.change(new.id, "parent", places, sentence, weight="wording")
    strangers = _strangers(before, old), _strangers(after, new)
    if strangers[0] != strangers[1]:
        sentence = say("{here} names other elements that do not belong to it.", here=here)
        yield pair.change(new.id, "members", strangers, sentence)


def _strangers(process: Process, lane: Lane) -> list[str]:
    """Return members that are not there, or that a later lane names too."""
    inside = {one.id for one in process.elements if one.lane == lane.id}
    return sorted(one for one in lane.members if one not in inside)


def _steps(process: Process, lane: Lane) -> Sentence | str:
    """Return which steps of people are in the lane."""
    inside = [
        one.label for one in process.elements if one.lane == lane.id and one.kind == "userTask"
    ]
    return say(", and with it {steps}", steps=valued(joined(inside))) if inside else ""
