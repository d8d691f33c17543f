"""Compares what events wait for or throw: timers, messages, signals, errors."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from engine.comparison.change import Change, Sentence, say, valued
from engine.comparison.phrase import condition, expression
from engine.comparison.place import Pair
from engine.comparison.side import Side
from engine.drawing import Element, Event
from engine.drawing.vocabulary import EVENT_WORDS
from engine.language import mark
from engine.language.telling import told

_RULES: Final = mark(
    {
        "timeDuration": "after %(value)s",
        "timeDate": "on %(value)s",
        "timeCycle": "again and again, %(value)s",
    }
)


def compare_events(pair: Pair, here: Sentence, old: Element, new: Element) -> Iterator[Change]:
    """Yield the event definitions of an element that differ, by their order."""
    for number, (before, after) in enumerate(zip_longest(old.events, new.events)):
        if before == after:
            continue
        values = before and _listed(before), after and _listed(after)
        left = _told(before, pair.old) if before else told("nothing")
        right = _told(after, pair.new) if after else told("nothing")
        aspect = str(number) if number else ""
        if left != right:
            sentence = say(
                mark("%(here)s comes %(after)s instead of %(before)s.")
                if before and after and before.kind == after.kind == "timer"
                else mark("%(here)s is about %(after)s instead of %(before)s."),
                here=here,
                before=valued(left),
                after=valued(right),
            )
        else:
            sentence = say(
                "%(here)s is about %(after)s as before, but refers to it in another way.",
                here=here,
                after=valued(right),
            )
        yield pair.change(new.id, "events", values, sentence, aspect=aspect)


def event_words(event: Event, side: Side) -> str:
    """Return what an event is about: `after 7 days`, `the message consent_withdrawn`."""
    return _told(event, side)


def _told(event: Event, side: Side) -> str:
    if event.kind == "timer":
        value = expression(event.rule, side)
        return told(_RULES[event.rule_kind], value=value) if event.rule_kind in _RULES else value
    if event.kind == "conditional":
        return told("the condition %(condition)s", condition=condition(event.rule))
    kind, name = told(EVENT_WORDS.get(event.kind, event.kind)), event.name or event.reference
    if not name:
        return told("the %(kind)s", kind=kind)
    return told("the %(kind)s %(name)s", kind=kind, name=name)


def _listed(event: Event) -> list[str]:
    parts = (event.kind, event.name, event.reference, event.rule_kind, event.rule)
    return [*parts, "by reference"] if event.by_reference else list(parts)
