"""The letterbox behind the public page: it lets in and gives nothing out but three words.

This module is all that the public page knows of the database (threat 1.2). It adds rows, looks
up a receipt by its keyed hash, and counts; it changes and deletes nothing and reads nothing that
anybody wrote, other than the desk's question to whoever holds the receipt. What comes in is
taken up by a job, so these pages run with a database role that can do no more
(engine/models/sight.py), where they are served on their own.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from engine.application import Application
from engine.attachment import Attachment
from engine.challenge import Challenge, ChallengeError
from engine.errors import ConflictError
from engine.language import gettext
from engine.models import (
    Case,
    CaseState,
    Episode,
    Job,
    ReportAnswer,
    ReportAttachment,
    ReportQuestion,
    Signal,
    SignalSource,
    SpentChallenge,
)
from engine.once import add_once
from engine.receipt import hash_receipt, receipt_of
from engine.sealing import fingerprint

HOUR = timedelta(hours=1)
TWICE = timedelta(minutes=2)
"""So soon after the first time, the same form again is a double click and gets the same code."""
MOST_WITH_FILES = 100
"""More reports than that in an hour: files are asked for later, so that the disk stays free."""
MOST = 1000
"""More than that in an hour cannot be read by any desk: senders are told, and so is its head."""
NOBODY = UUID(int=0)
PUBLIC_CHANNEL = "public_page"


@dataclass(frozen=True)
class Letter:
    """What somebody puts into the letterbox."""

    text: str
    about: Mapping[str, str]
    reporter: Mapping[str, str]
    urgent: bool = False
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Standing:
    """What the holder of a receipt sees: a word, and the desk's question when one is open."""

    state: str
    """`received`, `needs_information` or `closed`."""
    question: str = ""
    question_id: UUID | None = None


def load(session: Session, kind: str, now: datetime) -> int:
    """Return how much of a kind came in within the last hour."""
    recent = select(func.count()).where(SpentChallenge.kind == kind, SpentChallenge.at > now - HOUR)
    return session.scalar(recent) or 0


def drop_report(
    application: Application, letter: Letter, challenge: Challenge, now: datetime
) -> str:
    """Keep a report durably and return its receipt code; a job starts its case.

    `now` is the machine's time, by which challenges are counted.
    """
    key = application.settings.report_key
    code = receipt_of(key, challenge.id)
    with application.database.transaction() as session:
        is_first = _spend(session, key, challenge, now)
        if is_first:
            at = application.now(session)
            signal_id = _add_signal(session, letter, hash_receipt(key, code), at)
            _add_files(session, signal_id, None, letter.files, at)
            _owe(session, "report_arrived", signal_id, at)
    return code


def _add_signal(session: Session, letter: Letter, receipt_hash: str, at: datetime) -> UUID:
    signal = Signal(
        id=uuid4(),
        receipt_hash=receipt_hash,
        channel=PUBLIC_CHANNEL,
        about=dict(letter.about),
        text=letter.text,
        urgent=letter.urgent,
        received_at=at,
    )
    session.add(signal)
    session.flush()
    if letter.reporter:
        session.add(SignalSource(signal_id=signal.id, said=dict(letter.reporter), at=at))
    return signal.id


def _add_files(
    session: Session,
    signal_id: UUID,
    case_id: UUID | None,
    files: tuple[Attachment, ...],
    at: datetime,
) -> None:
    session.add_all(
        ReportAttachment(
            signal_id=signal_id,
            case_id=case_id,
            name=file.name,
            media_type=file.media_type,
            size=len(file.content),
            sha256=file.sha256,
            content=file.content,
            at=at,
        )
        for file in files
    )


def _owe(session: Session, kind: str, subject: UUID, at: datetime) -> None:
    session.add(
        Job(
            kind=kind,
            key=f"{kind}:{subject}",
            payload={"id": str(subject)},
            run_after=at,
            created_at=at,
        )
    )


def _spend(session: Session, key: bytes, challenge: Challenge, now: datetime) -> bool:
    """Use up a challenge; False: it was used a moment ago, so this is the same click again."""
    mark = fingerprint(key, "spent", challenge.id)
    if add_once(session, SpentChallenge(fingerprint=mark, kind=challenge.kind, at=now)):
        return True
    before = select(SpentChallenge.at).where(SpentChallenge.fingerprint == mark)
    if now - session.scalars(before).one() > TWICE:
        raise ConflictError(gettext("This was sent already. Open the page again to send more."))
    return False


