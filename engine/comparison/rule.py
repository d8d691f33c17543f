"""Compares the safety rules of both sides: what is demanded no longer, newly, or otherwise."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from engine.comparison.change import Change, Weight, came_or_went, excerpts, named, say, valued
from engine.comparison.phrase import joined
from engine.comparison.side import Side
from engine.expression import Expression, describe
from engine.inheritance import RULES
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
    template, rule = "The safety rule {id} is gone: {sentence}", before
    if before is None:
        template, rule = "The safety rule {id} is new: {sentence}", after
    identifier, told = (rule.id, rule.sentence) if rule else ("", "")
    sentence = say(template, id=named(identifier), sentence=valued(told))
    was, is_now = before and before.sentence, after and after.sentence
    kind = came_or_went(before is None)
    return Change(kind, RULES, identifier, "", was, is_now, "meaning", sentence=sentence)


def _rule(before: Rule, after: Rule) -> Iterator[Change]:
    here = named(after.id)
    for attribute, template in (
        ("sentence", "The safety rule {id} is now worded {after}; it was {before}."),
        ("sources", "The safety rule {id} names {after} as its source instead of {before}."),
        ("weakened", "The safety rule {id} is weakened by {after} instead of {before}."),
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
            template = "The safety rule {id} also demands: {check}."
            if right is None:
                template = "The safety rule {id} no longer demands: {check}. It asks less."
            told = valued(check_words(left or right))
            sentence = say(template, id=named(after.id), check=told)
            was, is_now = left and check_words(left), right and check_words(right)
            kind = came_or_went(left is None)
            yield Change(kind, RULES, after.id, "check", was, is_now, "meaning", sentence=sentence)
        else:
            yield from _check(after.id, left, right)
    counts = len(before.checks), len(after.checks)
    if not old and not new and counts[0] != counts[1]:
        sentence = say(
            "The safety rule {id} says the same a different number of times.", id=named(after.id)
        )
        yield Change("changed", RULES, after.id, "checks", *counts, "wording", sentence=sentence)


def _check(identifier: str, before: Check, after: Check) -> Iterator[Change]:
    for one in fields(Check):
        left, right = getattr(before, one.name), getattr(after, one.name)
        if left == right:
            continue
        shown = _entry_words(left), _entry_words(right)
        less = _asks_less(one.name, left, right)
        sentence = say(
            "In the safety rule {id}, {entry} is {after} instead of {before}{less}.",
            id=named(identifier),
            entry=valued(one.name.replace("_", " ")),
            before=valued(shown[0]),
            after=valued(shown[1]),
            less="; it asks less" if less else "",
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
    told = ((name.replace("_", " "), _entry_words(value)) for name, value in parts if value)
    return ", ".join(f"{name} {words}" for name, words in told)


def _entry_words(value: Any) -> str:
    if isinstance(value, Expression):
        return describe(value.tree)
    if isinstance(value, Moment):
        return _moment(value)
    if isinstance(value, tuple):
        groups = any(isinstance(one, tuple) for one in value)
        return (" and " if groups else " or ").join(_entry_words(one) for one in value)
    return "" if value is None else str(value)


def _moment(moment: Moment) -> str:
    parts = [
        f"{one.name.replace('_', ' ')} {getattr(moment, one.name)}"
        for one in fields(Moment)
        if one.name != "when" and getattr(moment, one.name)
    ]
    when = f" when {describe(moment.when.tree)}" if moment.when is not None else ""
    return f"({', '.join(parts)}{when})"
