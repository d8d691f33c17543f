"""Compares two profiles, entry by entry as they are written, with the base's entries underneath."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.comparison.change import (
    Change,
    Kind,
    Sentence,
    Weight,
    excerpts,
    named,
    say,
    valued,
)
from engine.comparison.phrase import plain
from engine.comparison.side import Side
from engine.inheritance import PROFILE
from engine.language import mark
from engine.language.telling import Part

Path = tuple[str, ...]
READ_BY_PEOPLE: Final = frozenset({"name", "source", "explain"})
TEXTS: Final = frozenset(
    {"strategy", "goal", "definition", "where_to_report", "disclosure_nothing", "name"}
)
"""Entries of [profile] that pages show as they are."""


def compare_profiles(old: Side, new: Side) -> Iterator[Change]:
    """Yield every entry of the profile that came, went or is another."""
    before, after = _leaves(old.profile_tables), _leaves(new.profile_tables)
    for path in [*before, *(path for path in after if path not in before)]:
        values = before.get(path), after.get(path)
        if repr(values[0]) != repr(values[1]):
            yield _entry(path, values, _kind(path in before, path in after))


def _kind(before: bool, after: bool) -> Kind:
    if before and after:
        return "changed"
    return "removed" if before else "added"


def _entry(path: Path, values: tuple[Any, Any], kind: Kind) -> Change:
    shown = excerpts(plain(values[0]), plain(values[1]))
    pieces: dict[str, Part | Sentence | str] = {
        "name": named(path[1] if len(path) > 1 else path[0]),
        "group": path[0].replace("_", " "),
        "entry": valued(" ".join(path[2:])),
        "before": valued(shown[0]),
        "after": valued(shown[1]),
    }
    return Change(
        kind,
        PROFILE,
        ".".join(path[:2]),
        ".".join(path[2:]),
        *values,
        _weight(path, kind),
        sentence=say(_template(path, kind), **pieces),
    )


def _template(path: Path, kind: Kind) -> str:
    """Return the sentence for an entry of a group: [values], [roles], a code list, [profile]."""
    group, entry = path[0], path[2:]
    if group == "values" and entry == ("value",):
        return {
            "added": mark("The profile's value %(name)s is new: %(after)s."),
            "removed": mark("The profile's value %(name)s is gone; it was %(before)s."),
            "changed": mark("The profile's value %(name)s is %(after)s instead of %(before)s."),
        }[kind]
    if group == "roles" and entry == ("scope",) and kind != "changed":
        if kind == "added":
            return mark("The role %(name)s is new.")
        return mark("The role %(name)s is gone.")
    if entry:
        return mark(
            "In the %(group)s of the profile, %(name)s has the %(entry)s %(after)s instead of "
            "%(before)s."
        )
    return {
        "added": mark("In the %(group)s of the profile, %(name)s is new: %(after)s."),
        "removed": mark("In the %(group)s of the profile, %(name)s is gone; it was %(before)s."),
        "changed": mark(
            "In the %(group)s of the profile, %(name)s is %(after)s instead of %(before)s."
        ),
    }[kind]


def _weight(path: Path, kind: Kind) -> Weight:
    group, last = path[0], path[-1]
    if group == "profile":
        return "wording" if last in TEXTS else "meaning"
    if len(path) > 2:  # noqa: PLR2004 - an entry below a code
        return "wording" if last in READ_BY_PEOPLE else "meaning"
    in_list = group not in ("values", "roles") and kind == "changed"
    return "wording" if in_list else "meaning"


def _leaves(tables: Mapping[str, Any], above: Path = ()) -> dict[Path, Any]:
    leaves: dict[Path, Any] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping) and value and len(above) < 2:  # noqa: PLR2004 - group, code
            leaves |= _leaves(value, (*above, str(key)))
        else:
            leaves[(*above, str(key))] = value
    return leaves