def tell_refusal(application: Application, now: datetime) -> None:
    """Owe the head of the desk the news that reports were turned away, once an hour."""
    with application.database.transaction() as session:
        at = application.now(session)
        notice = Job(
            kind="notice",
            key=f"reports_refused:{now:%Y%m%d%H}",
            state=application.job_state("notice"),
            payload={"template": "reports_refused", "role": "desk_head"},
            run_after=at,
            created_at=at,
        )
        add_once(session, notice)


def look_up(
    application: Application, code: str, challenge: Challenge, now: datetime
) -> Standing | None:
    """Return how far the report of a receipt code is, None for a code that is none.

    A wrong code runs the same statements as a right one, and makes the next attempts dearer.
    Raise ChallengeError when the challenge was used: each look costs one of its own.
    """
    with application.database.transaction() as session:
        standing, _ = _find(session, application.settings.report_key, code)
        spent = challenge if standing else replace(challenge, kind="miss")
        if not _spend(session, application.settings.report_key, spent, now):
            # Threat: one challenge would pay for any number of guesses.
            raise ChallengeError(gettext("Please send it again."), stale=True)
    return standing


def drop_answer(
    application: Application,
    code: str,
    text: str,
    files: tuple[Attachment, ...],
    challenge: Challenge,
    now: datetime,
) -> bool:
    """Keep the answer to the desk's open question; False when none is open for this code."""
    key = application.settings.report_key
    with application.database.transaction() as session:
        is_first = _spend(session, key, challenge, now)
        standing, row = _find(session, key, code)
        if not is_first:
            return True
        if standing is None or row is None or standing.question_id is None:
            return False
        at = application.now(session)
        answer = ReportAnswer(
            id=uuid4(), case_id=row.case_id, question_id=standing.question_id, text=text, at=at
        )
        if not add_once(session, answer):
            return False
        _add_files(session, row.id, row.case_id, files, at)
        _owe(session, "answer_arrived", answer.id, at)
    return True


def _find(session: Session, key: bytes, code: str) -> tuple[Standing | None, Any]:
    """Return the standing of a code and the ids of its signal; always the same statements."""
    wanted = hash_receipt(key, code)
    hold_receipt(session, wanted)
    row = session.execute(
        select(Signal.id, Signal.receipt_hash, Signal.case_id).where(Signal.receipt_hash == wanted)
    ).one_or_none()
    signal_id, case_id = (row.id, row.case_id or NOBODY) if row else (NOBODY, NOBODY)
    is_open = is_first_look_open(session, case_id)
    question = _open_question(session, signal_id)
    if row is None or not hmac.compare_digest(row.receipt_hash or "", wanted):
        return None, None
    if row.case_id is not None and not is_open:
        return Standing("closed"), row
    if question is not None:
        return Standing("needs_information", question.text, question.id), row
    return Standing("received"), row


def hold_receipt(session: Session, receipt_hash: str) -> None:
    """Show the database which receipt is held: the letterbox's role sees rows of no other one."""
    if session.get_bind().dialect.name == "postgresql":
        held = func.set_config("casetable.receipt", receipt_hash, true())
        session.execute(select(held))


def is_first_look_open(session: Session, case_id: UUID) -> bool:
    """Say whether the intake of a case still runs.

    Whether there is a case after it, and how that goes on, is nobody's business but the partners'.
    """
    row = session.execute(
        select(Case.state, Episode.stage, Episode.number)
        .join(Episode, Episode.case_id == Case.id)
        .where(Case.id == case_id)
        .order_by(Episode.number.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.state != CaseState.OPEN.value:
        return False
    return row.number == 1 and row.stage in {"", "intake"}


def _open_question(session: Session, signal_id: UUID) -> Any:
    """Return the newest question when it has no answer; a later one replaces those before it."""
    row = session.execute(
        select(ReportQuestion, ReportAnswer.id.label("answer_id"))
        .outerjoin(ReportAnswer, ReportAnswer.question_id == ReportQuestion.id)
        .where(ReportQuestion.signal_id == signal_id)
        .order_by(ReportQuestion.number.desc())
        .limit(1)
    ).one_or_none()
    return row.ReportQuestion if row is not None and row.answer_id is None else None
