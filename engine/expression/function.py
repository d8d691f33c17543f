"""Holds the fixed list of functions that expressions may call; nothing else can be called.

Every function gives what the editors' own implementation (npm's feelin) gives, or refuses.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from engine.expression import value as values
from engine.expression.comparison import Budget, equal
from engine.expression.value import ValueRefusedError, YearsMonths, kind, kind_words, number, write
from engine.language.telling import told

MANY: Final = 600


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how it is written, how many arguments it takes, and what it gives.

    `takes` are the kinds of its arguments ("any" for all), the last one repeated; `gives` the kind
    of its result. `run` gets the budget and the arguments; with `strict` a null argument gives null
    before `run` is called.
    """

    usage: str
    least: int
    most: int
    takes: tuple[str, ...]
    gives: str
    run: Callable[..., Any]
    strict: bool = True

    def call(self, budget: Budget, arguments: list[Any]) -> Any:
        """Return the result; raise ValueRefusedError for arguments of another kind."""
        if self.strict and any(argument is None for argument in arguments):
            return None
        for position, argument in enumerate(arguments):
            wanted = self.takes[min(position, len(self.takes) - 1)]
            found = kind(argument)
            if wanted not in ("any", found) and not (found == "null" and not self.strict):
                raise ValueRefusedError(
                    told(
                        "%(usage)s needs a %(wanted)s, not a %(found)s",
                        usage=self.usage,
                        wanted=kind_words(wanted),
                        found=kind_words(found),
                    )
                )
        return self.run(budget, *arguments)


def _listed(arguments: tuple[Any, ...]) -> list[Any]:
    """Return the one list that was given, or the arguments as a list."""
    if len(arguments) == 1 and isinstance(arguments[0], list | tuple):
        return list(arguments[0])
    return list(arguments)


def _numbers(arguments: tuple[Any, ...]) -> list[int | float] | None:
    """Return the numbers given; None when one is null or there is none."""
    found = _listed(arguments)
    if not found or any(item is None for item in found):
        return None
    if any(kind(item) != "number" for item in found):
        raise ValueRefusedError(told("min, max, sum and mean need numbers only"))
    return [number(item) for item in found]


def _fold(fold: Callable[[list[int | float]], float]) -> Callable[..., int | float | None]:
    def run(budget: Budget, *arguments: Any) -> int | float | None:
        found = _numbers(arguments)
        budget.spend(len(found or ()))
        return None if found is None else number(fold(found))

    return run


def _total(found: list[int | float]) -> int | float:
    total = found[0]
    for item in found[1:]:
        total = number(total + item)
    return total


def _all(budget: Budget, *arguments: Any) -> bool | None:
    found = _listed(arguments)
    budget.spend(len(found))
    if any(item is False for item in found):
        return False
    return True if all(item is True for item in found) else None


def _any(budget: Budget, *arguments: Any) -> bool | None:
    found = _listed(arguments)
    budget.spend(len(found))
    if any(item is True for item in found):
        return True
    return False if all(item is False for item in found) else None


def _members(budget: Budget, items: Any) -> list[Any]:
    """Return the items if they are single values, which the editors compare by value too."""
    budget.spend(len(items))
    simple = ("null", "boolean", "number", "string")
    if any(kind(item) not in simple for item in items):
        raise ValueRefusedError(told("this function compares numbers, texts and booleans only"))
    return list(items)


def _list_contains(budget: Budget, items: Any, element: Any) -> bool | None:
    if items is None:
        return None
    _members(budget, [element])
    return any(equal(budget, item, element) is True for item in _members(budget, items))


def _distinct(budget: Budget, items: Any) -> list[Any]:
    found: list[Any] = []
    for item in _members(budget, items):
        if not any(equal(budget, item, known) is True for known in found):
            found.append(item)
    return found


def _index_of(budget: Budget, items: Any, element: Any) -> list[int] | None:
    if items is None:
        return None
    _members(budget, [element])
    return [
        position
        for position, item in enumerate(_members(budget, items), start=1)
        if equal(budget, item, element) is True
    ]


