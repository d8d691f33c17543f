"""Has a set judged piece by piece: checks and changes at once, rules and scenarios by the worker.

Each piece is stored when it is done, so that a worker that dies loses no more than the piece that
it was doing, and a page can say how far it is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.application import Application
from engine.comparison import Change, Side
from engine.comparison.running import touched_cases
from engine.deployment import id_of, keep_contents
from engine.errors import CasetableError, ConflictError, NotFoundError
from engine.language.telling import Told, message_of, series, told
from engine.models import (
    Account,
    CurrentDeployment,
    DraftState,
    Job,
    WorkshopDraft,
    WorkshopJudgement,
)
from engine.workshop import aside, judging
from engine.workshop.draft import NOT_HERE, contents, hash_of, load, manifest
from engine.workshop.place import SCENARIO, kind_of

KIND: Final = "workshop_judging"
PUBLISH = "workshop:publish"
AT_ONCE: Final = 10
"""Scenarios in one piece of work."""
LEAST: Final = 3
"""Fewer cases than this are not counted on a page: that a single case exists is sensitive."""
DONE = "done"


@dataclass(frozen=True)
class Piece:
    """One piece of work, ready to be done without a database; no names: the rules."""

    files: Mapping[str, bytes]
    shipped: Path
    seconds: int
    """After which it is ended."""
    names: tuple[str, ...]

    def do(self) -> Any:
        """Judge this piece in a process of its own."""
        if self.names:
            return aside.scenarios(self.files, self.shipped, self.seconds, self.names)
        return aside.rules(self.files, self.shipped, self.seconds)


def begin(application: Application, draft_id: UUID, actor: UUID) -> UUID:
    """Have a draft judged as it is now; return the id of the judgement."""
    with application.database.reading_as(actor) as session:
        draft = load(session, draft_id)
        hashes = manifest(session, draft)
        begun, title = draft.begun_with, draft.title
        found = _look(session, draft.profile, contents(session, hashes), title, begun)
    with application.database.transaction() as session:
        account = owner(session, actor)
        draft = load(session, draft_id)
        if draft.state != DraftState.OPEN.value:
            raise ConflictError(
                told("This draft is %(state)s; start a new one.", state=told(draft.state))
            )
        row = _store(application, session, account, draft.profile, hashes, found)
        row.draft_id = draft.id
        _owe(application, session, row, 0)
        return row.id


def begin_with_files(
    application: Application, actor: UUID, profile: str, files: Mapping[str, bytes]
) -> UUID:
    """Have files judged that are no draft; who asks does the work piece by piece (`next_piece`)."""
    hashes = {path: hash_of(content) for path, content in sorted(files.items())}
    with application.database.reading_as(actor) as session:
        owner(session, actor)
        found = _look(session, profile, files, told("these files"), {})
    with application.database.transaction() as session:
        account = owner(session, actor)
        keep_contents(session, files.values())
        return _store(application, session, account, profile, hashes, found).id


def owner(session: Session, actor: UUID) -> Account:
    """Return who publishes; raise NotFoundError for everybody else."""
    account = session.get(Account, actor)
    if account is None:
        raise NotFoundError(NOT_HERE)
    access.require(session, account, PUBLISH)
    return account


@dataclass(frozen=True)
class _Looked:
    """What is said of a set at once, and the side of what was published then."""

    results: dict[str, Any]
    before: Side | None
    changes: tuple[Change, ...]


def _look(
    session: Session,
    profile: str,
    files: Mapping[str, bytes],
    title: str,
    begun: Mapping[str, str],
) -> _Looked:
    """Look at what needs little time, outside of a transaction that others would wait for."""
    findings = [
        {"file": one.file, "element": one.element, "severity": one.severity, "message": one.message}
        for one in judging.findings(files)
    ]
    results: dict[str, Any] = {"findings": findings, "rules": None, "scenarios": []}
    current = session.get(CurrentDeployment, profile)
    if current is None:
        nothing = {"changes": [], "compared": told("Nothing was published before.")}
        return _Looked(results | nothing, None, ())
    before = judging.base_side(session, current.deployment_id)
    after = Side(title, files)
    try:
        changes = judging.compared(before, after, begun or before.deployment.manifest)
    except CasetableError as problem:
        return _Looked(results | {"changes": [], "compared": message_of(problem)}, before, ())
    return _Looked(
        results | {"changes": judging.changes_told(changes, after), "compared": ""}, before, changes
    )


def _store(
    application: Application,
    session: Session,
    account: Account,
    profile: str,
    hashes: Mapping[str, str],
    found: _Looked,
) -> WorkshopJudgement:
    """Write what was looked at; rules follow, and scenarios where nothing is wrong."""
    now = application.now(session)
    cases: tuple[str, ...] = ()
    if found.before is not None and not found.results["compared"]:
        cases = touched_cases(session, found.before, found.changes, least=LEAST)
    row = WorkshopJudgement(
        profile=profile,
        deployment_id=id_of(hashes),
        manifest=dict(hashes),
        before_id=found.before.deployment_id if found.before else None,
        asked_by_id=account.id,
        asked_at=now,
        total=sum(kind_of(path) is SCENARIO for path in hashes),
        results=found.results | {"cases": list(cases)},
    )
    session.add(row)
    session.flush()
    return row


def _owe(application: Application, session: Session, row: WorkshopJudgement, step: int) -> None:
    now = application.now(session)
    session.add(
        Job(
            kind=KIND,
            key=f"{KIND}:{row.id}:{step}",
            payload={"judgement": str(row.id)},
            run_after=now,
            created_at=now,
        )
    )


def find(session: Session, judgement_id: UUID) -> WorkshopJudgement:
    """Return a judgement; raise NotFoundError where there is none."""
    found = session.get(WorkshopJudgement, judgement_id)
    if found is None:
        raise NotFoundError(NOT_HERE)
    return found


def latest(session: Session, draft: WorkshopDraft) -> WorkshopJudgement | None:
    """Return the newest judgement of a draft, whatever has changed since."""
    rows = session.scalars(
        select(WorkshopJudgement)
        .where(WorkshopJudgement.draft_id == draft.id)
        .order_by(WorkshopJudgement.asked_at.desc(), WorkshopJudgement.id)
        .limit(1)
    )
    return rows.unique().one_or_none()


def next_piece(application: Application, session: Session, row: WorkshopJudgement) -> Piece | None:
    """Return the next piece of work of a judgement; None when it is done."""
    if row.state == DONE:
        return None
    names: tuple[str, ...] = ()
    if row.results["rules"] is not None:
        names = tuple(_names(row)[row.done : row.done + AT_ONCE])
        if not names:
            return None
    files = contents(session, row.manifest)
    settings = application.settings
    return Piece(files, settings.processes_dir, settings.judge_seconds, names)


def _names(row: WorkshopJudgement) -> list[str]:
    paths = (path for path in sorted(row.manifest) if kind_of(path) is SCENARIO)
    return [path.removeprefix(SCENARIO.folder).removesuffix(SCENARIO.ending) for path in paths]


def keep_piece(
    application: Application, session: Session, row: WorkshopJudgement, piece: Piece, found: Any
) -> None:
    """Store what a piece of work found, and whether the judgement is done with it."""
    results = dict(row.results)
    if piece.names:
        results["scenarios"] = [*results["scenarios"], *found]
        row.done += len(piece.names)
    else:
        results["rules"] = found
    row.results = results
    is_wrong = any(one["severity"] == "error" for one in results["findings"])
    if results["rules"] is not None and (is_wrong or row.done >= row.total):
        row.state, row.finished_at = DONE, application.now(session)
    session.flush()


def go_on(application: Application, session: Session, row: WorkshopJudgement) -> None:
    """Owe the next piece of work, where there is one."""
    if row.state != DONE:
        _owe(application, session, row, row.done + 1)


def locked(session: Session, judgement_id: UUID) -> WorkshopJudgement:
    """Return a judgement for writing its next piece."""
    rows = session.scalars(
        select(WorkshopJudgement)
        .where(WorkshopJudgement.id == judgement_id)
        .with_for_update(of=WorkshopJudgement)
        .execution_options(populate_existing=True)
    )
    found = rows.unique().one_or_none()
    if found is None:
        raise NotFoundError(NOT_HERE)
    return found


def judge_now(
    application: Application, judgement_id: UUID, progress: Callable[[int, int], None]
) -> None:
    """Do all pieces of a judgement one after the other, for who waits for it at a terminal."""
    while True:
        with application.database.transaction() as session:
            piece = next_piece(application, session, locked(session, judgement_id))
        if piece is None:
            return
        found = piece.do()
        with application.database.transaction() as session:
            row = locked(session, judgement_id)
            keep_piece(application, session, row, piece, found)
            progress(row.done, row.total)


def problems(row: WorkshopJudgement) -> list[str]:
    """Return in sentences what keeps a judged set from being published; empty when nothing does."""
    return list(_problems(row))


def _problems(row: WorkshopJudgement) -> Iterator[str]:
    results = row.results
    for one in results.get("findings", []):
        if one["severity"] == "error":
            yield Told("%(file)s: %(element)s: %(message)s", one)
    rules = results.get("rules")
    if rules and rules["unproved"]:
        yield told("The rules could not be proved: %(why)s", why=rules["unproved"])
    for one in (rules or {}).get("rules", []):
        if not one["holds"]:
            yield told(
                "Rule %(id)s is broken: %(sentence)s", id=one["id"], sentence=one["sentence"]
            )
    for one in results.get("scenarios", []):
        if not one["passed"]:
            yield told(
                "The scenario %(name)s goes otherwise: %(problems)s",
                name=one["name"],
                problems=series(one["problems"], "; "),
            )
    if row.state != DONE:
        yield told("It is not judged to the end yet; wait until rules and scenarios are done.")
