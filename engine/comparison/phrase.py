"""Says values of process files in words: durations, conditions, yes and no, lists."""

from collections.abc import Iterable
from typing import Any

from engine.calendar import is_duration, parse_duration
from engine.comparison.side import Side
from engine.errors import ExpressionError, InputError
from engine.expression import compile_assignments, compile_expression, describe, tree
from engine.language.telling import Told, counted, series, told


def duration(text: str) -> str:
    """Return an ISO 8601 duration in words, `7 days` for P7D; other text as it is."""
    try:
        found = parse_duration(text) if is_duration(text) else None
    except InputError:
        found = None
    if found is None:
        return text
    amounts = (
        (found.years, counted("%(count)s year", "%(count)s years", found.years)),
        (found.months, counted("%(count)s month", "%(count)s months", found.months)),
        (found.weeks, counted("%(count)s week", "%(count)s weeks", found.weeks)),
        (found.days, counted("%(count)s day", "%(count)s days", found.days)),
        (found.hours, counted("%(count)s hour", "%(count)s hours", found.hours)),
        (found.minutes, counted("%(count)s minute", "%(count)s minutes", found.minutes)),
        (found.seconds, counted("%(count)s second", "%(count)s seconds", found.seconds)),
    )
    return joined(words for amount, words in amounts if amount) or told("no time")


def joined(parts: Iterable[str]) -> str:
    """Return `a, b and c`."""
    listed = list(parts)
    if len(listed) > 1:
        return told("%(one)s and %(other)s", one=series(listed[:-1]), other=listed[-1])
    return listed[0] if listed else ""


def plain(value: Any) -> str:
    """Return a value in words: yes and no for booleans, durations and lists spelled out."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return told("yes") if value else told("no")
    if isinstance(value, str):
        return duration(value)
    if isinstance(value, list | tuple | set | frozenset):
        return joined(plain(one) for one in value)
    if isinstance(value, dict):
        return joined(
            Told("%(name)s: %(value)s", {"name": str(name), "value": plain(one)})
            for name, one in value.items()
        )
    return str(value)


def expression(text: str, side: Side) -> str:
    """Return a FEEL expression or a duration in words; what is neither, as it is written."""
    if is_duration(text):
        return duration(text)
    try:
        node = compile_expression(text).tree
    except ExpressionError:
        return text
    return expressed(node, side)


def expressed(node: tree.Node, side: Side) -> str:
    """Return a parsed expression in words; of a value of the profile also what it is."""
    if isinstance(node, tree.Literal) and isinstance(node.value, str):
        return duration(node.value)
    if isinstance(node, tree.Path) and node.target == tree.Name("profile"):
        found = plain(side.value(node.name))
        if found:
            return told("the profile's %(name)s, %(value)s", name=node.name, value=found)
        return told("the profile's %(name)s", name=node.name)
    return describe(node)


def setting(text: str, side: Side) -> str:
    """Return a setting that is a duration, or an expression where it begins with `=`."""
    stripped = text.strip()
    return expression(stripped[1:], side) if stripped.startswith("=") else duration(stripped)


def script(text: str) -> str:
    """Return a script in words: `name becomes value`, one after the other."""
    try:
        lines = compile_assignments(text).lines
    except ExpressionError:
        return text
    return series(
        (
            told("%(name)s becomes %(value)s", name=one.target, value=describe(one.expression.tree))
            for one in lines
        ),
        "; ",
    )


def condition(text: str | None) -> str:
    """Return a condition in words."""
    if text is None:
        return told("no condition")
    try:
        return describe(compile_expression(text).tree)
    except ExpressionError:
        return text


def same_expression(before: str, after: str) -> bool:
    """Say whether two texts are the same expression, written with other spaces or brackets."""
    try:
        return compile_expression(before).tree == compile_expression(after).tree
    except ExpressionError:
        return False
