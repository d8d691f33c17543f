"""Judges one expression of a drawing, a form or a table while somebody types it."""

from collections.abc import Callable
from datetime import date
from typing import Final

from engine.calendar import is_duration, parse_duration, parse_instant
from engine.errors import CasetableError, ExpressionError, InputError
from engine.expression import compile_assignments, compile_expression, compile_unary_tests
from engine.expression.tree import Name, Node, Path, walk
from engine.language import gettext
from engine.language.moment import figure
from engine.profile import Profile

LONGEST: Final = 5_000


def judged(kind: str, source: str, profile: Profile) -> str:
    """Return what is wrong with an expression, in a sentence; empty when nothing is.

    Raise InputError for a kind that no field of an editor has.
    """
    if kind not in _KINDS:
        raise InputError(gettext("An expression is one of: %(kinds)s.", kinds=", ".join(_KINDS)))
    if len(source) > LONGEST:
        return gettext(
            "Longer than %(most)s characters; move a part of it into a table.", most=figure(LONGEST)
        )
    try:
        _KINDS[kind](source.strip(), profile)
    except (ExpressionError, InputError) as error:
        return str(error)
    return ""


def _expression(source: str, profile: Profile) -> None:
    if source.startswith("="):
        raise InputError(gettext("No = is needed here; remove it."))
    _values_known(compile_expression(source).tree, profile)


def _script(source: str, profile: Profile) -> None:
    for line in compile_assignments(source).lines:
        _values_known(line.expression.tree, profile)


def _due(source: str, profile: Profile) -> None:
    """Read a due date: a duration, or an expression that says so by its first sign."""
    if source.startswith("="):
        _expression(source[1:].strip(), profile)
    elif not is_duration(source):
        raise InputError(gettext("Write P7D, PT12H or P3M, or an expression that begins with =."))
    else:
        parse_duration(source)


def _duration(source: str, profile: Profile) -> None:
    """Read the rule of a timer, where a variable or an expression may stand as it is."""
    if is_duration(source):
        parse_duration(source)
    else:
        mend = gettext("Write a duration such as P14D, or a variable that holds one.")
        _timer(source, profile, mend)


def _date(source: str, profile: Profile) -> None:
    try:
        parse_instant(source, profile.zone)
    except CasetableError:
        mend = gettext("Write a date such as 2026-05-31, or a variable that holds one.")
        _timer(source, profile, mend)


def _timer(source: str, profile: Profile, mend: str) -> None:
    try:
        _values_known(compile_expression(source.removeprefix("=").strip()).tree, profile)
    except ExpressionError as error:
        raise InputError(f"{mend} {error}") from error


def _values_known(tree: Node, profile: Profile) -> None:
    """Refuse a value that the profile does not have, wherever in an expression it stands."""
    for node in walk(tree):
        if not isinstance(node, Path) or not isinstance(node.target, Name):
            continue
        if node.target.name == "profile" and node.name not in profile.values:
            raise InputError(
                gettext(
                    "The profile has no value %(name)s; correct the name or add it to "
                    "profile.toml.",
                    name=node.name,
                )
            )


# -- what forms write ------------------------------------------------------------------------


def _formula(source: str, profile: Profile) -> None:
    """Read what a form computes; without its first sign the page would not."""
    if not source.startswith("="):
        raise InputError(gettext("Begin the expression with =."))
    _expression(source[1:].strip(), profile)


def _day(source: str, profile: Profile) -> None:
    """Read the limit of a date field."""
    if source.startswith("="):
        _formula(source, profile)
        return
    try:
        date.fromisoformat(source)
    except ValueError as error:
        raise InputError(
            gettext("Write a date such as 2026-05-31, or an expression such as =today().")
        ) from error


def _plain(source: str, _profile: Profile) -> None:
    """Refuse an expression where the page shows what is written, letter by letter."""
    if source.startswith("=") or "{{" in source:
        raise InputError(
            gettext(
                "This is shown as it is written; remove the expression, "
                "or use an expression field for a computed value."
            )
        )


# -- what decision tables write --------------------------------------------------------------


def _tests(source: str, profile: Profile) -> None:
    """Read a cell of an input column; an empty one matches anything."""
    _values_known(compile_unary_tests(source or "-").tree, profile)


_KINDS: Final[dict[str, Callable[[str, Profile], None]]] = {
    "expression": _expression,
    "condition": _expression,
    "script": _script,
    "due": _due,
    "duration": _duration,
    "date": _date,
    "formula": _formula,
    "day": _day,
    "plain": _plain,
    "tests": _tests,
}
