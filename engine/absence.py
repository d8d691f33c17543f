"""Absences: who is away, who deputises, entered by the person or for somebody who cannot (P36).

Access by deputising begins and ends by the clock alone (engine/deputy.py); nothing has to run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, Uuid, bindparam, or_, select
from sqlalchemy.orm import Session, joinedload

from engine import access, audit
from engine.application import Application
from engine.calendar import instant
from engine.deputy import in_force, may_deputise
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.models import Absence, Account, Job
from engine.models.base import Instant

LONGEST = timedelta(days=366)
LONGEST_NOTE = 300


class AbsenceError(InputError):
    """An absence that is incomplete or not possible; `field` is what has to be mended."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Wish:
    """What somebody wants to enter."""

    person: UUID
    deputy: UUID | None
    first_day: date | None
    last_day: date | None
    note: str = ""


def deputies_for(session: Session, person: Account) -> list[Account]:
    """Return who may deputise for a person, by name."""
    everybody = session.scalars(
        select(Account)
        .where(Account.disabled_at.is_(None), Account.id != person.id)
        .options(joinedload(Account.organisation))
        .order_by(Account.display_name, Account.username)
    ).unique()
    return [one for one in everybody if may_deputise(one, person)]


def enter(application: Application, by_id: UUID, wish: Wish) -> UUID:
    """Enter an absence and return its id; the deputy is told, and the person if another wrote it.

    Raise NotFoundError when the writer may not do it for this person, AbsenceError with the mend
    when the absence is not possible.
    """
    with application.database.transaction() as session:
        by = session.get_one(Account, by_id)
        person = _lock_person(session, wish.person)
        access.require(session, by, "absence:enter", person)
        now = application.now(session)
        zone = application.deployment(session).profile.zone
        first, last = _days(wish, now.astimezone(zone).date())
        row = Absence(
            account_id=person.id,
            first_day=first,
            last_day=last,
            starts_at=max(now, instant(datetime.combine(first, time()), zone)),
            ends_at=instant(datetime.combine(last + timedelta(days=1), time()), zone),
            note=_note(wish.note),
            by_id=by.id,
            at=now,
        )
        row.deputy_id = _deputy(session, by, person, wish, row).id
        _check_free(session, person, row)
        session.add(row)
        session.flush()
        _record(session, row, by, now, "enter")
        _tell(application, session, row, by, now)
        return row.id


def _lock_person(session: Session, person_id: UUID) -> Account:
    """Return the person, locked: two absences at once would both find the time free."""
    found = session.scalars(
        select(Account).where(Account.id == person_id).with_for_update(of=Account)
    ).unique()
    person = found.one_or_none()
    if person is None or person.disabled_at is not None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return person


def _days(wish: Wish, today: date) -> tuple[date, date]:
    if wish.first_day is None or wish.first_day < today:
        raise AbsenceError("first_day", gettext("Choose today or a later day as the first day."))
    if wish.last_day is None or wish.last_day < wish.first_day:
        raise AbsenceError(
            "last_day", gettext("Choose a last day that is not before the first day.")
        )
    if wish.last_day - today > LONGEST:
        raise AbsenceError(
            "last_day", gettext("Choose a last day within a year; enter it again then.")
        )
    return wish.first_day, wish.last_day


def _note(written: str) -> str | None:
    note = written.strip()
    if len(note) > LONGEST_NOTE:
        raise AbsenceError(
            "note",
            gettext("A note has at most %(longest_note)s characters.", longest_note=LONGEST_NOTE),
        )
    return note or None


def _deputy(session: Session, by: Account, person: Account, wish: Wish, row: Absence) -> Account:
    found = session.get(Account, wish.deputy) if wish.deputy else None
    if found is None or found.disabled_at is not None or not may_deputise(found, person):
        raise AbsenceError("deputy", gettext("Choose somebody from the list to deputise."))
    if by.id != person.id and (
        found.id == by.id or found.organisation_id != person.organisation_id
    ):
        # Threat: who enters absences of others would hand itself, or friends, their cases.
        raise AbsenceError(
            "deputy",
            gettext("For somebody else, choose a colleague of that person other than yourself."),
        )
    if _overlapping(session, found, row):
        raise AbsenceError(
            "deputy",
            gettext(
                "%(display_name)s is away too; choose somebody else.",
                display_name=found.display_name,
            ),
        )
    return found