def _append(budget: Budget, items: Any, *more: Any) -> list[Any] | None:
    if items is None:
        return None
    budget.spend(len(items))
    return [*items, *more]


def _concatenate(budget: Budget, *lists: Any) -> list[Any]:
    if any(items is None for items in lists):
        raise ValueRefusedError(told("concatenate needs lists only; one of them is null"))
    budget.spend(sum(map(len, lists)))
    return [item for items in lists for item in items]


def _reverse(budget: Budget, items: Any) -> list[Any]:
    budget.spend(len(items))
    return list(items)[::-1]


def _string_join(budget: Budget, items: Any, delimiter: str | None = None) -> str | None:
    if items is None:
        return None
    separator = delimiter or ""
    budget.spend(len(items))
    if any(item is not None and not isinstance(item, str) for item in items):
        raise ValueRefusedError(told("string join needs a list of texts"))
    found = [item for item in items if item is not None]
    length = sum(map(len, found)) + len(separator) * len(found)
    if length > values.MAX_TEXT:
        raise ValueRefusedError(
            told("a text became longer than %(most)s characters", most=values.MAX_TEXT)
        )
    return separator.join(found)


def _substring(_: Budget, source: str | None, start: float | None, *rest: float) -> str | None:
    if source is None or start is None:
        return None
    begin = _whole(start)
    if begin == 0 or abs(begin) > len(source) + 1:
        raise ValueRefusedError(told("substring counts characters from 1, or from -1 at the end"))
    if begin < 0 and (-begin > len(source) or not _plane(source)):
        raise ValueRefusedError(told("substring cannot count these characters from the end"))
    first = begin - 1 if begin > 0 else len(source) + begin
    if not rest:
        return source[first:]
    if rest[0] is None or _whole(rest[0]) < 0:
        raise ValueRefusedError(told("substring needs a length of 0 or more"))
    return source[first : first + _whole(rest[0])]


def _plane(source: str) -> bool:
    """Tell whether the editors count the same number of characters as we do."""
    return all(ord(character) <= 0xFFFF for character in source)  # noqa: PLR2004 - UTF-16


def _whole(value: float) -> int:
    found = number(value)
    if not isinstance(found, int):
        raise ValueRefusedError(told("a whole number is needed"))
    return found


def _before(_: Budget, source: str, match: str) -> str:
    return source.partition(match)[0] if match and match in source else ""


def _after(_: Budget, source: str, match: str) -> str:
    return source.partition(match)[2] if match else source


def _scaled(rounding: Callable[[float], float]) -> Callable[..., int | float]:
    """Return a rounding to `scale` decimals, computed in the same steps as in the editors."""

    def run(_: Budget, value: float, scale: float = 0) -> int | float:
        digits = _whole(scale)
        if abs(digits) > 10:  # noqa: PLR2004 - beyond, doubles hold no digits to round
            raise ValueRefusedError(told("round to at most 10 decimals"))
        factor = math.pow(10, digits)
        return number(rounding(number(value) * factor) / factor)

    return run


def _nearest(value: float) -> float:
    """Round to the nearest whole number, halves upwards, as JavaScript does."""
    below = math.floor(value)
    return below + 1 if value - below >= 0.5 else below  # noqa: PLR2004


def _half(away: bool) -> Callable[[float], float]:
    def rounding(value: float) -> float:
        if abs(math.fmod(value, 1)) != 0.5:  # noqa: PLR2004
            return _nearest(value)
        return math.ceil(value) if (value > 0) == away else math.floor(value)

    return rounding


def _up(value: float) -> float:
    return math.ceil(value) if value > 0 else math.floor(value)


def _down(value: float) -> float:
    return math.floor(value) if value > 0 else math.ceil(value)


def _modulo(_: Budget, dividend: float, divisor: float) -> int | float | None:
    if not divisor:
        return None
    rest = math.fmod(math.fmod(dividend, divisor) + divisor, divisor)
    return number(_nearest(rest * 1e9) / 1e9)


