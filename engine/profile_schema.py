"""Says what is wrong with the tables of a profile as somebody wrote them, entry by entry.

What cannot be read at all is refused where it is read; here each slip of the pen gets a sentence of
its own: a word that is nearly one of the known ones, a kind of value that cannot be, a duration
that is none, an own value without a source of its own.
"""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from engine.calendar import parse_duration
from engine.check.finding import Finding, error
from engine.errors import CasetableError
from engine.inheritance import PROFILE
from engine.language.telling import told
from engine.policy import PRODUCT_ROLES
from engine.profile import TABLES
from engine.structure import REQUIREMENTS, ROWS

HEAD: Final = frozenset(
    {"code", "name", "inherits", "language", "languages", "time_zone", "strategy", "goal"}
    | {"definition", "definition_version", "emergency_number", "disclosure_nothing"}
    | {"where_to_report"}
)
"""Entries of [profile]."""
KEYS: Final[Mapping[str, frozenset[str]]] = {
    "values": frozenset({"value", "source", "explain", "confirm"}),
    "roles": frozenset({"name", "scope", "explain", "emergency", "reads"}),
    "structure": frozenset({"value", "source", "explain", "by", "confirm"}),
    "selfcheck": frozenset({"status", "reason", "by", "wish"}),
    "glossary": frozenset({"term", "text", "steps"}),
    "files": frozenset(
        {"name", "explain", "roles", "opened_by", "instead", "tells", "stages"} | {"alongside"}
    ),
}
"""Entries of each kind of table."""
LISTS: Final = frozenset({"by", "steps", "reads", "stages", "alongside"})
ROLES: Final = frozenset({"files"})
"""Tables whose `roles` is a list."""
ENTRIES: Final[Mapping[str, Collection[str]]] = {"structure": ROWS, "selfcheck": REQUIREMENTS}
WORDS: Final = {bool: "true or false", int: "a number", float: "a number", list: "a list"}


def nearest(word: str, known: Collection[str]) -> str:
    """Return the half sentence that names the nearest known word, or some of them."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return told("did you mean %(close)s?", close=close[0])
    shown = sorted(known)
    more = ", ..." if len(shown) > 8 else ""  # noqa: PLR2004 - as many as one reads
    return told("use one of %(listed)s%(more)s.", listed=", ".join(shown[:8]), more=more)


def check_tables(own: Mapping[str, Any], under: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the tables of one profile; `under` is what it inherits."""
    for name, table in own.items():
        if not isinstance(table, Mapping):
            yield _wrong(name, "not_a_table", told("has to be a section [%(name)s].", name=name))
        elif name == "profile":
            yield from _head(table)
        elif name in KEYS:
            yield from _entries(name, table, _inside(under, name))
        elif name not in TABLES:
            yield from _list(name, table, under)
        elif name == "disciplines":
            yield from _taken_away(name, table, _inside(under, name))


def _wrong(place: str, code: str, message: str) -> Finding:
    return error(PROFILE, place, code, message)


def _inside(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name)
    return found if isinstance(found, Mapping) else {}


def _head(table: Mapping[str, Any]) -> Iterator[Finding]:
    for key, value in table.items():
        place = f"profile.{key}"
        if key not in HEAD:
            yield _wrong(
                place,
                "unknown_key",
                told("is no entry of [profile]; %(nearest)s", nearest=nearest(key, HEAD)),
            )
        elif key == "languages":
            if not _texts(value):
                yield _wrong(place, "wrong_type", told('is a list of languages like ["en"].'))
        elif not isinstance(value, str) or not value.strip():
            yield _wrong(place, "wrong_type", told("is a text between quotes, and not empty."))


def _list(name: str, table: Mapping[str, Any], under: Mapping[str, Any]) -> Iterator[Finding]:
    known = {*under, *TABLES}
    if name not in known and get_close_matches(name, known, n=1, cutoff=0.8):
        yield _wrong(
            name,
            "unknown_table",
            told("is no section of a profile; %(nearest)s", nearest=nearest(name, known)),
        )
        return
    yield from _taken_away(name, table, _inside(under, name))
    for code, entry in table.items():
        named = isinstance(entry, Mapping) and isinstance(entry.get("name"), str)
        if entry is not False and not named and not isinstance(entry, str):
            place = f"{name}.{code}"
            yield _wrong(place, "wrong_type", told('is a line like code = "Name".'))


