"""Compares what events wait for or throw: timers, messages, signals, errors."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from engine.comparison.change import Change, Sentence, say, valued
from engine.comparison.phrase import condition, expression
from engine.comparison.place import Pair
from engine.comparison.side import Side
from engine.drawing import Element, Event

_RULES: Final = {"timeDuration": "after", "timeDate": "on", "timeCycle": "again and again,"}


def compare_events(pair: Pair, here: Sentence, old: Element, new: Element) -> Iterator[Change]:
    """Yield the event definitions of an element that differ, by their order."""
    for number, (before, after) in enumerate(zip_longest(old.events, new.events)):
        if before == after:
            continue
        values = before and _listed(before), after and _listed(after)
        left = _told(before, pair.old) if before else "nothing"
        right = _told(after, pair.new) if after else "nothing"
        aspect = str(number) if number else ""
        if left != right:
            sentence = say(
                "{here} comes {after} instead of {before}."
                if before and after and before.kind == after.kind == "timer"
                else "{here} is about {after} instead of {before}.",
                here=here,
                before=valued(left),
                after=valued(right),
            )
        else:
            sentence = say(
                "{here} is about {after} as before, but refers to it in another way.",
                here=here,
                after=valued(right),
            )
        yield pair.change(new.id, "events", values, sentence, aspect=aspect)


def event_words(event: Event, side: Side) -> str:
    """Return what an event is about: `after 7 days`, `the message consent_withdrawn`."""
    return _told(event, side)


def _told(event: Event, side: Side) -> str:
    if event.kind == "timer":
        return f"{_RULES.get(event.rule_kind, '')} {expression(event.rule, side)}".strip()
    if event.kind == "conditional":
        return f"the condition {condition(event.rule)}"
    name = event.name or event.reference
    return f"the {event.kind} {name}".strip()


def _listed(event: Event) -> list[str]:
    parts = (event.kind, event.name, event.reference, event.rule_kind, event.rule)
    return [*parts, "by reference"] if event.by_reference else list(parts)
