"""The demonstration: people, organisations and a clock that can be moved."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy import select

from engine import accounts, due
from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.deployment import ResolvedDeployment, publish_shipped, resolve
from engine.errors import CasetableError
from engine.models import Account, DemoClock, HitAllowance, Organisation

PASSWORD = "demonstration only"  # noqa: S105 - printed at every demo start

ORGANISATIONS = (
    ("municipality", "Municipality of Rivertown", "municipality"),
    ("police", "Police, Rivertown district", "police"),
    ("youth_work", "Youth Work Rivertown", "youth_work"),
    ("school", "Harbour College", "education"),
    ("mental_health", "Mental Health Service East", "mental_health"),
    ("family_support", "Family Support Centre", "family_support"),
    ("child_protection", "Child Protection Board", "child_protection"),
)

ALLOW_TO_BE_NAMED = ("municipality", "police", "youth_work")
"""Organisations that let the others learn that they know somebody."""


@dataclass(frozen=True)
class DemoPerson:
    """One demo account."""

    username: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    what: str


PEOPLE = (
    DemoPerson("intake.anna", "Anna Visser", "municipality", ("intake_desk",), "intake desk"),
    DemoPerson("intake.bram", "Bram Jansen", "municipality", ("intake_desk",), "intake desk"),
    DemoPerson("chair.clara", "Clara de Boer", "municipality", ("chair",), "chairs the table"),
    DemoPerson("chair.cora", "Cora Hendriks", "municipality", ("chair",), "second chair"),
    DemoPerson(
        "process.daan",
        "Daan Smit",
        "municipality",
        ("process_coordinator",),
        "process coordinator",
    ),
    DemoPerson(
        "process.dina",
        "Dina Mulder",
        "municipality",
        ("process_coordinator",),
        "process coordinator",
    ),
    DemoPerson(
        "content.emma",
        "Emma Bakker",
        "municipality",
        ("content_coordinator",),
        "content coordinator",
    ),
    DemoPerson(
        "content.erik",
        "Erik Meijer",
        "municipality",
        ("content_coordinator",),
        "content coordinator",
    ),
    DemoPerson("mayor.fatima", "Fatima Amrani", "municipality", ("accountable_person",), "mayor"),
    DemoPerson(
        "deputy.farid",
        "Farid Haddad",
        "municipality",
        ("accountable_person",),
        "deputy mayor",
    ),
    DemoPerson(
        "head.greta",
        "Greta Postma",
        "municipality",
        ("desk_head",),
        "head of the desk",
    ),
    DemoPerson(
        "head.hanna", "Hanna Peters", "municipality", ("desk_head",), "second head of the desk"
    ),
    DemoPerson("police.peter", "Peter Dekker", "police", ("partner",), "partner: police"),
    DemoPerson("youth.yara", "Yara Kok", "youth_work", ("partner",), "partner: youth work"),
    DemoPerson("school.sofia", "Sofia Vos", "school", ("partner",), "partner: school"),
    DemoPerson("health.hugo", "Hugo Maas", "mental_health", ("partner",), "partner: mental health"),
    DemoPerson(
        "care.karin", "Karin Blom", "family_support", ("partner",), "partner: family support"
    ),
    DemoPerson(
        "child.chris", "Chris Kuiper", "child_protection", ("partner",), "partner: child protection"
    ),
    DemoPerson("lead.lars", "Lars Hoekstra", "municipality", ("agency_lead",), "leads its people"),
    DemoPerson("lead.petra", "Petra Blok", "police", ("agency_lead",), "leads the police's people"),
    DemoPerson("privacy.paula", "Paula Vries", "municipality", ("dpo",), "data-protection officer"),
    DemoPerson("privacy.milan", "Milan Vos", "municipality", ("dpo",), "second officer"),
    DemoPerson("operator.otto", "Otto Kramer", "municipality", ("operator",), "runs the system"),
    DemoPerson("owner.olga", "Olga Prins", "municipality", ("process_owner",), "process owner"),
    DemoPerson(
        "owner.oscar", "Oscar Brink", "municipality", ("process_owner",), "second process owner"
    ),
)


@cache
def _password_hash() -> str:
    """Hash the printed password once: scenarios make this world many times over."""
    return accounts.HASHER.hash(PASSWORD)


def seed(application: Application, deployment: ResolvedDeployment | None = None) -> bool:
    """Publish the shipped processes and add the demo people; say whether it was the first time.

    A scenario hands in its own deployment, in which profile values may be replaced.

    All demo accounts share one printed password and so one hash: hashing it for each
    would only make the first start slow.
    """
    settings = application.settings
    deployment = deployment or resolve(settings.processes_dir, settings.profile)
    with application.database.transaction() as session:
        now = application.now(session)
        publish_shipped(session, deployment, at=now)
        application.deployments.remember(deployment)
        if session.scalar(select(Account.id).limit(1)) is not None:
            return False
        organisations = {
            code: Organisation(
                code=code, name=name, discipline=discipline, contact=f"{code}@example.org"
            )
            for code, name, discipline in ORGANISATIONS
        }
        session.add_all(organisations.values())
        session.flush()
        session.add_all(
            HitAllowance(
                organisation_id=organisations[code].id, audience_id=organisation.id, at=now
            )
            for code in ALLOW_TO_BE_NAMED
            for organisation in organisations.values()
            if organisation.code != code
        )
        password_hash = _password_hash()
        for person in PEOPLE:
            accounts.add_account(
                session,
                username=person.username,
                display_name=person.name,
                organisation=organisations[person.organisation],
                roles=frozenset(person.roles),
                email=f"{person.username}@example.org",
                now=now,
                password_hash=password_hash,
            )
    return True


class DemoClockControl:
    """Moves the clock of a demo database; the offset is kept in the database for all processes."""

    def __init__(self, application: Application) -> None:
        if not application.settings.demo:
            raise CasetableError("Only the clock of a demo database can be moved.")
        self._application = application

    def now(self) -> datetime:
        """Return the demo's current instant."""
        return self._application.clock.now()

    def set(self, instant: datetime) -> None:
        """Move forward to `instant`; a demo clock never runs backwards."""
        with self._application.database.transaction() as session:
            now = self._application.now(session)
            ahead = (instant - now).total_seconds()
            if ahead <= 0:
                return
            row = session.get(DemoClock, 1)
            if row is None:
                row = DemoClock(id=1, offset_seconds=0)
                session.add(row)
            # Whole seconds, rounded up: a timer must really be due afterwards.
            row.offset_seconds += int(ahead) + 1


def advance_clock(application: Application, duration: str) -> int:
    """Move the demo clock by an ISO duration and do all that becomes due, in order."""
    control = DemoClockControl(application)
    with application.database.reading() as session:
        zone = application.deployment(session).profile.zone
    target = occurrence(control.now(), parse_duration(duration), 1, zone)
    return due.advance(application, control, target)


def advance_to_next(application: Application) -> int:
    """Move the demo clock to the next instant at which something is due."""
    with application.database.reading() as session:
        upcoming = due.next_due(session)
    if upcoming is None:
        return 0
    control = DemoClockControl(application)
    return due.advance(application, control, max(upcoming, datetime.now(UTC) - timedelta(days=1)))