def _check_free(session: Session, person: Account, row: Absence) -> None:
    if _overlapping(session, person, row):
        raise AbsenceError(
            "first_day",
            gettext("An absence is entered for some of these days; end that one first."),
        )


def _overlapping(session: Session, person: Account, row: Absence) -> bool:
    found = session.scalar(
        select(Absence.id)
        .where(
            Absence.account_id == person.id,
            Absence.ended_at.is_(None),
            Absence.starts_at < row.ends_at,
            Absence.ends_at > row.starts_at,
        )
        .limit(1)
    )
    return found is not None


def end(application: Application, absence_id: UUID, by_id: UUID) -> None:
    """End an absence now, or withdraw one that has not begun: the deputy's access ends with it."""
    with application.database.transaction() as session:
        row = session.scalars(
            select(Absence).where(Absence.id == absence_id).with_for_update(of=Absence)
        ).one_or_none()
        by = session.get_one(Account, by_id)
        if row is None:
            raise NotFoundError(gettext("This page does not exist, or it is not for you."))
        access.require(session, by, "absence:end", row)
        now = application.now(session)
        if row.ended_at is not None or row.ends_at <= now:
            raise ConflictError(gettext("This absence is over already."))
        row.ended_at, row.ended_by_id = now, by.id
        _record(session, row, by, now, "end")


def _record(session: Session, row: Absence, by: Account, now: datetime, deed: str) -> None:
    audit.record(
        session,
        None,
        at=now,
        actor_id=by.id,
        event=f"account:absence:{deed}",
        subject=row.id,
        person=str(row.account_id),
        deputy=str(row.deputy_id),
        first=row.first_day.isoformat(),
        last=row.last_day.isoformat(),
    )


def _tell(
    application: Application, session: Session, row: Absence, by: Account, now: datetime
) -> None:
    told = {"deputy_named": row.deputy_id}
    if by.id != row.account_id:
        told["absence_entered"] = row.account_id
    for template, account_id in told.items():
        session.add(
            Job(
                kind="notice",
                key=f"{template}:{row.id}",
                state=application.job_state("notice"),
                payload={"template": template, "account_id": str(account_id), "alone": True},
                run_after=now,
                created_at=now,
            )
        )


def own_absences(session: Session, account: Account, now: datetime) -> list[Absence]:
    """Return the absences of a person that are not over, the first one first."""
    return _not_over(session, now, Absence.account_id == account.id)


def deputising(session: Session, account: Account, now: datetime) -> list[Absence]:
    """Return the absences that are not over and in which a person deputises."""
    return _not_over(session, now, Absence.deputy_id == account.id)


def standing(session: Session, account: Account, now: datetime) -> Sequence[Absence]:
    """Return what counts at this instant: the own absence, and those that one deputises in."""
    return session.scalars(_STANDING, {"reader": account.id, "now": now}).unique().all()


def of_others(session: Session, account: Account, now: datetime) -> list[Absence]:
    """Return the absences that are not over of everybody for whom a person may enter one."""
    rows = _not_over(session, now, Absence.account_id != account.id)
    return [row for row in rows if access.may(session, account, "absence:enter", row.account)]


def people_to_enter_for(session: Session, account: Account) -> list[Account]:
    """Return everybody for whom a person may enter an absence, by name, without the person."""
    everybody = session.scalars(
        select(Account)
        .where(Account.disabled_at.is_(None), Account.id != account.id)
        .options(joinedload(Account.organisation))
        .order_by(Account.display_name, Account.username)
    ).unique()
    return [one for one in everybody if access.may(session, account, "absence:enter", one)]


def _not_over(session: Session, now: datetime, *conditions: ColumnElement[bool]) -> list[Absence]:
    return list(session.scalars(_absences(Absence.ends_at > now, *conditions)).unique())


def _absences(*conditions: ColumnElement[bool]) -> Select[Absence]:
    return (
        select(Absence)
        .where(Absence.ended_at.is_(None), *conditions)
        .options(joinedload(Absence.account), joinedload(Absence.deputy))
        .order_by(Absence.starts_at, Absence.id)
    )


_ME: Final[BindParameter[UUID]] = bindparam("reader", type_=Uuid())
_STANDING: Final = _absences(
    or_(Absence.account_id == _ME, Absence.deputy_id == _ME),
    in_force(bindparam("now", type_=Instant())),
)
