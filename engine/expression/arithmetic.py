"""Calculates with numbers, texts, dates and durations."""

from datetime import date, datetime, time, timedelta
from typing import Any

from engine.expression.value import (
    ValueRefusedError,
    YearsMonths,
    bounded,
    kind,
    kind_words,
    number,
    text,
)
from engine.language.telling import told


def negative(value: Any) -> Any:
    """Return the negative of a number; null of null."""
    if value is None:
        return None
    if kind(value) != "number":
        raise ValueRefusedError(
            told(
                "a %(kind)s has no negative; write `0 - x` with numbers",
                kind=kind_words(kind(value)),
            )
        )
    return number(-value)


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """Return `left operator right`; null when an operand is null or a divisor is zero."""
    if left is None or right is None:
        return None
    kinds = kind(left), kind(right)
    try:
        if kinds == ("number", "number"):
            return _calculate(operator, number(left), number(right))
        if kinds == ("string", "string") and operator == "+":
            return text(left + right)
        if operator in ("+", "-"):
            return _move(operator, left, right)
    except OverflowError as error:
        raise ValueRefusedError(told("a result is too large")) from error
    raise ValueRefusedError(
        told(
            "`%(operator)s` does not work on a %(kind)s and a %(other_kind)s",
            operator=operator,
            kind=kind_words(kinds[0]),
            other_kind=kind_words(kinds[1]),
        )
    )


def _calculate(operator: str, left: float, right: float) -> int | float | None:
    match operator:
        case "+":
            return number(left + right)
        case "-":
            return number(left - right)
        case "*":
            return number(left * right)
        case "/":
            return number(left / right) if right else None
    return _power(float(left), float(right))


def _power(base: float, exponent: float) -> int | float:
    # Floating point keeps the cost constant: `9**9**9` overflows at once.
    if (base == 0 and exponent < 0) or (base < 0 and not exponent.is_integer()):
        raise ValueRefusedError(told("a power is undefined"))
    return number(base**exponent)


def _move(operator: str, left: Any, right: Any) -> Any:
    """Return the sum or difference of dates and durations."""
    if isinstance(left, YearsMonths | timedelta) and operator == "+" and isinstance(right, date):
        left, right = right, left
    sign = 1 if operator == "+" else -1
    match left, right:
        case YearsMonths(), YearsMonths():
            return bounded(YearsMonths(left.months + sign * right.months))
        case timedelta(), timedelta():
            return bounded(left + sign * right)
        case date(), YearsMonths():
            return add_months(left, sign * right.months)
        case datetime(), timedelta():
            return left + sign * right
        case date(), timedelta() if not right.seconds:
            return left + sign * right
        case date(), date() if operator == "-":
            return _difference(left, right)
    raise ValueRefusedError(
        told(
            "`%(operator)s` does not work on a %(kind)s and a %(other_kind)s",
            operator=operator,
            kind=kind_words(kind(left)),
            other_kind=kind_words(kind(right)),
        )
    )


def _difference(left: date, right: date) -> timedelta:
    if isinstance(left, datetime) and isinstance(right, datetime):
        if left.utcoffset() == right.utcoffset():
            return left.replace(tzinfo=None) - right.replace(tzinfo=None)
    elif not isinstance(left, datetime) and not isinstance(right, datetime):
        return left - right
    raise ValueRefusedError(told("two dates of different kinds or zones cannot be subtracted"))


def add_months(day: date, months: int) -> date:
    """Return `day` moved by `months`, at the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 27, -1):
        try:
            return day.replace(year=year, month=month + 1, day=last)
        except ValueError:
            continue
    try:
        return day.replace(year=year, month=month + 1)
    except ValueError as error:
        raise ValueRefusedError(told("a date leaves the calendar")) from error


def component(value: Any, name: str) -> int | None:  # noqa: C901, PLR0911 - one line each
    """Return the part `name` of a date, time or duration, such as its year."""
    match name, value:
        case "year", date():
            return value.year
        case "month", date():
            return value.month
        case "day", date():
            return value.day
        case "weekday", date():
            return value.isoweekday()
        case "hour", datetime() | time():
            return value.hour
        case "minute", datetime() | time():
            return value.minute
        case "second", datetime() | time():
            return value.second
        case "years", YearsMonths(months=months):
            return _towards_zero(months, 12)
        case "months", YearsMonths(months=months):
            return months - 12 * _towards_zero(months, 12)
        case "days", timedelta():
            return _towards_zero(int(value.total_seconds()), 86_400)
    raise ValueRefusedError(
        told("a %(kind)s has no `%(name)s`", kind=kind_words(kind(value)), name=name)
    )


def _towards_zero(value: int, unit: int) -> int:
    return abs(value) // unit * (1 if value >= 0 else -1)
