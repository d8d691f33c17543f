"""How cases begin: signals, announcements, the start of an episode, reopening."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from engine import access
from engine.application import Application
from engine.errors import ConflictError, NotFoundError
from engine.language import gettext
from engine.lifecycle import LIFECYCLE, STARTS
from engine.linked_file import new_file
from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseMember,
    CaseState,
    Episode,
    InstanceState,
    ProcessInstance,
    ReportAttachment,
    Signal,
    SignalSource,
)
from engine.once import add_once
from engine.outcome import Outcome
from engine.receipt import hash_receipt, new_receipt, receipt_of
from engine.separate_file import first_of
from engine.turn import Turn, new_instance


@dataclass(frozen=True)
class Report:
    """A concern as somebody brought it in."""

    text: str
    channel: str
    about: Mapping[str, Any]
    """Who it is about, as the reporter put it: `name`, `birth_date`, `school`, ..."""
    reporter: Mapping[str, Any]
    """Who reports, if they say so: only the intake desk sees it (P34)."""
    urgent: bool = False


@dataclass(frozen=True)
class Receipt:
    """What a reporter takes away: a code to come back with, nothing about the person."""

    code: str
    case_id: UUID


def report_concern(
    application: Application,
    report: Report,
    *,
    kind: str = "signal",
    received_by: UUID | None = None,
    key: str = "",
) -> Receipt:
    """Take in a concern or an announcement (P11) and start its episode; give a receipt.

    One transaction: a reporter who holds a receipt can be sure that the desk has the signal.
    The same key of the same person again gives the first receipt, and no second case (R16).
    """
    secret = application.settings.report_key
    code = receipt_of(secret, f"desk:{received_by}:{key}") if key else new_receipt()
    with application.database.transaction() as session:
        account = session.get(Account, received_by) if received_by else None
        now = application.now(session)
        signal = Signal(
            id=uuid4(),
            receipt_hash=hash_receipt(secret, code),
            channel=report.channel,
            about=dict(report.about),
            text=report.text,
            urgent=report.urgent,
            received_at=now,
            received_by_id=received_by,
        )
        if not add_once(session, signal):
            first = select(Case.id).join(Signal, Signal.case_id == Case.id)
            same = Signal.receipt_hash == hash_receipt(secret, code)
            return Receipt(code, session.scalars(first.where(same)).one())
        if report.reporter:
            session.add(SignalSource(signal_id=signal.id, said=dict(report.reporter), at=now))
        case = _open_case(application, session, kind, now)
        _assign(session, signal, case)
        _start_episode(application, session, case, signal, actor=account, now=now)
        return Receipt(code, case.id)


def take_in(application: Application, session: Session, signal_id: UUID) -> UUID:
    """Start the case of a report that lies in the letterbox; return the case, also the next time.

    The public page only adds rows (engine/letterbox.py); what they lead to begins here.
    """
    signal = session.scalars(
        select(Signal).where(Signal.id == signal_id).with_for_update(of=Signal)
    ).one()
    if signal.case_id is not None:
        return signal.case_id
    now = application.now(session)
    case = _open_case(application, session, "signal", now)
    session.flush()
    _assign(session, signal, case)
    _start_episode(application, session, case, signal, actor=None, now=now)
    return case.id


def _assign(session: Session, signal: Signal, case: Case) -> None:
    """Let what came with a signal belong to its case, so that it is erased with it."""
    session.flush()
    signal.case_id = case.id
    tables: tuple[Any, ...] = (SignalSource, ReportAttachment)
    for table in tables:
        # Row by row and whole: what was sealed for no case is sealed anew for this one.
        rows = select(table).where(table.signal_id == signal.id).options(undefer("*"))
        for row in session.scalars(rows):
            row.case_id = case.id
    session.flush()


def _open_case(application: Application, session: Session, kind: str, now: datetime) -> Case:
    deployment = application.deployment(session)
    case = new_file(kind, deployment.id, now, first_of(deployment.profile.files))
    session.add(case)
    desk = session.scalars(
        select(AccountRole.account_id)
        .join(Account, Account.id == AccountRole.account_id)
        .where(
            AccountRole.role == "intake_desk",
            Account.disabled_at.is_(None),
            # Else one such account would keep every report from being taken in.
            ~Account.roles.any(AccountRole.role.in_(access.IN_NO_CASE)),
        )
    )
    session.add_all(
        CaseMember(case_id=case.id, account_id=member, function="intake_desk", since=now)
        for member in desk
    )
    return case


def _start_episode(
    application: Application,
    session: Session,
    case: Case,
    signal: Signal,
    *,
    actor: Account | None,
    now: datetime,
) -> Outcome:
    instance, episode = add_episode(session, case, case.deployment_id, now)
    session.flush()
    turn = Turn(application, session, instance, now=now, actor=actor)
    turn.audit("case:signal:receive", signal.id, channel=signal.channel, kind=case.kind)
    turn.begin(
        STARTS[case.kind],
        {"case_type": case.kind, "episode_number": episode.number, "start_phase": None}
        | ({"file": case.file} if case.file else {}),
    )
    return turn.settle()


def add_episode(
    session: Session, case: Case, deployment_id: str, now: datetime
) -> tuple[ProcessInstance, Episode]:
    """Add the rows of a new episode; its instance is started by the caller."""
    instance = new_instance(session, case, LIFECYCLE, deployment_id, now)
    highest = session.scalar(select(func.max(Episode.number)).where(Episode.case_id == case.id))
    episode = Episode(
        id=uuid4(),
        case_id=case.id,
        number=(highest or 0) + 1,
        instance_id=instance.id,
        closing_round=0,
        stage="",
        outcome="",
        started_at=now,
    )
    episode.case = case
    instance.episode = episode
    session.add(episode)
    return instance, episode


REOPENING = "reopening"


def request_reopening(application: Application, case_id: UUID, account_id: UUID) -> Outcome:
    """Start the reopening of a case that has ended, as a person's deed (P89, L12).

    Judged under the lock: the file may be erased, reopened or left between a look and the start.
    """
    with application.database.transaction() as session:
        case = session.scalar(select(Case).where(Case.id == case_id).with_for_update(of=Case))
        account = session.get_one(Account, account_id)
        if case is None:
            raise NotFoundError(gettext("This case does not exist, or it is not for you."))
        access.require(session, account, "case:reopen", case)
        if case.state not in {CaseState.CLOSED.value, CaseState.ENDED.value}:
            raise ConflictError(gettext("This case is still open; there is nothing to reopen."))
        running = session.scalar(
            select(ProcessInstance.id).where(
                ProcessInstance.case_id == case.id,
                ProcessInstance.process_id == REOPENING,
                ProcessInstance.status == InstanceState.RUNNING.value,
            )
        )
        if running is not None:
            raise ConflictError(gettext("This has already been asked for; see what is owed next."))
        now = application.now(session)
        deployment = application.deployments.get(session, case.deployment_id)
        instance = new_instance(session, case, REOPENING, deployment.id, now)
        session.flush()
        absent = access.acting_for_in(session, account, "case:reopen", case)
        turn = Turn(application, session, instance, now=now, actor=account, behalf=absent)
        turn.audit(f"case:{REOPENING}:start", instance.id)
        turn.begin("reopening_requested", {})
        return turn.settle()
