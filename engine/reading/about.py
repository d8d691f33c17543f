"""Whom a case is about and what came in; who reported is shielded (P34)."""

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Case, Person, Signal
from engine.reading.viewer import CONTENT, REPORTER, SIGNAL, Viewer


@dataclass(frozen=True)
class Report:
    """A report that came in; `reporter` is empty for everybody but the intake desk."""

    channel: str
    received_at: datetime
    urgent: bool
    text: str
    about: dict[str, str]
    reporter: dict[str, str]
    reporter_shielded: bool


@dataclass(frozen=True)
class About:
    """The person of a case and the reports about it; `confidential` when this reader sees none."""

    name: str = ""
    birth_date: date | None = None
    reports: list[Report] = field(default_factory=list)
    confidential: bool = False


def about(session: Session, case: Case, viewer: Viewer) -> About:
    """Return what the reader may know of the person and the reports; two statements."""
    if not (viewer.reads(CONTENT) or viewer.reads(SIGNAL)):
        return About(confidential=True)
    person = session.scalars(select(Person).where(Person.case_id == case.id)).one_or_none()
    signals = (
        session.scalars(
            select(Signal).where(Signal.case_id == case.id).order_by(Signal.received_at)
        ).all()
        if viewer.reads(SIGNAL)
        else []
    )
    return About(
        name=person.name if person else "",
        birth_date=person.birth_date if person else None,
        reports=[_report(signal, viewer) for signal in signals],
    )


def _report(signal: Signal, viewer: Viewer) -> Report:
    reads = viewer.reads(REPORTER)
    return Report(
        channel=signal.channel,
        received_at=signal.received_at,
        urgent=signal.urgent,
        text=signal.text,
        about=_words(signal.about),
        reporter=_words(signal.reporter) if reads else {},
        reporter_shielded=bool(signal.reporter) and not reads,
    )


def _words(values: dict[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items() if value not in (None, "", [])}
