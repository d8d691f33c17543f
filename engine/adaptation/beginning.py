"""A new profile: the few answers that a policy team gives first, written as a profile.toml."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

from engine.deployment import ResolvedDeployment
from engine.errors import InputError
from engine.inheritance import PROFILE, child_of, known, read_files
from engine.language.telling import located, told
from engine.profile import BASE, Profile
from engine.profile_check import check_profile

CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,29}")
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
LONGEST: Final = 200
FIRST_VALUES: Final = (
    *("consent", "closing_rule", "age_of_majority", "monitoring_interval"),
    *("monitoring_duration", "retention_duration"),
)
"""The decisions that one is asked for first; all others stay as they are inherited."""


@dataclass(frozen=True)
class Answers:
    """What a new profile says at first; what is left out is inherited."""

    code: str
    name: str
    inherits: str = BASE
    language: str = ""
    time_zone: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Names of roles by code."""
    terms: Mapping[str, str] = field(default_factory=dict)
    """Own words by the usual ones, in the language of the profile."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """First decisions by name."""
    source: str = "assumption"
    """Where the first decisions come from."""


def begin(processes_dir: Path, answers: Answers) -> dict[str, bytes]:
    """Return the whole set of a new profile; raise InputError naming the answer to mend.

    Its profile.toml says nothing but the answers; everything else is inherited.
    """
    if CODE.fullmatch(answers.code) is None:
        raise InputError(
            told(
                "Give a short name of small letters, digits and -, beginning with a letter, like "
                "rivertown."
            )
        )
    if answers.code in known(processes_dir):
        raise InputError(
            told(
                "There is a profile %(code)s already; choose another short name.", code=answers.code
            )
        )
    files = child_of(read_files(processes_dir, answers.inherits), answers.inherits)
    under = ResolvedDeployment({**files, PROFILE: _named(answers.code, answers.inherits)}).profile
    _check(answers, under)
    files[PROFILE] = _written(answers, under).encode()
    for finding in check_profile(ResolvedDeployment(files)):
        raise InputError(located(finding.element, finding.message))
    return files


def _named(code: str, parent: str) -> bytes:
    return f'[profile]\ncode = "{code}"\nname = "{code}"\ninherits = "{parent}"\n'.encode()


def _check(answers: Answers, under: Profile) -> None:
    """Refuse answers that cannot be, in the order of the questions."""
    if not 0 < len(answers.name.strip()) <= LONGEST:
        raise InputError(
            told("Give the profile a name of at most %(most)s characters.", most=LONGEST)
        )
    if answers.language and LANGUAGE.fullmatch(answers.language) is None:
        raise InputError(told("Give the language by its code of two or three letters, like en."))
    if answers.time_zone and answers.time_zone not in available_timezones():
        raise InputError(told("Choose the time zone from the list, like UTC."))
    for code, name in answers.roles.items():
        if code not in under.roles or not 0 < len(name.strip()) <= LONGEST:
            raise InputError(
                told(
                    "Give the role %(code)s a name of at most %(most)s characters.",
                    code=code,
                    most=LONGEST,
                )
            )
    for name in answers.values:
        if name not in FIRST_VALUES:
            raise InputError(told("%(name)s is decided later, in the profile itself.", name=name))


def _written(answers: Answers, under: Profile) -> str:
    """Return the profile.toml. JSON writes texts as TOML reads them: quotes, no line ends."""
    head = {
        "code": answers.code,
        "name": answers.name.strip(),
        "inherits": answers.inherits,
        "language": answers.language,
        "time_zone": answers.time_zone,
    }
    lines = ["[profile]", *(f"{key} = {_text(text)}" for key, text in head.items() if text)]
    for code, name in answers.roles.items():
        if name.strip() != under.roles[code].name:
            lines += ["", f"[roles.{code}]", f"name = {_text(name.strip())}"]
    for name, value in answers.values.items():
        if value != under.values[name]:
            lines += ["", f"[values.{name}]", f"value = {json.dumps(value)}"]
            lines += [f"source = {_text(answers.source.strip() or 'assumption')}"]
    if answers.terms:
        lines += ["", f"[terms.{answers.language or under.language}]"]
        lines += [f"{_text(usual)} = {_text(own)}" for usual, own in answers.terms.items()]
    return "\n".join([*lines, ""])


def _text(text: str) -> str:
    # JSON leaves DEL as it is, which TOML does not allow.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def value_of(name: str, text: str, under: Profile) -> Any:
    """Return a decision as somebody typed it; raise InputError where it is of another kind."""
    was, typed = under.values[name], text.strip()
    if isinstance(was, int) and not isinstance(was, bool):
        try:
            return int(typed)
        except ValueError as error:
            raise InputError(
                told("%(name)s: write a whole number, like %(was)s.", name=name, was=was)
            ) from error
    return typed


def terms_of(text: str) -> dict[str, str]:
    """Return own words from lines `usual word = own word`; raise InputError naming the line."""
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        usual, sign, own = (part.strip() for part in line.partition("="))
        if not (sign and usual and own):
            raise InputError(
                told(
                    'Write each word as "usual word = own word", not %(line)s.',
                    line=repr(line[:40]),
                )
            )
        found[usual] = own
    return found


def write(processes_dir: Path, answers: Answers) -> Path:
    """Write a new profile into the folder `processes`; return where its profile.toml lies."""
    files = begin(processes_dir, answers)
    target = processes_dir / "profiles" / answers.code
    target.mkdir(parents=True)
    path = target / PROFILE
    path.write_bytes(files[PROFILE])
    return path
