"""What a reporter and the intake desk tell each other, each kind in a table of its own (P34, P38).

The public page only adds rows here; the desk alone reads them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Code, Id
from engine.models.sealed import BYTES, Sealed, SealedJson, SealedText


class SignalSource(Base):
    """Who reported, as far as somebody said so; apart from the signal, for the desk alone (A3)."""

    __tablename__ = "signal_source"

    id: Mapped[Id]
    signal_id: Mapped[UUID] = mapped_column(ForeignKey("signal.id"), index=True)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("casework_case.id"), index=True)
    said: Mapped[SealedJson] = mapped_column(default=dict)
    """`name` and `contact` as the reporter gave them, or the shielded answers of a step."""
    at: Mapped[datetime]
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """Who of the desk found it out; empty: the reporter said so."""


class ReportQuestion(Base):
    """What the desk asks the reporter back; only the newest one is shown there."""

    __tablename__ = "report_question"

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    signal_id: Mapped[UUID] = mapped_column(ForeignKey("signal.id"), index=True)
    number: Mapped[int]
    """Counts the questions of one signal."""
    text: Mapped[SealedText]
    at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))


class ReportAnswer(Base):
    """The reporter's answer to one question; the key lets it be answered once."""

    __tablename__ = "report_answer"

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    question_id: Mapped[UUID] = mapped_column(ForeignKey("report_question.id"), unique=True)
    text: Mapped[SealedText]
    at: Mapped[datetime]


class ReportAttachment(Base):
    """A file of the reporter as it was rewritten, without what it told besides its picture."""

    __tablename__ = "report_attachment"

    id: Mapped[Id]
    signal_id: Mapped[UUID] = mapped_column(ForeignKey("signal.id"), index=True)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("casework_case.id"), index=True)
    name: Mapped[SealedText]
    """What the reporter calls it: shown as text, never used as the name of a download."""
    media_type: Mapped[Code]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(Sealed(BYTES), deferred=True)
    at: Mapped[datetime]


class SpentChallenge(Base):
    """A challenge that was used: the key lets it be used once. Nothing leads to a report or person.

    Its rows of the last hour are the measure of how much comes in.
    """

    __tablename__ = "spent_challenge"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[Code]
    """`report`, `answer`, `look_up`, `miss` (a look-up with a code that is none)."""
    at: Mapped[datetime] = mapped_column(index=True)
