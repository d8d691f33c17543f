"""One immutable set of diagrams, tables and forms of one profile: resolve, publish, load."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn import Program
from engine.decision import DecisionTable, parse_decision
from engine.drawing import Drawing, Element, Process, parse_drawing, user_tasks
from engine.errors import CasetableError, NotFoundError
from engine.form import Form, parse_form
from engine.inheritance import PROFILE, laid_over, levels, read_files
from engine.models import CurrentDeployment, Deployment, DeploymentFile, WorkshopPublication
from engine.profile import Profile, build_profile
from engine.session import asked_once
from engine.wordbook import Wordbook

_OF_THE_FILES: Final = (
    *("manifest", "_levels", "profile_tables", "wordbook", "diagrams", "drawings", "processes"),
    *("roles_that_owe", "forms", "decisions"),
)
"""What a deployment reads of its files, whatever the values of its profile are."""


@dataclass(frozen=True)
class ResolvedDeployment:
    """The parsed form of one deployment; safe to share between threads, never changed."""

    files: Mapping[str, bytes]
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Profile values replaced for a scenario or for play; empty for what is published."""

    @cached_property
    def manifest(self) -> dict[str, str]:
        """Return `{path: sha256}` of all files."""
        return {path: _digest(content) for path, content in sorted(self.files.items())}

    @cached_property
    def id(self) -> str:
        """Return the content address: the hash over the manifest."""
        parts: dict[str, Any] = dict(self.manifest)
        if self.overrides:
            parts["overrides"] = dict(self.overrides)
        return id_of(parts)

    @cached_property
    def _levels(self) -> list[tuple[str, dict[str, Any]]]:
        return levels(self.files)

    @cached_property
    def profile_tables(self) -> dict[str, Any]:
        """Return the profile as written, with what it inherits underneath."""
        merged: dict[str, Any] = {}
        for _code, tables in self._levels:
            merged = laid_over(merged, tables)
        return merged

    @cached_property
    def profile(self) -> Profile:
        """Return the profile with what it inherits underneath."""
        profile = build_profile(self.profile_tables, PROFILE)
        base = self._levels[0][1].get("roles", {})
        usual = {code: str(role.get("name", code)) for code, role in base.items()}
        profile = profile.with_role_words(usual)
        return profile.with_values(self.overrides) if self.overrides else profile

    @cached_property
    def wordbook(self) -> Wordbook:
        """Return the catalogues: the words of this set in other languages."""
        return Wordbook(self.files)

    @cached_property
    def diagrams(self) -> dict[str, bytes]:
        """Return the BPMN files by path."""
        return {path: content for path, content in self.files.items() if path.endswith(".bpmn")}

    @cached_property
    def drawings(self) -> dict[str, Drawing]:
        """Return the drawings by the id of their process."""
        found = {}
        for path, content in self.diagrams.items():
            drawing = parse_drawing(content, file=path)
            for process in drawing.processes:
                found[process.id] = drawing
        return found

    @cached_property
    def processes(self) -> dict[str, Process]:
        """Return the processes by id."""
        return {
            process.id: process
            for drawing in self.drawings.values()
            for process in drawing.processes
        }

    @cached_property
    def roles_that_owe(self) -> frozenset[str]:
        """Return the roles to which steps come, at once or when they are overdue (P36)."""
        tasks = [task for drawing in self.drawings.values() for task in user_tasks(drawing)]
        owing = {task.role for task in tasks}
        owing |= {task.properties.get("escalateTo") for task in tasks}
        return frozenset(role for role in owing if role)

    @cached_property
    def forms(self) -> dict[str, Form]:
        """Return the forms by file name without ending."""
        return {
            Path(path).stem: parse_form(content, file=path)
            for path, content in self.files.items()
            if path.endswith(".form")
        }

    @cached_property
    def decisions(self) -> dict[str, DecisionTable]:
        """Return the decision tables by the id that diagrams call them by."""
        tables = (
            parse_decision(content, file=path)
            for path, content in self.files.items()
            if path.endswith(".dmn")
        )
        return {table.id: table for table in tables}

    @cached_property
    def _programs(self) -> dict[str, Program]:
        return {}

    def program(self, process_id: str) -> Program:
        """Return the executable form of a process; parsed once in each operating-system process."""
        if process_id not in self._programs:
            self._programs[process_id] = Program.compile(self.diagrams, process_id, key=self.id)
        return self._programs[process_id]

    def diagram(self, process_id: str) -> bytes:
        """Return the BPMN file that draws a process."""
        for path, content in self.diagrams.items():
            if self.drawings[process_id].file == path:
                return content
        raise NotFoundError(f"There is no diagram of {process_id}.")

    def element(self, process_id: str, element_id: str) -> Element:
        """Return one element of a process."""
        try:
            return self.processes[process_id].by_id[element_id]
        except KeyError:
            raise NotFoundError(f"{process_id} has no element {element_id}.") from None

    def with_values(self, changed: Mapping[str, Any]) -> "ResolvedDeployment":
        """Return the same files under changed profile values; what is read of them is shared."""
        if not changed:
            return self
        other = replace(self, overrides=dict(changed))
        other.__dict__.update({name: getattr(self, name) for name in _OF_THE_FILES})
        return other


