"""Checks timer rules: an ISO duration or date, or a FEEL expression, and never zero."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from engine.calendar import is_duration, parse_duration, parse_instant
from engine.check.context import CheckContext
from engine.check.finding import Finding, error
from engine.check.folder import Folder
from engine.drawing import Drawing, Element, Event
from engine.errors import CasetableError, ExpressionError, InputError
from engine.expression import Expression, compile_expression
from engine.expression.constant import constant
from engine.expression.tree import Name
from engine.language import mark
from engine.language.telling import message_of, told

_UTC = ZoneInfo("UTC")
_WHERE = {
    "timeDuration": mark("write a duration such as P3M or P14D, or an expression that gives one"),
    "timeDate": mark("write a date such as 2026-05-31, or an expression that gives one"),
}


def check_timers(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every timer has a rule that can be read, and that lies ahead."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            for event in element.events:
                if event.kind == "timer" and event.rule_kind != "timeCycle":
                    yield from _rule(drawing, element, event)


def _rule(drawing: Drawing, element: Element, event: Event) -> Iterator[Finding]:
    mend = _WHERE.get(event.rule_kind, _WHERE["timeDuration"])
    if not event.rule:
        yield error(
            drawing,
            element,
            "no_timer_rule",
            told("has a timer without a rule; %(mend)s.", mend=told(mend)),
        )
        return
    rule = event.rule.strip("\"'")
    if event.rule_kind == "timeDuration" and is_duration(rule):
        yield from _duration(drawing, element, rule)
        return
    if event.rule_kind == "timeDate" and _is_instant(rule):
        return
    expression = timer_expression(event)
    if expression is None or _cannot_be_time(expression, event.rule):
        yield error(
            drawing,
            element,
            "bad_timer_rule",
            told(
                "its timer rule %(rule)s cannot be read; %(mend)s.",
                rule=repr(event.rule[:60]),
                mend=told(mend),
            ),
        )
    elif constant(expression.tree) == timedelta():
        yield _zero(drawing, element, event.rule)


def _duration(drawing: Drawing, element: Element, rule: str) -> Iterator[Finding]:
    try:
        duration = parse_duration(rule)
    except InputError as problem:
        yield error(drawing, element, "bad_timer_rule", message_of(problem))
        return
    if str(duration) == "PT0S":
        yield _zero(drawing, element, rule)


def _zero(drawing: Drawing, element: Element, rule: str) -> Finding:
    return error(
        drawing,
        element,
        "zero_timer",
        told("waits for %(rule)s, that is not at all; write how long, for example P3M.", rule=rule),
    )


def timer_expression(event: Event) -> Expression | None:
    """Return the rule as an expression, None when it is a literal or cannot be compiled."""
    if event.kind != "timer" or is_duration(event.rule) or _is_instant(event.rule):
        return None
    try:
        return compile_expression(event.rule.removeprefix("=").strip())
    except ExpressionError:
        return None


def _is_instant(text: str) -> bool:
    try:
        parse_instant(text, _UTC)
    except CasetableError:
        return False
    return True


def _cannot_be_time(expression: Expression, written: str) -> bool:
    """Return whether the rule gives no time: a number, a text, or a mistyped duration."""
    value = constant(expression.tree, missing=_OPEN)
    if value is not _OPEN:
        return value is None or isinstance(value, str | int | float | bool | list | dict)
    looks_like_duration = written[:1] == "P" and any(char.isdigit() for char in written)
    return isinstance(expression.tree, Name) and looks_like_duration


_OPEN = object()
