"""The texts of a profile and of rules that people see, to collect them and to show them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.profile import Profile, Value, read_tables

Found = tuple[str, str, str]
Say = Callable[[str], str]
HEAD = "profile"
CODES = frozenset(
    {"code", "language", "languages", "time_zone", "inherits", "definition_version"}
    | {"emergency_number"}
)
"""Entries of [profile] that are no words."""
SHOWN = {
    "roles": ("name", "explain"),
    "files": ("name", "explain"),
    "structure": ("value", "explain", "confirm"),
    "values": ("explain", "confirm"),
    "glossary": ("term", "text"),
    "selfcheck": ("reason",),
}
"""What pages show of the entries of a table; where a value comes from is cited as it stands."""
NO_WORDS = frozenset({"terms", "scenarios"})
"""Terms are words of one language already; what is said of stories is read by whoever tests."""


def texts_of_profile(content: bytes, path: str) -> Iterator[Found]:
    """Yield text, entry and kind of all words of a profile; raise InputError for no TOML."""
    tables = read_tables(content, path)
    lists = (name for name in tables if name not in {HEAD, *SHOWN, *NO_WORDS})
    order = [HEAD, "roles", "files", *lists]
    order += ["glossary", "structure", "values", "selfcheck"]
    for name in order:
        section = tables.get(name)
        if isinstance(section, Mapping):
            yield from _of_section(name, section)


def _of_section(name: str, section: Mapping[str, Any]) -> Iterator[Found]:
    if name == HEAD:
        for key, text in section.items():
            if isinstance(text, str) and key not in CODES:
                yield text, key, "text of the profile"
        return
    for code, entry in section.items():
        place = f"{name}.{code}"
        if isinstance(entry, str) and name not in SHOWN:
            yield entry, place, "entry of a list"
        elif isinstance(entry, Mapping):
            for key in SHOWN.get(name, ("name",)):
                if isinstance(entry.get(key), str):
                    yield entry[key], place, f"{key} in [{name}]"


def texts_of_rules(content: bytes, path: str) -> Iterator[Found]:
    """Yield the sentence of each rule; raise InputError for no TOML."""
    rules = read_tables(content, path).get("rule")
    for rule in rules if isinstance(rules, list) else []:
        if isinstance(rule, Mapping) and isinstance(rule.get("sentence"), str):
            yield rule["sentence"], str(rule.get("id", "")), "safety rule"


def spoken_profile(profile: Profile, say: Say) -> Profile:
    """Return the profile with every text said by `say`; codes and values are the same."""
    return replace(
        profile,
        name=say(profile.name),
        texts={key: text if key in CODES else say(text) for key, text in profile.texts.items()},
        roles={
            code: replace(role, name=say(role.name), explain=say(role.explain))
            for code, role in profile.roles.items()
        },
        files={
            code: replace(one, name=say(one.name), explain=say(one.explain))
            for code, one in profile.files.items()
        },
        parameters={name: _value(value, say) for name, value in profile.parameters.items()},
        disciplines=_list(profile.disciplines, say),
        lists={name: _list(entries, say) for name, entries in profile.lists.items()},
        structure={
            code: replace(
                one, value=say(one.value), explain=say(one.explain), confirm=say(one.confirm)
            )
            for code, one in profile.structure.items()
        },
        selfcheck={
            code: replace(one, reason=say(one.reason)) for code, one in profile.selfcheck.items()
        },
        glossary={
            code: replace(one, term=say(one.term), text=say(one.text))
            for code, one in profile.glossary.items()
        },
    )


def _value(value: Value, say: Say) -> Value:
    return replace(value, explain=say(value.explain), confirm=say(value.confirm))


def _list(entries: Mapping[str, str], say: Say) -> dict[str, str]:
    return {code: say(name) for code, name in entries.items()}
