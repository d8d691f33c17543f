"""What `casetable check` looks at: the shipped deployment, or files that somebody names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.check import (
    CheckContext,
    Finding,
    as_json,
    as_text,
    check_deployment,
    facts_of,
    summary,
)
from engine.check.finding import WHOLE_FILE, error, warning
from engine.deployment import ResolvedDeployment
from engine.drawing import user_tasks
from engine.errors import CasetableError, InputError
from engine.inheritance import (
    PROFILE,
    catalogues_in,
    chain,
    folder_of,
    known,
    left_out,
    own_stories,
    read_files,
    story_paths,
)
from engine.language.telling import told
from engine.operator import catalogue
from engine.peculiarity import Peculiar
from engine.profile import BASE, NOT_DELEGATED_VALUE, Profile, read_tables
from engine.profile_check import BROKEN, check_profile
from engine.profile_schema import nearest
from engine.settings import ROOT
from engine.structure import texts
from engine.translation_check import check_translations

ENDINGS = (".bpmn", ".dmn", ".form")
START_DATA = {
    "case_type": "str",
    "episode_number": "int",
    "start_phase": "str",
    "retention_kind": "str",
    "file": "str",
}
"""The variables that engine.cases hands to a new episode, and an ended one to retention."""


@dataclass(frozen=True)
class Report:
    """The findings about some files."""

    findings: tuple[Finding, ...]
    files: tuple[str, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that forbid publishing; warnings do not."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    def as_text(self) -> str:
        """Return a line for each finding and a closing sentence."""
        lines = as_text(self.findings)
        closing = summary(self.findings, len(self.files))
        return f"{lines}\n{closing}" if lines else closing

    def as_json(self) -> str:
        """Return the findings for machines."""
        return as_json(self.findings, self.files)


def context_of(profile: Profile) -> CheckContext:
    """Return what a check must know about operators and the profile."""
    return CheckContext(
        operators=facts_of(catalogue()),
        roles=frozenset(profile.roles),
        profile_values={name: _kind(value) for name, value in profile.values.items()},
        start_data=START_DATA,
    )


def _kind(value: Any) -> str:
    names = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}
    return names.get(type(value), "any")


def check_paths(
    paths: tuple[Path, ...], profile: str, *, home: Path = ROOT / "processes"
) -> Report:
    """Check the deployment of a profile, or just the files and folders that are named.

    Named files are checked against the operators, roles and values of the profile, which is
    looked up in a named folder that has profiles, else in `home`.
    """
    whole_folder = [path for path in paths if (path / "profiles").is_dir()]
    shipped = read_files(whole_folder[0] if whole_folder else home, profile)
    deployment = ResolvedDeployment(shipped)
    if not paths:
        placed = _check_place(home, profile)
        own = _own_catalogues([home], profile)
        report = _checked(shipped, deployment, whole=True, own=own)
        return Report((*placed, *report.findings), report.files)
    if whole_folder:
        files: dict[str, bytes] = {}
        for folder in whole_folder:
            files |= read_files(folder, profile)
    else:
        files = _named(paths)
    if not whole_folder:
        return _checked(files, deployment, whole=False)
    own = _own_catalogues(whole_folder, profile)
    return _checked(files, deployment, whole=True, own=own)


def check_shipped(home: Path) -> dict[str, Report]:
    """Check every profile of the folder `processes`; return the reports by code."""
    return {code: check_paths((), code, home=home) for code in known(home)}


def check_files(files: Mapping[str, bytes]) -> Report:
    """Check a whole set that lies in memory, with its own profile."""
    return _checked(files, ResolvedDeployment(files), whole=True)


def _own_catalogues(folders: list[Path], profile: str) -> dict[str, bytes]:
    """Return the catalogues that a profile brings itself; the base's lie beside its drawings."""
    found: dict[str, bytes] = {}
    for folder in folders:
        found |= catalogues_in(folder if profile == BASE else folder_of(folder, profile))
    return found


