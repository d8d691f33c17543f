"""What the people of an organisation opened in a week, for its lead: counts, no case (S13).

Threat: somebody of an agency looks up a neighbour or browses. The lead reads no case and learns
none here: numbers of cases, never their codes.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Account, AuditEntry
from engine.profile import Profile

OPENED = "case:file:read"
EMERGENCY = "case:file:break_glass"
ASKED = "person:identity:ask"
REFUSED = ("case:file:refuse", "case:search:miss")
"""Asked for a case that is not the person's, or that there is none of."""
COUNTED = (OPENED, EMERGENCY, ASKED, *REFUSED)
MANY_REFUSED = 5
"""So many refused look-ups in a week are more than slips."""
EARLY, LATE = 6, 22
"""Hours between which work is usual."""


@dataclass(frozen=True)
class ReaderLine:
    """One person in one week."""

    name: str
    cases: int
    most_in_a_day: int
    refused: int
    emergencies: int
    questions: int
    unusual: tuple[str, ...]
    """What the lead may want to talk about, as words' codes."""


@dataclass(frozen=True)
class ReaderReport:
    """One week of an organisation: its first and last day, and a line for each person."""

    first: date
    last: date
    lines: list[ReaderLine]


def week_of(day: date) -> tuple[date, date]:
    """Return Monday and Sunday of the week of a day."""
    first = day - timedelta(days=day.weekday())
    return first, first + timedelta(days=6)


def reader_report(
    session: Session, organisation_id: UUID, profile: Profile, day: date
) -> ReaderReport:
    """Return the report of the week in which a day lies, what is unusual first."""
    first, last = week_of(day)
    start = datetime.combine(first, time(), profile.zone)
    end = datetime.combine(last + timedelta(days=1), time(), profile.zone)
    people = session.execute(
        select(Account.id, Account.display_name)
        .where(Account.organisation_id == organisation_id)
        .order_by(Account.display_name)
    ).all()
    rows = session.execute(
        select(AuditEntry.actor_id, AuditEntry.event, AuditEntry.case_id, AuditEntry.at).where(
            AuditEntry.actor_id.in_([row.id for row in people]),
            AuditEntry.event.in_(COUNTED),
            AuditEntry.at >= start,
            AuditEntry.at < end,
        )
    ).all()
    by_person: dict[UUID, list[Any]] = {}
    for row in rows:
        by_person.setdefault(row.actor_id, []).append(row)
    lines = [_line(row.display_name, by_person.get(row.id, []), profile) for row in people]
    lines.sort(key=lambda line: not line.unusual)
    return ReaderReport(first, last, lines)


def _line(name: str, rows: Iterable[Any], profile: Profile) -> ReaderLine:
    found = list(rows)
    events = Counter(row.event for row in found)
    opened = [
        (row.at.astimezone(profile.zone), row.case_id) for row in found if row.event == OPENED
    ]
    by_day = Counter(day for day, _ in {(at.date(), case_id) for at, case_id in opened})
    line = ReaderLine(
        name=name,
        cases=len({case_id for _, case_id in opened}),
        most_in_a_day=max(by_day.values(), default=0),
        refused=sum(events[event] for event in REFUSED),
        emergencies=events[EMERGENCY],
        questions=events[ASKED],
        unusual=(),
    )
    at_night = any(not EARLY <= at.hour < LATE for at, _ in opened)
    return ReaderLine(**{**vars(line), "unusual": _unusual(line, profile, at_night=at_night)})


def _unusual(line: ReaderLine, profile: Profile, *, at_night: bool) -> tuple[str, ...]:
    """Name what is out of the ordinary: facts to ask about, no judgement on anybody."""
    facts = (
        ("many_cases", line.most_in_a_day > int(profile.values.get("reading_step_up", 60))),
        ("many_refused", line.refused >= MANY_REFUSED),
        ("emergencies", line.emergencies > 0),
        ("many_questions", line.questions >= int(profile.values.get("identity_queries", 20))),
        ("at_night", at_night),
    )
    return tuple(code for code, holds in facts if holds)
