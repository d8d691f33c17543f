"""Files that a structure keeps apart, as its profile says: one for each body, linked.

A profile without `[files]` keeps one file of a case. With them, a report begins in the file that
no other one opens; a person hands over what the next body needs, and that opens its file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InputError
from engine.language.telling import told


@dataclass(frozen=True)
class SeparateFile:
    """One of the files: which roles take part in it, and where it comes from."""

    code: str
    name: str
    explain: str
    roles: tuple[str, ...]
    """Who takes part, members and whoever owes a step; nobody else ever does."""
    opened_by: str = ""
    """Code of the file out of which it is handed over; empty where reports begin."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Role in the drawings -> role that does its steps in this file."""
    tells: str = ""
    """Message to the file that opened it, without any content, when an episode ends here."""

    stages: tuple[str, ...] = ()
    """Phases of the overview that this file goes through; empty: all."""
    alongside: tuple[str, ...] = ()
    """Roles of other files that one person may hold together with roles of this file."""

    def role_for(self, drawn: str) -> str:
        """Return who does here what the drawings ask of a role."""
        return self.instead.get(drawn, drawn)


def read_separate_files(section: Mapping[str, Any], file: str) -> dict[str, SeparateFile]:
    """Read the tables [files.*]; raise InputError naming the entry to mend."""
    found = {code: _read(code, entry, file) for code, entry in section.items()}
    first = [code for code, one in found.items() if not one.opened_by]
    if found and len(first) != 1:
        raise InputError(
            told(
                "%(file)s: one of [files] begins with a report; all others say opened_by.",
                file=file,
            )
        )
    opened = [one.opened_by for one in found.values()]
    for code, one in found.items():
        if one.opened_by and one.opened_by not in found:
            raise InputError(
                told(
                    "%(file)s: [files.%(code)s] opened_by names %(opened_by)s, no file.",
                    file=file,
                    code=code,
                    opened_by=one.opened_by,
                )
            )
    for code in found:
        if opened.count(code) > 1:
            raise InputError(
                told(
                    "%(file)s: [files.%(code)s] opens two files; one file opens one other.",
                    file=file,
                    code=code,
                )
            )
        # Threat: files that open each other in a ring would never begin, and never be found.
        if not _begins(found, code):
            raise InputError(
                told(
                    "%(file)s: [files.%(code)s] is never opened; follow opened_by.",
                    file=file,
                    code=code,
                )
            )
    return found


def _begins(found: Mapping[str, SeparateFile], code: str) -> bool:
    for _ in found:  # a way that is longer than there are files is a ring
        code = found[code].opened_by if code else code
    return not code


def _read(code: str, entry: Any, file: str) -> SeparateFile:
    place = f"{file}: [files.{code}]"
    if not isinstance(entry, dict) or not all(
        isinstance(entry.get(name), str) and entry[name].strip() for name in ("name", "explain")
    ):
        raise InputError(told("%(place)s needs name and explain.", place=place))
    roles, instead = entry.get("roles"), entry.get("instead", {})
    if not isinstance(roles, list) or not roles or not all(isinstance(one, str) for one in roles):
        raise InputError(told('%(place)s roles is a list of roles like ["chair"].', place=place))
    if not isinstance(instead, dict) or not set(instead.values()) <= set(roles):
        raise InputError(
            told("%(place)s instead holds lines role = another role of this file.", place=place)
        )
    alongside = entry.get("alongside", [])
    if not isinstance(alongside, list) or set(map(str, alongside)) & set(roles):
        raise InputError(
            told("%(place)s alongside is a list of roles of other files.", place=place)
        )
    if not isinstance(entry.get("stages", []), list):
        raise InputError(told('%(place)s stages is a list of phases like ["intake"].', place=place))
    if set(instead) & set(roles):
        raise InputError(
            told("%(place)s instead is for roles that take no part in this file.", place=place)
        )
    return SeparateFile(
        code,
        entry["name"],
        entry["explain"],
        tuple(roles),
        str(entry.get("opened_by", "")),
        dict(instead),
        str(entry.get("tells", "")),
        tuple(map(str, entry.get("stages", []))),
        tuple(map(str, alongside)),
    )


def first_of(files: Mapping[str, SeparateFile]) -> SeparateFile | None:
    """Return the file in which a report begins; None where a case has one file."""
    return next((one for one in files.values() if not one.opened_by), None)


def opened_from(files: Mapping[str, SeparateFile], code: str) -> SeparateFile | None:
    """Return the file that is opened out of another one, or None."""
    return next((one for one in files.values() if one.opened_by and one.opened_by == code), None)


def bodies(files: Mapping[str, SeparateFile], roles: frozenset[str]) -> frozenset[str]:
    """Return the files in which holders of some roles take part."""
    return frozenset(code for code, one in files.items() if roles & set(one.roles))


def clash(files: Mapping[str, SeparateFile], roles: Iterable[str]) -> tuple[str, str] | None:
    """Return two roles that one person may not hold together, or None (decision 94).

    Each of them takes part in a file and none takes part in both, and no file says `alongside`.
    A role that takes part in both files, or in none, goes with every other.
    """
    held = sorted(roles)
    for number, one in enumerate(held):
        for other in held[number + 1 :]:
            if _are_apart(files, one, other):
                return one, other
    return None


def _are_apart(files: Mapping[str, SeparateFile], one: str, other: str) -> bool:
    first, second = (bodies(files, frozenset({role})) for role in (one, other))
    let = any(other in files[code].alongside for code in first) or any(
        one in files[code].alongside for code in second
    )
    return bool(first and second) and not first & second and not let
