"""A profile as one reads it: first what differs from what lies underneath, then all by subject."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.deployment import ResolvedDeployment
from engine.inheritance import laid_over, levels
from engine.language import mark
from engine.profile import Profile, Value

SUBJECTS: Final = (
    ("consent", mark("Age and consent"), ("age_", "unknown_age", "consent")),
    (
        "table",
        mark("The table: partners, what they share, rounds"),
        (
            *("minimum_disc", "mental_health", "full_needs", "information_round", "question_round"),
            *("membership_", "not_delegated", "supervision_", "start_spread"),
        ),
    ),
    (
        "closing",
        mark("Plan, closing and monitoring"),
        ("closing_rule", "quorum_", "opinion_", "monitoring_", "check_in_interval", "weighing_"),
    ),
    ("access", mark("Requests by the person"), ("disclosure_",)),
    (
        "files",
        mark("How long a file is kept, and what stops that"),
        ("retention_", "*_retention", "erasure_", "hold_"),
    ),
    (
        "danger",
        mark("Danger to life, and watching who reads"),
        ("emergency_", "identity_", "reading_", "printing_"),
    ),
    (
        "deadlines",
        mark("Until when something is owed"),
        ("deadline_", "*_deadline", "*_deadline_urgent", "remind_", "reassessment_"),
    ),
    ("other", mark("Other values"), ("",)),
)
"""Code, title, and how the names of its values begin, or with `*` end; the first one that fits."""


@dataclass(frozen=True)
class Difference:
    """One thing that a profile says otherwise; `under` is empty where nothing lies underneath."""

    name: str
    here: Any
    under: Any
    explain: str = ""


@dataclass(frozen=True)
class Subject:
    """The values of one subject, and how many of them differ from what lies underneath."""

    code: str
    title: str
    values: tuple[Value, ...]
    different: int


@dataclass(frozen=True)
class Outline:
    """What the page of a profile shows, in its order."""

    values: tuple[Difference, ...]
    roles: tuple[Difference, ...]
    arrangements: tuple[str, ...]
    """Codes of the sixteen questions whose answers are other ones underneath."""
    steps: tuple[str, ...]
    """Names of the steps for people that only this profile has."""
    subjects: tuple[Subject, ...]
    own_sources: tuple[tuple[str, tuple[str, ...]], ...]
    """Each source that the profile names itself, with what comes from it."""
    inherited_sources: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def differs(self) -> bool:
        """Say whether anything is otherwise than underneath."""
        return bool(self.values or self.roles or self.arrangements or self.steps)


def outline(
    deployment: ResolvedDeployment,
    spoken: Profile,
    under: ResolvedDeployment | None,
    say: Callable[[str], str],
) -> Outline:
    """Return the outline of a profile in the words of its reader.

    `spoken` is its profile in the reader's language, `say` translates a text of the set; `under` is
    the set of what it inherits, None where that is not known.
    """
    below: dict[str, Any] = {}
    for _code, tables in levels(deployment.files)[:-1]:
        below = laid_over(below, tables)
    values = below.get("values", {})
    changed = tuple(
        Difference(one.name, one.value, values.get(one.name, {}).get("value"), one.explain)
        for one in spoken.parameters.values()
        if one.value != values.get(one.name, {}).get("value")
    )
    arranged = below.get("structure", {})
    return Outline(
        values=changed,
        roles=tuple(_roles(deployment.profile, spoken, below.get("roles", {}), say)),
        arrangements=tuple(
            code
            for code, row in deployment.profile.structure.items()
            if row.value != arranged.get(code, {}).get("value")
        ),
        steps=tuple(say(name) for name in _steps(deployment, under)),
        subjects=tuple(_subjects(spoken, {one.name for one in changed})),
        own_sources=tuple(_sources(deployment.profile, spoken, below, own=True)),
        inherited_sources=tuple(_sources(deployment.profile, spoken, below, own=False)),
    )


def _roles(
    profile: Profile, spoken: Profile, below: Mapping[str, Any], say: Callable[[str], str]
) -> list[Difference]:
    return [
        Difference(code, spoken.roles[code].name, say(old) if old else "", role.explain)
        for code, role in profile.roles.items()
        if role.name != (old := str(below.get(code, {}).get("name", "")))
    ]


def _steps(deployment: ResolvedDeployment, under: ResolvedDeployment | None) -> list[str]:
    if under is None:
        return []
    there = {one.id for process in under.processes.values() for one in process.elements}
    return [
        one.name or one.id
        for process in deployment.processes.values()
        for one in process.elements
        if one.kind == "userTask" and one.id not in there
    ]


def _subjects(spoken: Profile, changed: set[str]) -> list[Subject]:
    found: dict[str, list[Value]] = {code: [] for code, _title, _fits in SUBJECTS}
    for value in spoken.parameters.values():
        found[subject_of(value.name)].append(value)
    return [
        Subject(code, title, tuple(found[code]), sum(one.name in changed for one in found[code]))
        for code, title, _fits in SUBJECTS
        if found[code]
    ]


def subject_of(name: str) -> str:
    """Return the subject to which a value belongs."""
    return next(
        code
        for code, _title, fits in SUBJECTS
        if any(
            name.endswith(part[1:]) if part.startswith("*") else name.startswith(part)
            for part in fits
        )
    )


def _sources(
    profile: Profile, spoken: Profile, below: Mapping[str, Any], *, own: bool
) -> list[tuple[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    for code, row in profile.structure.items():
        if own is (row.source != below.get("structure", {}).get(code, {}).get("source")):
            said = spoken.structure[code]
            found.setdefault(said.source, []).append(said.value)
    for name, value in profile.parameters.items():
        if own is (value.source != below.get("values", {}).get(name, {}).get("source")):
            found.setdefault(spoken.parameters[name].source, []).append(name)
    return [(source, tuple(names)) for source, names in found.items()]
