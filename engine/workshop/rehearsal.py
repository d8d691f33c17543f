"""Runs the scenarios of a draft, keeps how each went last, and says what none of them goes over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.deployment import ResolvedDeployment, id_of
from engine.drawing import Process
from engine.errors import ConflictError, NotFoundError
from engine.language.telling import told
from engine.models import DraftState, Job, ScenarioResult, WorkshopDraft
from engine.workshop import aside
from engine.workshop import draft as drafts
from engine.workshop.place import SCENARIO, kind_of

KIND: Final = "workshop_rehearsal"
AT_ONCE: Final = 10
"""Scenarios in one piece of work: the page shows progress, and a lost worker loses no more."""
WAITING, DONE = "waiting", "done"


@dataclass(frozen=True)
class Piece:
    """Some scenarios of one exact state of a draft, ready to be run without a database."""

    draft_id: UUID
    by: UUID
    files: Mapping[str, bytes]
    set_hash: str
    shipped: Path
    seconds: int
    """After which they are ended."""
    names: tuple[str, ...]

    def do(self) -> list[dict[str, Any]]:
        """Run them in a process of their own."""
        if not self.names:
            return []
        return aside.rehearsal(self.files, self.shipped, self.seconds, self.names)


@dataclass(frozen=True)
class Unseen:
    """An element or flow that no scenario goes over."""

    element: str
    words: str


def names_of(manifest: Iterable[str]) -> list[str]:
    """Return the names of the scenarios of a set."""
    return sorted(PurePosixPath(path).stem for path in manifest if kind_of(path) is SCENARIO)


def results(session: Session, draft: WorkshopDraft) -> dict[str, ScenarioResult]:
    """Return how each scenario went last, by its name."""
    rows = session.scalars(select(ScenarioResult).where(ScenarioResult.draft_id == draft.id))
    return {PurePosixPath(row.path).stem: row for row in rows}


def state_of(session: Session, draft: WorkshopDraft) -> str:
    """Return the hash of a draft's present state."""
    return id_of(drafts.manifest(session, draft))


def run_one(application: Application, draft_id: UUID, actor: UUID, name: str) -> list[str]:
    """Run one scenario now and keep how it went; return what went otherwise than told."""
    with application.database.reading_as(actor) as session:
        piece = _piece(application, session, draft_id, actor, [name])
    if not piece.names:
        raise NotFoundError(drafts.NOT_HERE)
    found = piece.do()
    with application.database.transaction() as session:
        keep(application, session, piece, found)
    return [str(problem) for problem in found[0]["problems"]]


def begin(application: Application, draft_id: UUID, actor: UUID) -> int:
    """Have the worker run all scenarios of a draft; return how many there are."""
    with application.database.transaction() as session:
        draft = drafts.load(session, draft_id)
        _require_open(draft)
        names = names_of(drafts.manifest(session, draft))
        there = results(session, draft)
        now = application.now(session)
        if any(row.state == WAITING for row in there.values()):
            raise ConflictError(told("The scenarios run already; wait until they are done."))
        for name in names:
            row = there.get(name) or ScenarioResult(
                draft_id=draft.id, path=SCENARIO.place(name), problems=[], gone=[]
            )
            row.set_hash, row.state, row.by_id, row.at = "", WAITING, actor, now
            session.add(row)
        session.flush()
        _owe(application, session, draft.id, actor, names)
        return len(names)


def _require_open(draft: WorkshopDraft) -> None:
    if draft.state != DraftState.OPEN.value:
        raise ConflictError(
            told("This draft is %(state)s; start a new one.", state=told(draft.state))
        )


def _owe(
    application: Application, session: Session, draft_id: UUID, actor: UUID, names: list[str]
) -> None:
    if not names:
        return
    now = application.now(session)
    session.add(
        Job(
            kind=KIND,
            key=f"{KIND}:{draft_id}:{now.isoformat()}:{len(names)}",
            payload={"draft": str(draft_id), "by": str(actor), "names": names},
            run_after=now,
            created_at=now,
        )
    )


def next_piece(application: Application, session: Session, payload: Mapping[str, Any]) -> Piece:
    """Return the first of the scenarios that a job owes, of the draft as it is now."""
    draft_id, actor = UUID(payload["draft"]), UUID(payload["by"])
    return _piece(application, session, draft_id, actor, payload["names"][:AT_ONCE])


def _piece(
    application: Application, session: Session, draft_id: UUID, actor: UUID, names: list[str]
) -> Piece:
    draft = drafts.load(session, draft_id)
    manifest = drafts.manifest(session, draft)
    there = set(names_of(manifest))
    return Piece(
        draft_id,
        actor,
        drafts.contents(session, manifest),
        id_of(manifest),
        application.settings.processes_dir,
        application.settings.judge_seconds,
        tuple(name for name in names if name in there),
    )


def keep(
    application: Application, session: Session, piece: Piece, found: Iterable[Mapping[str, Any]]
) -> None:
    """Store how scenarios went."""
    now = application.now(session)
    for one in found:
        path = SCENARIO.place(one["name"])
        row = session.get(ScenarioResult, (piece.draft_id, path))
        if row is None:
            row = ScenarioResult(draft_id=piece.draft_id, path=path)
            session.add(row)
        row.set_hash, row.state, row.by_id, row.at = piece.set_hash, DONE, piece.by, now
        row.problems, row.gone = list(one["problems"]), list(one["gone"])
    session.flush()


def go_on(application: Application, session: Session, payload: Mapping[str, Any]) -> None:
    """Owe the scenarios that are left; those that were taken away meanwhile wait no more."""
    draft_id, names = UUID(payload["draft"]), payload["names"]
    draft = drafts.load(session, draft_id)
    there = set(names_of(drafts.manifest(session, draft)))
    for name in set(names) - there:
        row = session.get(ScenarioResult, (draft_id, SCENARIO.place(name)))
        if row is not None:
            session.delete(row)
    _owe(application, session, draft_id, UUID(payload["by"]), names[AT_ONCE:])


# -- coverage ----------------------------------------------------------------------------------


def gone_over(found: Iterable[ScenarioResult]) -> set[str]:
    """Return `process element` of all that some scenario goes over."""
    return {place for row in found for place in row.gone}


def unseen(deployment: ResolvedDeployment, process_id: str, gone: set[str]) -> list[Unseen]:
    """Return in reading order which elements and flows of a process no scenario goes over."""
    process = deployment.processes[process_id]
    names = {element.id: element.label for element in process.elements}
    places = [(element.id, element.label) for element in process.elements]
    places += [(flow.id, _flow_words(names, flow)) for flow in process.flows]
    return [Unseen(one, words) for one, words in places if f"{process_id} {one}" not in gone]


def _flow_words(names: Mapping[str, str], flow: Any) -> str:
    way = f"the way from {names.get(flow.source, flow.source)} to "
    return f"{way}{names.get(flow.target, flow.target)}" + (f": {flow.name}" if flow.name else "")


def places_of(process: Process) -> int:
    """Return how many elements and flows a process has."""
    return len(process.elements) + len(process.flows)