def _check_place(home: Path, profile: str) -> Iterator[Finding]:
    """Require that a profile is called as its folder, and leaves out stories that there are."""
    tables = read_tables((folder_of(home, profile) / PROFILE).read_bytes(), PROFILE)
    head = tables.get("profile")
    code = head.get("code") if isinstance(head, Mapping) else None
    if code != profile:
        message = told(
            "is %(code)s in the folder %(profile)s; let both be the same.",
            code=repr(code),
            profile=profile,
        )
        yield error(PROFILE, "profile.code", "other_code", message)
    if profile != BASE:
        parent = chain(home, profile)[-2]
        there = {Path(name).stem for name in story_paths(home, parent)}
        for name in sorted(left_out(tables).keys() - there):
            message = told(
                "leaves out %(name)s, which is no story underneath; %(hint)s",
                name=name,
                hint=nearest(name, there),
            )
            yield error(PROFILE, "scenarios.without", "unknown_story", message)
        yield from _check_stories(home, profile, parent)


def _check_stories(home: Path, profile: str, parent: str) -> Iterator[Finding]:
    """Require that own stories say what they show, and that this is different underneath."""
    here = Peculiar(*(ResolvedDeployment(read_files(home, code)) for code in (profile, parent)))
    for path in own_stories(home, profile):
        place = f"scenarios/{path.name}"
        try:
            shown = texts(read_tables(path.read_bytes(), place), "shows", "the story", place)
        except InputError as problem:
            yield error(place, WHOLE_FILE, "story_broken", str(problem).removeprefix(f"{place}: "))
            continue
        if not shown:
            message = 'says not what it shows; add a line like shows = ["step:decide_route"].'
            yield warning(place, WHOLE_FILE, "shows_nothing", message)
        for name in shown:
            try:
                here.without(name)
            except CasetableError as problem:
                yield error(place, "shows", "not_peculiar", str(problem))


def _checked(
    files: Mapping[str, bytes],
    deployment: ResolvedDeployment,
    *,
    whole: bool,
    own: Mapping[str, bytes] | None = None,
) -> Report:
    checked = {path: content for path, content in files.items() if path.endswith(ENDINGS)}
    tables = list(check_profile(deployment)) if whole else []
    if any(finding.code == BROKEN for finding in tables):
        return Report(tuple(tables), (*sorted(checked), PROFILE))
    found = [*tables, *check_deployment(checked, context_of(deployment.profile))]
    if whole:
        found += _check_not_delegated(deployment)
        found += check_translations(files, deployment.profile.languages, own or {})
        return Report(tuple(found), (*sorted(checked), PROFILE))
    return Report(tuple(found), tuple(sorted(checked)))


def _check_not_delegated(deployment: ResolvedDeployment) -> Iterator[Finding]:
    """Require that what stays with the person names roles and steps: a slip would let it pass."""
    try:
        drawings = deployment.drawings.values()
    except InputError:
        return  # a finding of its own says which drawing cannot be read
    steps = {task.id for drawing in drawings for task in user_tasks(drawing)}
    listed = deployment.profile.values.get(NOT_DELEGATED_VALUE) or []
    for name in listed:
        if name not in steps and name not in deployment.profile.roles:
            yield error(
                PROFILE,
                NOT_DELEGATED_VALUE,
                "unknown_not_delegated",
                told(
                    "names %(name)s, which is neither a role nor a step for people; use the id of "
                    "one.",
                    name=name,
                ),
            )


def _named(paths: tuple[Path, ...]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for path in paths:
        if path.is_dir():
            for inside in sorted(path.rglob("*")):
                if inside.suffix in ENDINGS:
                    files[inside.relative_to(path).as_posix()] = inside.read_bytes()
        elif path.is_file():
            files[path.name] = path.read_bytes()
        else:
            raise InputError(f"{path}: there is no such file or folder.")
    return files