def id_of(manifest: Mapping[str, Any]) -> str:
    """Return the content address of a set from its manifest."""
    return _digest(json.dumps(dict(manifest), sort_keys=True).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def resolve(folder: Path, profile: str) -> ResolvedDeployment:
    """Read and parse the deployment of a profile from the folder `processes`."""
    deployment = ResolvedDeployment(read_files(folder, profile))
    _ = deployment.profile, deployment.drawings, deployment.forms, deployment.decisions
    return deployment


def publish(
    session: Session,
    deployment: ResolvedDeployment,
    *,
    at: datetime,
    by: UUID | None = None,
    note: str = "",
) -> str:
    """Store a deployment and make it current for new cases; return its id."""
    if deployment.overrides:
        raise CasetableError("A deployment with replaced profile values is not for real cases.")
    return store(session, deployment, at=at, by=by, note=note)


def publish_shipped(session: Session, deployment: ResolvedDeployment, *, at: datetime) -> bool:
    """Publish the shipped set, unless people have published one; say whether it is current.

    What process owners agreed to is theirs: an update of the product lays nothing over it.
    """
    profile = deployment.profile.code
    current = session.get(CurrentDeployment, profile)
    if current is not None and current.deployment_id != deployment.id:
        published = session.get_one(Deployment, current.deployment_id)
        agreed = select(WorkshopPublication.id).where(
            WorkshopPublication.deployment_id == published.id,
            WorkshopPublication.profile == profile,
            WorkshopPublication.outcome == "agreed",
        )
        if published.published_by_id is not None or session.scalar(agreed.limit(1)) is not None:
            return False
    store(session, deployment, at=at, note="shipped with the product")
    return True


def store(
    session: Session,
    deployment: ResolvedDeployment,
    *,
    at: datetime,
    by: UUID | None = None,
    note: str = "",
) -> str:
    """Write the files that are new and the row of the deployment; publishing twice is one row."""
    if session.get(Deployment, deployment.id) is None:
        keep_contents(session, deployment.files.values())
        session.add(
            Deployment(
                id=deployment.id,
                profile=deployment.profile.code,
                manifest=dict(deployment.manifest),
                note=note,
                published_at=at,
                published_by_id=by,
            )
        )
        session.flush()
    session.merge(CurrentDeployment(profile=deployment.profile.code, deployment_id=deployment.id))
    session.flush()
    return deployment.id


def keep_contents(session: Session, contents: Iterable[bytes]) -> None:
    """Keep contents under their hashes; what is there already is not written again."""
    wanted = {_digest(content): content for content in contents}
    there = set(session.scalars(select(DeploymentFile.hash).where(DeploymentFile.hash.in_(wanted))))
    session.add_all(
        DeploymentFile(hash=digest, content=content)
        for digest, content in wanted.items()
        if digest not in there
    )


class Deployments:
    """The deployments that this operating-system process has used, parsed once each."""

    def __init__(self) -> None:
        self._known: dict[str, ResolvedDeployment] = {}

    def remember(self, deployment: ResolvedDeployment) -> ResolvedDeployment:
        """Keep a deployment that was just resolved."""
        return self._known.setdefault(deployment.id, deployment)

    def get(self, session: Session, deployment_id: str) -> ResolvedDeployment:
        """Return a stored deployment; its content is checked against its hash when loaded."""
        if deployment_id not in self._known:
            self._known[deployment_id] = _load(session, deployment_id)
        return self._known[deployment_id]

    def current(self, session: Session, profile: str) -> ResolvedDeployment:
        """Return what new cases of a profile are started on."""
        row = asked_once(
            session, ("current", profile), lambda: session.get(CurrentDeployment, profile)
        )
        if row is None:
            raise NotFoundError(
                f"Nothing is published for the profile {profile!r}; run casetable db upgrade."
            )
        return self.get(session, row.deployment_id)


def _load(session: Session, deployment_id: str) -> ResolvedDeployment:
    row = session.get(Deployment, deployment_id)
    if row is None:
        raise NotFoundError(f"There is no deployment {deployment_id[:12]}.")
    manifest = row.manifest
    contents = {
        file.hash: file.content
        for file in session.scalars(
            select(DeploymentFile).where(DeploymentFile.hash.in_(set(manifest.values())))
        )
    }
    deployment = ResolvedDeployment({path: contents[digest] for path, digest in manifest.items()})
    # Threat: a diagram changed in the database would change running cases behind our back.
    if deployment.id != deployment_id:
        raise CasetableError(
            f"The stored deployment {deployment_id[:12]} was changed; restore it from the backup."
        )
    return deployment
