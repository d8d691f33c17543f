"""Compares the safety rules of both sides: what is demanded no longer, newly, or otherwise."""

from collections.abc import Iterator
from dataclasses import fields
from functools import reduce
from typing import Any, Final

from engine.comparison.change import Change, Weight, came_or_went, excerpts, named, say, valued
from engine.comparison.phrase import joined
from engine.comparison.side import Side
from engine.expression import Expression, describe
from engine.inheritance import RULES
from engine.language import mark
from engine.language.telling import Told, series, told
from engine.proof.rule import Check, Moment, Rule

LOOSENS: Final = frozenset({"unless", "only_if", "after", "until"})
"""Entries that make a check ask less where they were not there before."""


def compare_rules(old: Side, new: Side) -> Iterator[Change]:
    """Yield every rule that came, went or demands something else."""
    for identifier in [*old.rules, *(one for one in new.rules if one not in old.rules)]:
        before, after = old.rules.get(identifier), new.rules.get(identifier)
        if before is None or after is None:
            yield _alone(before, after)
        else:
            yield from _rule(before, after)


def _alone(before: Rule | None, after: Rule | None) -> Change:
    template, rule = mark("The safety rule %(id)s is gone: %(sentence)s"), before
    if before is None:
        template, rule = mark("The safety rule %(id)s is new: %(sentence)s"), after
    identifier, words = (rule.id, rule.sentence) if rule else ("", "")
    sentence = say(template, id=named(identifier), sentence=valued(words))
    was, is_now = before and before.sentence, after and after.sentence
    kind = came_or_went(before is None)
    return Change(kind, RULES, identifier, "", was, is_now, "meaning", sentence=sentence)


def _rule(before: Rule, after: Rule) -> Iterator[Change]:
    here = named(after.id)
    for attribute, template in (
        ("sentence", mark("The safety rule %(id)s is now worded %(after)s; it was %(before)s.")),
        (
            "sources",
            mark("The safety rule %(id)s names %(after)s as its source instead of %(before)s."),
        ),
        (
            "weakened",
            mark("The safety rule %(id)s is weakened by %(after)s instead of %(before)s."),
        ),
    ):
        values = getattr(before, attribute), getattr(after, attribute)
        if values[0] != values[1]:
            left, right = ((one if isinstance(one, str) else joined(one)) for one in values)
            shown = excerpts(left, right)
            sentence = say(template, id=here, before=valued(shown[0]), after=valued(shown[1]))
            weight: Weight = "meaning" if attribute == "weakened" else "wording"
            yield Change(
                "changed", RULES, after.id, attribute, left, right, weight, sentence=sentence
            )
    yield from _checks(before, after)


def _checks(before: Rule, after: Rule) -> Iterator[Change]:
    """Pair what is the same; what is left is paired in order, the rest came or went."""
    old = [check for check in before.checks if check not in after.checks]
    new = [check for check in after.checks if check not in before.checks]
    for number in range(max(len(old), len(new))):
        left = old[number] if number < len(old) else None
        right = new[number] if number < len(new) else None
        if left is None or right is None:
            template = mark("The safety rule %(id)s also demands: %(check)s.")
            if right is None:
                template = mark(
                    "The safety rule %(id)s no longer demands: %(check)s. It asks less."
                )
            words = valued(check_words(left or right))
            sentence = say(template, id=named(after.id), check=words)
            was, is_now = left and check_words(left), right and check_words(right)
            kind = came_or_went(left is None)
            yield Change(kind, RULES, after.id, "check", was, is_now, "meaning", sentence=sentence)
        else:
            yield from _check(after.id, left, right)
    counts = len(before.checks), len(after.checks)
    if not old and not new and counts[0] != counts[1]:
        sentence = say(
            "The safety rule %(id)s says the same a different number of times.", id=named(after.id)
        )
        yield Change("changed", RULES, after.id, "checks", *counts, "wording", sentence=sentence)


def _check(identifier: str, before: Check, after: Check) -> Iterator[Change]:
    for one in fields(Check):
        left, right = getattr(before, one.name), getattr(after, one.name)
        if left == right:
            continue
        shown = _entry_words(left), _entry_words(right)
        less = _asks_less(one.name, left, right)
        text = mark("In the safety rule %(id)s, %(entry)s is %(after)s instead of %(before)s.")
        if less:
            text = mark(
                "In the safety rule %(id)s, %(entry)s is %(after)s instead of %(before)s; it asks "
                "less."
            )
        sentence = say(
            text,
            id=named(identifier),
            entry=valued(one.name.replace("_", " ")),
            before=valued(shown[0]),
            after=valued(shown[1]),
        )
        yield Change(
            "changed", RULES, identifier, "check", *shown, "meaning", one.name, sentence=sentence
        )


def _asks_less(entry: str, before: Any, after: Any) -> bool:
    """Say where it is certain that the rule asks less: a new exception, a need that went."""
    if entry in LOOSENS:
        return not before and bool(after)
    if entry == "needs":
        return len(after) < len(before) and all(group in before for group in after)
    return entry == "at" and len(after) < len(before) and all(one in before for one in after)


def check_words(check: Check | None) -> str:
    """Return a check in words, entry by entry."""
    if check is None:
        return ""
    parts = ((one.name, getattr(check, one.name)) for one in fields(Check))
    listed = ((name.replace("_", " "), _entry_words(value)) for name, value in parts if value)
    return series(
        Told("%(name)s %(words)s", {"name": name, "words": words}) for name, words in listed
    )


def _entry_words(value: Any) -> str:
    if isinstance(value, Expression):
        return describe(value.tree)
    if isinstance(value, Moment):
        return _moment(value)
    if isinstance(value, tuple):
        together = any(isinstance(one, tuple) for one in value)
        text = mark("%(one)s and %(other)s") if together else mark("%(one)s or %(other)s")
        words = [_entry_words(one) for one in value]
        if not words:
            return ""
        return reduce(lambda one, other: told(text, one=one, other=other), words)
    return "" if value is None else str(value)


def _moment(moment: Moment) -> str:
    parts = series(
        f"{one.name.replace('_', ' ')} {getattr(moment, one.name)}"
        for one in fields(Moment)
        if one.name != "when" and getattr(moment, one.name)
    )
    if moment.when is None:
        return Told("(%(parts)s)", {"parts": parts})
    condition = describe(moment.when.tree)
    if not parts:
        return told("(when %(condition)s)", condition=condition)
    return told("(%(parts)s when %(condition)s)", parts=parts, condition=condition)