def _taken_away(name: str, table: Mapping[str, Any], under: Mapping[str, Any]) -> Iterator[Finding]:
    for code, entry in table.items():
        if entry is False and code not in under:
            yield _wrong(
                f"{name}.{code}",
                "nothing_to_take_away",
                told(
                    "is taken away and was never there; %(nearest)s",
                    nearest=nearest(code, under.keys()),
                ),
            )
    left = {*under, *table} - {code for code, entry in table.items() if entry is False}
    if not left:
        yield _wrong(name, "list_emptied", told("has no entry any more; keep one at least."))


def _entries(name: str, table: Mapping[str, Any], under: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _taken_away(name, table, under)
    for code, entry in table.items():
        place = f"{name}.{code}"
        known = ENTRIES.get(name)
        if known is not None and code not in known:
            yield _wrong(
                place,
                "unknown_entry",
                told("is not known; %(nearest)s", nearest=nearest(code, known)),
            )
        elif entry is False:
            yield from _gone(name, code)
        elif not isinstance(entry, Mapping):
            yield _wrong(
                place, "not_a_table", told("has to be a section [%(place)s].", place=place)
            )
        else:
            yield from _keys(name, place, entry)
            if name == "values":
                yield from _value(code, entry, _inside(under, code))


def _gone(name: str, code: str) -> Iterator[Finding]:
    place = f"{name}.{code}"
    if name in ("values", "structure", "selfcheck"):
        yield _wrong(place, "taken_away", told("cannot be taken away; say what holds instead."))
    elif name == "roles" and code in PRODUCT_ROLES:
        yield _wrong(
            place,
            "role_taken_away",
            told("cannot be taken away, rights of the product stand on it; give it another name."),
        )


def _keys(name: str, place: str, entry: Mapping[str, Any]) -> Iterator[Finding]:
    for key, value in entry.items():
        where = f"{place}.{key}"
        if key not in KEYS[name]:
            hint = nearest(key, KEYS[name])
            yield _wrong(
                where,
                "unknown_key",
                told("is no entry of [%(name)s.*]; %(hint)s", name=name, hint=hint),
            )
        elif key in LISTS or (key == "roles" and name in ROLES):
            if not _texts(value):
                yield _wrong(where, "wrong_type", told('is a list of texts like ["one", "two"].'))
        elif key == "instead":
            if not isinstance(value, Mapping) or not _texts(list(value.values())):
                yield _wrong(where, "wrong_type", told('is a table like { desk_head = "chair" }.'))
        elif key == "emergency":
            if not isinstance(value, bool):
                yield _wrong(where, "wrong_type", told("is true or false, without quotes."))
        elif (name, key) != ("values", "value") and (
            not isinstance(value, str) or not (value.strip() or key == "confirm")
        ):
            yield _wrong(where, "wrong_type", told("is a text between quotes, and not empty."))


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _value(code: str, entry: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Finding]:
    place = f"values.{code}"
    for key in ("source", "explain"):
        if not old and not entry.get(key):
            words = 'a law, a requirement or "assumption"' if key == "source" else "in one sentence"
            yield _wrong(
                place,
                f"no_{key}",
                told("has no %(key)s; add one (%(words)s).", key=key, words=words),
            )
    if "value" not in entry:
        if not old:
            yield _wrong(place, "no_value", told("has no value; add one, or correct the name."))
        return
    value, was = entry["value"], old.get("value")
    if old and value != was and not entry.get("source"):
        yield _wrong(
            place,
            "no_source",
            told(
                "says another value than what it inherits, and no source of its "
                'own; add a law or "assumption".'
            ),
        )
    if was is not None and _kind(value) != _kind(was):
        yield _wrong(
            place,
            "wrong_type",
            told("has to be %(words)s, like %(was)s underneath.", words=_words(was), was=repr(was)),
        )
    elif isinstance(was, str) and _is_duration(was) and not _is_duration(value):
        yield _wrong(
            place,
            "not_a_duration",
            told("is a duration like P14D, P3M or PT4H, not %(value)s.", value=repr(value)),
        )


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _words(value: Any) -> str:
    if isinstance(value, str):
        return "a duration between quotes" if _is_duration(value) else "a text between quotes"
    return WORDS.get(type(value), "of the same kind")


def _is_duration(value: Any) -> bool:
    try:
        parse_duration(value)
    except (CasetableError, TypeError, ValueError):
        return False
    return True