def _abs(_: Budget, value: Any) -> Any:
    if isinstance(value, timedelta):
        return abs(value)
    if isinstance(value, YearsMonths):
        return YearsMonths(abs(value.months))
    if kind(value) != "number":
        raise ValueRefusedError(told("abs needs a number or a duration"))
    return abs(number(value))


def _number(_: Budget, source: str) -> int | float:
    body = source.removeprefix("-")
    whole, point, decimals = body.partition(".")
    if len(body) > 20 or not _digits(whole) or (point and not _digits(decimals)):  # noqa: PLR2004
        raise ValueRefusedError(told("number needs a text like 12 or -3.5"))
    return number(float(source) if point else int(source))


def _digits(source: str) -> bool:
    return source.isascii() and source.isdigit()


def _date(_: Budget, *arguments: Any) -> date:
    if len(arguments) == 1:
        match arguments[0]:
            case datetime() as instant:
                return instant.date()
            case date() as day:
                return day
            case str() as source:
                return values.parse_date(source)
    try:
        year, month, day_of_month = map(_whole, arguments)
        return date(year, month, day_of_month)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueRefusedError(told("this is not a date; write date(2026, 1, 31)")) from error


def _time(_: Budget, *arguments: Any) -> time:
    if len(arguments) == 1:
        match arguments[0]:
            case datetime(tzinfo=None) as instant:
                return instant.time()
            case time() as clock:
                return clock
            case str() as source:
                return values.parse_time(source)
    try:
        hour, minute, second = map(_whole, arguments)
        return time(hour, minute, second)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueRefusedError(told("this is not a time; write time(14, 30, 0)")) from error


def _date_and_time(_: Budget, *arguments: Any) -> datetime:
    match arguments:
        case (str() as source,):
            return values.parse_date_time(source)
        case (date() as day, time() as clock):
            return datetime.combine(day, clock)
    raise ValueRefusedError(told("date and time needs a text, or a date and a time"))


def _duration(_: Budget, source: str) -> YearsMonths | timedelta:
    return values.parse_duration(source)


def _years_and_months(_: Budget, start: date, end: date) -> YearsMonths:
    if isinstance(start, datetime) or isinstance(end, datetime) or start.day != end.day:
        raise ValueRefusedError(
            told("years and months duration needs two dates on the same day of the month")
        )
    return YearsMonths((end.year - start.year) * 12 + end.month - start.month)


def _not(_: Budget, value: bool) -> bool:
    return not value


def _defined(_: Budget, value: Any) -> bool:
    return value is not None


def _get_value(_: Budget, context: Mapping[str, Any], key: str) -> Any:
    return context.get(key)


def _get_entries(budget: Budget, context: Mapping[str, Any]) -> list[dict[str, Any]]:
    budget.spend(2 * len(context))
    return [{"key": key, "value": entry} for key, entry in context.items()]


def _string(_: Budget, value: Any) -> str:
    return write(value)


_ONE_NUMBER = ("number",)
_TEXT = ("string",)

