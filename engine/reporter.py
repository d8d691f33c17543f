"""The desk and the reporter: who reported, what was asked back and answered, and the files (P34).

Only the intake desk comes here. Every reading of who reported and every download is on record.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from engine import access, audit
from engine.application import Application
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.letterbox import is_first_look_open
from engine.models import (
    Account,
    Case,
    ReportAnswer,
    ReportAttachment,
    ReportQuestion,
    Signal,
    SignalSource,
)
from engine.once import id_of

LONGEST = 2_000
SHORTEST = 5


@dataclass(frozen=True)
class Asked:
    """One question with its answer. `state` is `answered`, `open` or `replaced`."""

    text: str
    at: datetime
    by: str
    state: str
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True)
class Source:
    """One statement of who reported: by the reporter, or found out by the desk."""

    said: dict[str, str]
    at: datetime
    by: str


@dataclass(frozen=True)
class Reporter:
    """All that the desk has of one report besides its text."""

    signal_id: UUID
    channel: str
    received_at: datetime
    sources: list[Source]
    asked: list[Asked]
    files: list[ReportAttachment]


def reporters(session: Session, case_id: UUID) -> list[Reporter]:
    """Return the reports of a case with who reported, questions and files; newest first."""
    signals = session.scalars(
        select(Signal).where(Signal.case_id == case_id).order_by(Signal.received_at.desc())
    ).all()
    names = _names(session)
    return [
        Reporter(
            signal.id,
            signal.channel,
            signal.received_at,
            _sources(session, signal.id, names),
            _asked(session, signal.id, names),
            _files(session, signal.id),
        )
        for signal in signals
    ]


def _names(session: Session) -> dict[UUID, str]:
    rows = session.execute(select(Account.id, Account.display_name))
    return {row.id: row.display_name for row in rows}


def _sources(session: Session, signal_id: UUID, names: dict[UUID, str]) -> list[Source]:
    rows = session.scalars(
        select(SignalSource).where(SignalSource.signal_id == signal_id).order_by(SignalSource.at)
    )
    return [
        Source(_words(row.said), row.at, names.get(row.by_id, "") if row.by_id else "")
        for row in rows
    ]


def _words(said: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in said.items() if value not in (None, "", [])}


def _asked(session: Session, signal_id: UUID, names: dict[UUID, str]) -> list[Asked]:
    rows = session.execute(
        select(ReportQuestion, ReportAnswer)
        .outerjoin(ReportAnswer, ReportAnswer.question_id == ReportQuestion.id)
        .where(ReportQuestion.signal_id == signal_id)
        .order_by(ReportQuestion.number.desc())
    ).all()
    return [
        _exchange(question, answer, names, is_newest=number == 0)
        for number, (question, answer) in enumerate(rows)
    ]


def _exchange(
    question: ReportQuestion,
    answer: ReportAnswer | None,
    names: dict[UUID, str],
    *,
    is_newest: bool,
) -> Asked:
    unanswered = "open" if is_newest else "replaced"
    return Asked(
        question.text,
        question.at,
        names.get(question.by_id, ""),
        "answered" if answer else unanswered,
        answer.text if answer else "",
        answer.at if answer else None,
    )


def _files(session: Session, signal_id: UUID) -> list[ReportAttachment]:
    return list(
        session.scalars(
            select(ReportAttachment)
            .where(ReportAttachment.signal_id == signal_id)
            .order_by(ReportAttachment.at, ReportAttachment.id)
        )
    )


def may_ask(session: Session, case_id: UUID) -> bool:
    """Say whether the reporter can still be asked back: while the first look lasts."""
    return is_first_look_open(session, case_id)


def ask(
    application: Application,
    case_id: UUID,
    signal_id: UUID,
    account_id: UUID,
    text: str,
    *,
    key: str = "",
) -> UUID:
    """Ask the reporter back (P38), once for each key; it waits behind the receipt code.

    Raise InputError for a text that is none, ConflictError once the first look is over: a later
    question would tell the reporter that a case goes on.
    """
    words = text.strip()
    if not SHORTEST <= len(words) <= LONGEST:
        raise InputError(
            gettext("Write the question, in at most %(longest)s characters.", longest=LONGEST)
        )
    with application.database.transaction() as session:
        case = _lock(session, case_id)
        access.require(session, session.get_one(Account, account_id), "report:ask", case)
        signal = session.get(Signal, signal_id)
        if signal is None or signal.case_id != case.id:
            raise NotFoundError(gettext("There is no such report, or not for this person."))
        if not is_first_look_open(session, case.id):
            raise ConflictError(
                gettext("The first look is over, so the reporter is not asked any more.")
            )
        question_id = id_of(key, account_id, signal.id)
        if session.get(ReportQuestion, question_id) is not None:
            return question_id
        now = application.now(session)
        question = ReportQuestion(
            id=question_id,
            case_id=case.id,
            signal_id=signal.id,
            number=_next_number(session, signal.id),
            text=words,
            at=now,
            by_id=account_id,
        )
        session.add(question)
        _record(session, case, now, account_id, "case:report:ask", question.id)
        return question.id


def _lock(session: Session, case_id: UUID) -> Case:
    """Return the locked case: its audit chain must not fork."""
    case = session.scalar(select(Case).where(Case.id == case_id).with_for_update(of=Case))
    if case is None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return case


def _next_number(session: Session, signal_id: UUID) -> int:
    last = session.scalar(
        select(func.max(ReportQuestion.number)).where(ReportQuestion.signal_id == signal_id)
    )
    return (last or 0) + 1


def note_source_reading(application: Application, case_id: UUID, account_id: UUID) -> None:
    """Write that somebody is about to be shown who reported, before it is shown (A3, S13)."""
    with application.database.transaction() as session:
        case = _lock(session, case_id)
        access.require(session, session.get_one(Account, account_id), "report:read", case)
        now = application.now(session)
        _record(session, case, now, account_id, "case:source:read", case.id)


def fetch(
    application: Application, case_id: UUID, attachment_id: UUID, account_id: UUID
) -> ReportAttachment:
    """Return a file of a report for download; that it was fetched is on record first."""
    with application.database.transaction() as session:
        case = _lock(session, case_id)
        access.require(session, session.get_one(Account, account_id), "report:read", case)
        found = session.scalar(
            select(ReportAttachment)
            .where(ReportAttachment.id == attachment_id, ReportAttachment.case_id == case.id)
            .options(undefer(ReportAttachment.content))
        )
        if found is None:
            raise NotFoundError(gettext("There is no such file, or not for this person."))
        now = application.now(session)
        _record(session, case, now, account_id, "case:attachment:download", found.id)
        return found


def record_answer(application: Application, session: Session, answer_id: UUID) -> Case:
    """Write the arrival of an answer into the trail of its case; return the locked case."""
    answer = session.get_one(ReportAnswer, answer_id)
    case = _lock(session, answer.case_id)
    _record(session, case, application.now(session), None, "case:report:answer", answer.id)
    return case


def _record(
    session: Session, case: Case, now: datetime, actor_id: UUID | None, event: str, subject: UUID
) -> None:
    audit.record(session, case, at=now, actor_id=actor_id, event=event, subject=subject)
