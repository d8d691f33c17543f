"""A national or local structure as data: roles, values, disciplines, texts (profile.toml)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import InputError
from engine.language.telling import in_the_middle, message_of, told
from engine.policy import PRODUCT_ROLES
from engine.separate_file import SeparateFile, read_separate_files
from engine.structure import (
    Arrangement,
    GlossaryEntry,
    Standing,
    read_glossary,
    read_selfcheck,
    read_structure,
    read_terms,
    texts,
)

READABLE = ("signal", "content", "actions", "summary")
"""Areas of the case file that a role of a profile's own may read (engine/reading/viewer.py)."""
NOT_DELEGATED_VALUE = "not_delegated"
"""The value that lists the roles and steps whose acts no deputy does for an absent person (P36)."""

BASE = "base"
"""The profile that lies underneath all others."""
SOURCE = "en"
"""The language in which the product, its drawings and its forms are written."""
TABLES = frozenset(
    {"profile", "values", "roles", "disciplines"}
    | {"structure", "selfcheck", "terms", "glossary", "scenarios", "files"}
)
"""The tables of a profile that have a meaning of their own; all others are code lists."""


@dataclass(frozen=True)
class Role:
    """A role of the profile; `desk` roles act on every case, `case` roles as members of one."""

    code: str
    name: str
    scope: str
    explain: str = ""
    emergency: bool = False
    """Whether holders may open a case of others in danger to life."""
    reads: tuple[str, ...] = ()
    """What a role of the profile's own reads in a case; who reported stays with the intake desk."""


@dataclass(frozen=True)
class Value:
    """One parameter with where it comes from and what it means."""

    name: str
    value: Any
    source: str
    explain: str
    confirm: str = ""
    """What the authority has to confirm before it relies on this; empty where nothing is open."""


