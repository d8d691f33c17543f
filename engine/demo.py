"""The demonstration: people, organisations and a clock that can be moved."""

from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy import select

from engine import accounts, agenda, due
from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.demo_cast import ALLOW_TO_BE_NAMED, cast_of
from engine.deployment import ResolvedDeployment, publish_shipped, resolve
from engine.errors import CasetableError
from engine.models import Account, DemoClock, HitAllowance, Organisation

PASSWORD = "demonstration only"  # noqa: S105 - printed at every demo start


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
        cast = cast_of(deployment.profile, settings.processes_dir)
        organisations = {
            code: Organisation(
                code=code, name=name, discipline=discipline, contact=f"{code}@example.org"
            )
            for code, name, discipline in cast.organisations
        }
        session.add_all(organisations.values())
        session.flush()
        session.add_all(
            HitAllowance(
                organisation_id=organisations[code].id, audience_id=organisation.id, at=now
            )
            for code in ALLOW_TO_BE_NAMED & organisations.keys()
            for organisation in organisations.values()
            if organisation.code != code
        )
        password_hash = _password_hash()
        for person in cast.people:
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
        upcoming = agenda.next_due(session)
    if upcoming is None:
        return 0
    control = DemoClockControl(application)
    return due.advance(application, control, max(upcoming, datetime.now(UTC) - timedelta(days=1)))
