"""Publishing takes two persons: one asks with a judged set, another agrees to exactly that (S19).

Nothing red is published, and nothing that was changed after it was judged. Who asked, who agreed,
why, and what the judges said stays on record.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, human
from engine.application import Application
from engine.deployment import id_of, publish
from engine.errors import ConflictError, InputError, NotFoundError, SeparationError
from engine.language.telling import series, told
from engine.models import (
    Account,
    AccountRole,
    CurrentDeployment,
    DraftState,
    Job,
    WorkshopDraft,
    WorkshopJudgement,
    WorkshopPublication,
)
from engine.workshop import judgement
from engine.workshop.draft import NOT_HERE, contents, manifest, parsed
from engine.workshop.judgement import PUBLISH, owner

AGREED, REFUSED, WITHDRAWN = "agreed", "refused", "withdrawn"
LONGEST = 300
CHANGED = told("The draft was changed after it was judged; have it judged again, and ask anew.")
OVERTAKEN = told(
    "Another set was published since this was judged; bring the draft up to date, and have it "
    "judged again."
)
ONE_PERSON = told("You asked for this yourself, so another process owner has to agree.")


def open_of(session: Session, profile: str) -> WorkshopPublication | None:
    """Return what waits for a second person to agree, of which there is one at a time."""
    rows = session.scalars(
        select(WorkshopPublication).where(
            WorkshopPublication.profile == profile, WorkshopPublication.outcome.is_(None)
        )
    )
    return rows.unique().first()


def all_of(session: Session, profile: str) -> list[WorkshopPublication]:
    """Return who asked to publish what and how it ended, the newest first."""
    rows = session.scalars(
        select(WorkshopPublication)
        .where(WorkshopPublication.profile == profile)
        .order_by(WorkshopPublication.asked_at.desc(), WorkshopPublication.id)
    )
    return list(rows.unique())


def find(session: Session, publication_id: UUID) -> WorkshopPublication:
    """Return one asking; raise NotFoundError where there is none."""
    found = session.get(WorkshopPublication, publication_id)
    if found is None:
        raise NotFoundError(NOT_HERE)
    return found


def obstacles(session: Session, row: WorkshopJudgement) -> list[str]:
    """Return in sentences what keeps a judged set from being published now."""
    found = judgement.problems(row)
    current = session.get(CurrentDeployment, row.profile)
    is_ours = current is not None and current.deployment_id == row.deployment_id
    if is_ours:
        found.append(told("This is exactly what is published now; change something first."))
    elif (current.deployment_id if current else None) != row.before_id:
        found.append(OVERTAKEN)
    if row.draft_id is not None:
        draft = session.get_one(WorkshopDraft, row.draft_id)
        if draft.state != DraftState.OPEN.value:
            found.append(_over(draft))
        elif id_of(manifest(session, draft)) != row.deployment_id:
            found.append(CHANGED)
    return found


def _over(draft: WorkshopDraft) -> str:
    if draft.state == DraftState.PUBLISHED.value:
        return told("This draft is published; start a new one.")
    return told("This draft is discarded; start a new one.")


def _answered(asked: WorkshopPublication) -> str:
    if asked.outcome == "agreed":
        return told("This was agreed already.")
    if asked.outcome == "refused":
        return told("This was refused already.")
    return told("This was withdrawn already.")


def may_answer(session: Session, account: Account, row: WorkshopPublication) -> bool:
    """Say whether the account agrees or refuses: a process owner, never a human who asked."""
    asked = human.accounts_of(session, [row.asked_by_id])
    return account.id not in asked and access.may(session, account, PUBLISH)


def ask(application: Application, judgement_id: UUID, actor: UUID, note: str) -> UUID:
    """Ask that a judged set be published; the other process owners are told."""
    if not 0 < len(note.strip()) <= LONGEST:
        raise InputError(
            told("Write why this is published, in at most %(most)s characters.", most=LONGEST)
        )
    with application.database.transaction() as session:
        account = owner(session, actor)
        row = _locked(session, judgement_id)
        found = obstacles(session, row)
        if found:
            raise ConflictError(series([told("This cannot be published."), *found], " "))
        if open_of(session, row.profile) is not None:
            raise ConflictError(told("Something waits to be published already; answer that first."))
        now = application.now(session)
        asked = WorkshopPublication(
            profile=row.profile,
            draft_id=row.draft_id,
            judgement_id=row.id,
            deployment_id=row.deployment_id,
            before_id=row.before_id,
            note=note.strip(),
            asked_by_id=account.id,
            asked_at=now,
        )
        session.add(asked)
        session.flush()
        _record(session, account, now, "ask", asked)
        _tell(application, session, "publication_asked", _others(session, account), asked, now)
        return asked.id


def _locked(session: Session, judgement_id: UUID) -> WorkshopJudgement:
    """Return a judgement, locked together with what is current: two who ask at once queue up."""
    row = judgement.find(session, judgement_id)
    _lock_current(session, row.profile)
    return row


def _lock_current(session: Session, profile: str) -> None:
    session.scalar(
        select(CurrentDeployment).where(CurrentDeployment.profile == profile).with_for_update()
    )


def _others(session: Session, account: Account) -> list[Account]:
    """Return the process owners who are another human."""
    mine = human.accounts_of(session, [account.id])
    holders = session.scalars(
        select(Account)
        .join(AccountRole)
        .where(AccountRole.role == "process_owner", Account.disabled_at.is_(None))
        .order_by(Account.username)
    )
    return [one for one in holders.unique() if one.id not in mine]


def agree(application: Application, publication_id: UUID, actor: UUID) -> str:
    """Agree and publish exactly what was judged; return the id of the deployment."""
    with application.database.transaction() as session:
        account, asked = _to_answer(session, publication_id, actor)
        if not access.may(session, asked.asked_by, PUBLISH):
            raise ConflictError(told("Whoever asked is no process owner any more; refuse it."))
        row = judgement.find(session, asked.judgement_id)
        found = obstacles(session, row)
        if row.deployment_id != asked.deployment_id or id_of(row.manifest) != asked.deployment_id:
            found.append(CHANGED)
        if found:
            raise ConflictError(series([told("This cannot be published."), *found], " "))
        deployment = parsed(contents(session, row.manifest))
        if deployment.id != asked.deployment_id:
            raise ConflictError(
                told("What was judged is not what is stored; have it judged again.")
            )
        now = application.now(session)
        _answer(session, asked, account, now, AGREED, None)
        publish(session, deployment, at=now, by=asked.asked_by_id, note=asked.note)
        if asked.draft_id is not None:
            draft = session.get_one(WorkshopDraft, asked.draft_id)
            draft.state = DraftState.PUBLISHED.value
        _record(session, account, now, "agree", asked)
        _tell(application, session, "publication_agreed", [asked.asked_by], asked, now)
        return deployment.id


def refuse(application: Application, publication_id: UUID, actor: UUID, reason: str) -> None:
    """Refuse, with the reason for who asked; the draft stays open."""
    if not 0 < len(reason.strip()) <= LONGEST:
        raise InputError(
            told("Write why not, for whoever asked, in at most %(most)s characters.", most=LONGEST)
        )
    with application.database.transaction() as session:
        account, asked = _to_answer(session, publication_id, actor)
        now = application.now(session)
        _answer(session, asked, account, now, REFUSED, reason.strip())
        _record(session, account, now, "refuse", asked)
        _tell(application, session, "publication_refused", [asked.asked_by], asked, now)


def withdraw(application: Application, publication_id: UUID, actor: UUID) -> None:
    """Take back what one asked."""
    with application.database.transaction() as session:
        account = owner(session, actor)
        asked = _open(session, publication_id)
        if asked.asked_by_id != account.id:
            raise NotFoundError(NOT_HERE)
        now = application.now(session)
        _answer(session, asked, account, now, WITHDRAWN, None)
        _record(session, account, now, "withdraw", asked)


def _open(session: Session, publication_id: UUID) -> WorkshopPublication:
    """Return an asking that nobody has answered, locked: of two who answer at once one is late."""
    _lock_current(session, find(session, publication_id).profile)
    rows = session.scalars(
        select(WorkshopPublication)
        .where(WorkshopPublication.id == publication_id)
        .with_for_update(of=WorkshopPublication)
        .execution_options(populate_existing=True)
    )
    asked = rows.unique().one()
    if asked.outcome is not None:
        raise ConflictError(_answered(asked))
    return asked


def _to_answer(
    session: Session, publication_id: UUID, actor: UUID
) -> tuple[Account, WorkshopPublication]:
    account = owner(session, actor)
    asked = _open(session, publication_id)
    if not may_answer(session, account, asked):
        raise SeparationError(ONE_PERSON)
    return account, asked


def _answer(
    session: Session,
    asked: WorkshopPublication,
    account: Account,
    now: datetime,
    outcome: str,
    reason: str | None,
) -> None:
    asked.outcome, asked.reason = outcome, reason
    asked.answered_by_id, asked.answered_at = account.id, now
    session.flush()


def _record(
    session: Session, account: Account, now: datetime, deed: str, asked: WorkshopPublication
) -> None:
    audit.record(
        session,
        None,
        at=now,
        actor_id=account.id,
        event=f"workshop:publication:{deed}",
        subject=asked.id,
        deployment=asked.deployment_id,
        asked_by=str(asked.asked_by_id),
    )


def _tell(
    application: Application,
    session: Session,
    template: str,
    people: Iterable[Account],
    asked: WorkshopPublication,
    now: datetime,
) -> None:
    """Owe each a mail that says only that there is something to see."""
    for person in people:
        session.add(
            Job(
                kind="notice",
                key=f"{template}:{asked.id}:{person.id}",
                state=application.job_state("notice"),
                payload={"template": template, "account_id": str(person.id), "alone": True},
                run_after=now,
                created_at=now,
            )
        )
