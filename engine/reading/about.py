"""Whom a case is about and what came in; who reported is shielded (P34)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BindParameter, Uuid, bindparam, exists, select
from sqlalchemy.orm import Session

from engine.models import Case, Person, Signal, SignalSource
from engine.reading.viewer import REPORTER, SIGNAL, SUMMARY, Viewer


@dataclass(frozen=True)
class Report:
    """A report that came in. Who reported stands apart, see engine/reporter.py."""

    channel: str
    received_at: datetime
    urgent: bool
    text: str
    about: dict[str, str]
    has_source: bool
    """Whether somebody said who reported."""


@dataclass(frozen=True)
class About:
    """The person of a case and the reports about it; `confidential` when this reader sees none."""

    name: str = ""
    birth_date: date | None = None
    reports: list[Report] = field(default_factory=list)
    confidential: bool = False
    reads_source: bool = False
    """Whether the reader may open the page of who reported."""


def about(session: Session, case: Case, viewer: Viewer) -> About:
    """Return what the reader may know of the person and the reports; two statements."""
    if not (viewer.reads(SUMMARY) or viewer.reads(SIGNAL)):
        return About(confidential=True)
    told = {"case_id": case.id}
    person = session.scalars(_PERSON, told).one_or_none()
    signals = session.execute(_SIGNALS, told).all() if viewer.reads(SIGNAL) else []
    return About(
        name=person.name if person else "",
        birth_date=person.birth_date if person else None,
        reports=[_report(signal, person, has_source=named) for signal, named in signals],
        reads_source=viewer.reads(REPORTER),
    )


_THE_CASE: Final[BindParameter[UUID]] = bindparam("case_id", type_=Uuid())
_PERSON: Final = select(Person).where(Person.case_id == _THE_CASE)
_SIGNALS: Final = (
    select(
        Signal,
        exists().where(SignalSource.signal_id == Signal.id, SignalSource.case_id == Signal.case_id),
    )
    .where(Signal.case_id == _THE_CASE)
    .order_by(Signal.received_at)
)


def _report(signal: Signal, person: Person | None, *, has_source: bool) -> Report:
    return Report(
        channel=signal.channel,
        received_at=signal.received_at,
        urgent=signal.urgent,
        text=signal.text,
        about=_beyond(_words(signal.about), person),
        has_source=has_source,
    )


def _beyond(said: dict[str, str], person: Person | None) -> dict[str, str]:
    """Leave out what the case says about the person in the same words already."""
    known = {}
    if person is not None:
        born = person.birth_date.isoformat() if person.birth_date else ""
        known = {"name": person.name, "birth_date": born}
    return {key: value for key, value in said.items() if known.get(key) != value}


def _words(values: dict[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items() if value not in (None, "", [])}