@dataclass(frozen=True)
class Profile:
    """One resolved profile."""

    code: str
    name: str
    language: str
    zone_name: str
    texts: Mapping[str, str]
    """`goal`, `strategy`, `definition`, `where_to_report`, ..."""
    parameters: Mapping[str, Value]
    roles: Mapping[str, Role]
    disciplines: Mapping[str, str]
    lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Other code lists: `case_types`, `intake_routes`, ..."""
    inherits: str = ""
    """Code of the profile whose entries lie underneath; empty for the base."""
    languages: tuple[str, ...] = ()
    """Languages in which every text of this profile has to be there."""
    structure: Mapping[str, Arrangement] = field(default_factory=dict)
    selfcheck: Mapping[str, Standing] = field(default_factory=dict)
    terms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Words that this structure uses instead of the usual ones, by language."""
    glossary: Mapping[str, GlossaryEntry] = field(default_factory=dict)
    stories_left_out: Mapping[str, str] = field(default_factory=dict)
    """Scenarios of what lies underneath that do not apply here, each with the reason."""
    files: Mapping[str, SeparateFile] = field(default_factory=dict)
    """The files that are kept apart; empty where a case has one file."""

    @cached_property
    def values(self) -> dict[str, Any]:
        """What expressions see as `profile.<name>`."""
        return {name: parameter.value for name, parameter in self.parameters.items()}

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which days begin and end."""
        return ZoneInfo(self.zone_name)

    def with_role_words(self, usual: Mapping[str, str]) -> "Profile":
        """Return a copy in which the words for renamed roles are own words, too.

        `usual` are the names in the base. A name of one word (partner) is left: it is part of too
        many other words. What the profile says itself comes first.
        """
        words = dict(self.terms.get(SOURCE, {}))
        said = {word.lower() for word in words}
        for code, name in usual.items():
            own = self.role_name(code).partition(" (")[0]
            if " " in name and own != name and name.lower() not in said:
                words[name.lower()] = in_the_middle(own)
        return replace(self, terms={**self.terms, SOURCE: words}) if words else self

    def role_name(self, code: str) -> str:
        """Return what people here call the role."""
        return self.roles[code].name if code in self.roles else code.replace("_", " ")

    def role_in(self, file: str, drawn: str) -> str:
        """Return who does in a file what the drawings ask of a role."""
        return self.files[file].role_for(drawn) if file in self.files else drawn

    def is_handed_over(self, file: str) -> bool:
        """Say whether a file is one that another file opens, so that no report begins it."""
        return file in self.files and bool(self.files[file].opened_by)

    def with_values(self, changed: Mapping[str, Any]) -> "Profile":
        """Return a copy with some values replaced (scenarios, play)."""
        unknown = sorted(set(changed) - set(self.parameters))
        if unknown:
            raise InputError(
                told("The profile has no value called %(items)s.", items=", ".join(unknown))
            )
        merged = {
            name: replace(value, value=changed.get(name, value.value))
            for name, value in self.parameters.items()
        }
        return replace(self, parameters=merged)


def parse_profile(content: bytes, *, file: str = "profile.toml") -> Profile:
    """Read a profile; raise InputError naming the entry to mend."""
    return build_profile(read_tables(content, file), file)


def read_tables(content: bytes, file: str) -> dict[str, Any]:
    """Read a TOML file; raise InputError saying what is wrong with it."""
    try:
        return tomllib.loads(content.decode("utf-8"))
    except ValueError as error:  # also numbers of thousands of digits, and what is not UTF-8
        raise InputError(
            told("%(file)s: not readable as TOML (%(error)s).", file=file, error=message_of(error))
        ) from error
    except RecursionError as error:
        raise InputError(told("%(file)s: nested too deeply; flatten it.", file=file)) from error


def build_profile(data: Mapping[str, Any], file: str) -> Profile:
    """Build a profile from its tables; raise InputError naming the entry to mend."""
    head = _section(data, "profile", file)
    zone = str(head.get("time_zone", "UTC"))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            told(
                "%(file)s: time_zone %(zone)s is not known; use one like UTC.",
                file=file,
                zone=repr(zone),
            )
        ) from error
    language = str(head.get("language", "en"))
    return Profile(
        code=_text(head, "code", file),
        name=_text(head, "name", file),
        language=language,
        zone_name=zone,
        texts={key: value for key, value in head.items() if isinstance(value, str)},
        parameters={
            name: _value(name, entry, file)
            for name, entry in _section(data, "values", file).items()
        },
        roles={
            code: _role(code, entry, file) for code, entry in _section(data, "roles", file).items()
        },
        disciplines=_codes(_section(data, "disciplines", file)),
        lists={
            name: _codes(section)
            for name, section in data.items()
            if name not in TABLES and isinstance(section, dict)
        },
        inherits=str(head.get("inherits", "" if head.get("code") == BASE else BASE)),
        languages=texts(head, "languages", "[profile]", file) or (language,),
        structure=read_structure(_optional(data, "structure", file), file),
        selfcheck=read_selfcheck(_optional(data, "selfcheck", file), file),
        terms=read_terms(_optional(data, "terms", file), file),
        glossary=read_glossary(_optional(data, "glossary", file), file),
        stories_left_out=_left_out(_optional(data, "scenarios", file), file),
        files=read_separate_files(_optional(data, "files", file), file),
    )


def _left_out(section: Mapping[str, Any], file: str) -> dict[str, str]:
    """Read which stories do not apply: `without = { name_of_the_story = "reason" }`."""
    found = section.get("without", {})
    if not isinstance(found, dict) or not all(
        isinstance(reason, str) and reason.strip() for reason in found.values()
    ):
        raise InputError(
            told(
                '%(file)s: [scenarios] needs without = { name_of_the_story = "why it does not '
                'apply" }.',
                file=file,
            )
        )
    return dict(found)


def _codes(section: Mapping[str, Any]) -> dict[str, str]:
    """Read a code list: `code = "Name"`, or `[code] name = "Name"`."""
    found = {}
    for code, entry in section.items():
        found[code] = str(entry.get("name", code)) if isinstance(entry, dict) else str(entry)
    return found


def _section(data: Mapping[str, Any], name: str, file: str) -> dict[str, Any]:
    section = data.get(name)
    if not isinstance(section, dict):
        raise InputError(told("%(file)s: the section [%(name)s] is missing.", file=file, name=name))
    return section


def _optional(data: Mapping[str, Any], name: str, file: str) -> dict[str, Any]:
    section = data.get(name, {})
    if not isinstance(section, dict):
        raise InputError(
            told(
                "%(file)s: %(name)s has to be a section [%(name)s].",
                file=file,
                name=name,
            )
        )
    return section


def _text(section: Mapping[str, Any], name: str, file: str) -> str:
    value = section.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(told("%(file)s: %(name)s is missing in [profile].", file=file, name=name))
    return value


def _value(name: str, entry: Any, file: str) -> Value:
    if not isinstance(entry, dict) or "value" not in entry:
        raise InputError(
            told(
                "%(file)s: [values.%(name)s] needs value, source and explain.", file=file, name=name
            )
        )
    return Value(
        name,
        entry["value"],
        *(str(entry.get(key, "")) for key in ("source", "explain", "confirm")),
    )


def _role(code: str, entry: Any, file: str) -> Role:
    if not isinstance(entry, dict) or entry.get("scope") not in ("desk", "case"):
        raise InputError(
            told('%(file)s: [roles.%(code)s] needs scope = "desk" or "case".', file=file, code=code)
        )
    return Role(
        code=code,
        name=str(entry.get("name", code)),
        scope=entry["scope"],
        explain=str(entry.get("explain", "")),
        emergency=entry.get("emergency") is True,
        reads=_reads(code, entry.get("reads", []), file),
    )


def _reads(code: str, wanted: Any, file: str) -> tuple[str, ...]:
    """Read which areas a role reads; what the roles of the product read is fixed (P21, P74)."""
    if not isinstance(wanted, list) or not set(map(str, wanted)) <= set(READABLE):
        raise InputError(
            told(
                "%(file)s: [roles.%(code)s] reads is a list of %(items)s.",
                file=file,
                code=code,
                items=", ".join(READABLE),
            )
        )
    if wanted and code in PRODUCT_ROLES:
        raise InputError(
            told(
                "%(file)s: [roles.%(code)s] reads what the product says; give reads to a role of "
                "your own.",
                file=file,
                code=code,
            )
        )
    return tuple(map(str, wanted))