FUNCTIONS: Final[Mapping[str, Function]] = {
    "count": Function("count(list)", 1, 1, ("list",), "number", lambda _, items: len(items)),
    "min": Function("min(list)", 1, MANY, ("any",), "number", _fold(min)),
    "max": Function("max(list)", 1, MANY, ("any",), "number", _fold(max)),
    "sum": Function("sum(list)", 1, MANY, ("any",), "number", _fold(_total)),
    "mean": Function(
        "mean(list)", 1, MANY, ("any",), "number", _fold(lambda items: _total(items) / len(items))
    ),
    "all": Function("all(list)", 1, MANY, ("any",), "boolean", _all, strict=False),
    "any": Function("any(list)", 1, MANY, ("any",), "boolean", _any, strict=False),
    "list contains": Function(
        "list contains(list, element)", 2, 2, ("list", "any"), "boolean", _list_contains, False
    ),
    "append": Function("append(list, item)", 2, MANY, ("list", "any"), "list", _append, False),
    "concatenate": Function(
        "concatenate(list, list)", 1, MANY, ("list",), "list", _concatenate, False
    ),
    "reverse": Function("reverse(list)", 1, 1, ("list",), "list", _reverse),
    "distinct values": Function("distinct values(list)", 1, 1, ("list",), "list", _distinct),
    "index of": Function(
        "index of(list, element)", 2, 2, ("list", "any"), "list", _index_of, False
    ),
    "string join": Function(
        "string join(list, delimiter)", 1, 2, ("list", "string"), "string", _string_join, False
    ),
    "contains": Function(
        "contains(text, part)", 2, 2, _TEXT, "boolean", lambda _, source, part: part in source
    ),
    "starts with": Function(
        "starts with(text, part)",
        2,
        2,
        _TEXT,
        "boolean",
        lambda _, source, part: source.startswith(part),
    ),
    "ends with": Function(
        "ends with(text, part)",
        2,
        2,
        _TEXT,
        "boolean",
        lambda _, source, part: source.endswith(part),
    ),
    "string length": Function(
        "string length(text)", 1, 1, _TEXT, "number", lambda _, source: len(source)
    ),
    "upper case": Function(
        "upper case(text)", 1, 1, _TEXT, "string", lambda _, source: source.upper()
    ),
    "lower case": Function(
        "lower case(text)", 1, 1, _TEXT, "string", lambda _, source: source.lower()
    ),
    "substring": Function(
        "substring(text, start, length)", 2, 3, ("string", "number"), "string", _substring, False
    ),
    "substring before": Function("substring before(text, part)", 2, 2, _TEXT, "string", _before),
    "substring after": Function("substring after(text, part)", 2, 2, _TEXT, "string", _after),
    "string": Function("string(value)", 1, 1, ("any",), "string", _string),
    "number": Function("number(text)", 1, 1, _TEXT, "number", _number),
    "abs": Function("abs(number)", 1, 1, ("any",), "number", _abs),
    "floor": Function("floor(number, scale)", 1, 2, _ONE_NUMBER, "number", _scaled(math.floor)),
    "ceiling": Function("ceiling(number, scale)", 1, 2, _ONE_NUMBER, "number", _scaled(math.ceil)),
    "round up": Function("round up(number, scale)", 2, 2, _ONE_NUMBER, "number", _scaled(_up)),
    "round down": Function(
        "round down(number, scale)", 2, 2, _ONE_NUMBER, "number", _scaled(_down)
    ),
    "round half up": Function(
        "round half up(number, scale)", 2, 2, _ONE_NUMBER, "number", _scaled(_half(away=True))
    ),
    "round half down": Function(
        "round half down(number, scale)", 2, 2, _ONE_NUMBER, "number", _scaled(_half(away=False))
    ),
    "modulo": Function("modulo(dividend, divisor)", 2, 2, _ONE_NUMBER, "number", _modulo),
    "date": Function("date(text) or date(year, month, day)", 1, 3, ("any",), "date", _date),
    "time": Function("time(text) or time(hour, minute, second)", 1, 3, ("any",), "time", _time),
    "date and time": Function(
        "date and time(text) or date and time(date, time)",
        1,
        2,
        ("any",),
        "date and time",
        _date_and_time,
    ),
    "duration": Function("duration(text)", 1, 1, _TEXT, "duration", _duration),
    "years and months duration": Function(
        "years and months duration(date, date)", 2, 2, ("date",), "duration", _years_and_months
    ),
    "not": Function("not(condition)", 1, 1, ("boolean",), "boolean", _not),
    "is defined": Function("is defined(value)", 1, 1, ("any",), "boolean", _defined, strict=False),
    "get value": Function(
        "get value(context, key)", 2, 2, ("context", "string"), "any", _get_value
    ),
    "get entries": Function("get entries(context)", 1, 1, ("context",), "list", _get_entries),
    # The evaluation answers these two itself, from the instant and the zone it was given.
    "today": Function("today()", 0, 0, ("any",), "date", lambda _: None),
    "now": Function("now()", 0, 0, ("any",), "date and time", lambda _: None),
}
