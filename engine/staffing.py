"""Watches that every queue has two able people, of whom one is there (P36, security.md 2.2).

A queue is a role that owes steps or to which overdue ones come. It is looked at by the worker at
each look; a shortage is an incident with an owner, who is told, until people are there again.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import CompoundSelect, and_, bindparam, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.access import IN_NO_CASE
from engine.application import Application
from engine.deployment import ResolvedDeployment
from engine.deputy import away, in_force, is_away
from engine.incident import OWNER
from engine.language import gettext, parts_of, source_of
from engine.models import Absence, Account, AccountRole, CurrentDeployment, Incident, Job
from engine.models.base import at_most, other_than
from engine.policy import NOT_DELEGATED
from engine.profile import NOT_DELEGATED_VALUE

ENOUGH = 2
KIND = "queue"
LAST_RESORT = "operator"
"""Who owns the shortage of those who own shortages."""


@dataclass(frozen=True)
class Queue:
    """One role that owes steps: how many hold it, and how many of them or their deputies work."""

    role: str
    able: int
    there: int

    @property
    def is_short(self) -> bool:
        """Say whether what comes to this role may wait unseen."""
        return self.able < ENOUGH or self.there == 0


def short_queues(application: Application, session: Session) -> list[Queue]:
    """Return the queues that are short now, by role; none before anything is published.

    Who holds a role is read one by one only where two people are not there, so that it costs no
    more in a country than in a town.
    """
    # Held, so that it need not be read again for the deployment.
    current = session.get(CurrentDeployment, application.settings.profile)
    if current is None:
        return []
    now = application.now(session)
    deployment = application.deployments.get(session, current.deployment_id)
    owing = deployment.roles_that_owe
    doubtful = owing - _well_staffed(session, owing, now)
    found = _queues(session, deployment, sorted(doubtful), now) if doubtful else []
    return [queue for queue in found if queue.is_short]


def _well_staffed(session: Session, roles: frozenset[str], now: datetime) -> set[str]:
    """Return those roles that enough people hold who are there themselves; one statement."""
    given = {f"role_{number}": role for number, role in enumerate(sorted(roles))}
    there = Counter(session.scalars(_holders(len(roles)), given | {"now": now})) if roles else {}
    return {role for role, count in there.items() if count >= ENOUGH}


@cache
def _holders(number: int) -> CompoundSelect[str]:
    """Return the statement for up to enough holders of each of some roles who are there.

    Put together once: it runs at each look of a worker.
    """
    parts = [
        select(AccountRole.role)
        .join(Account, Account.id == AccountRole.account_id)
        .where(
            AccountRole.role == bindparam(f"role_{one}"),
            Account.disabled_at.is_(None),
            ~is_away(Account.id, bindparam("now")),
        )
        .limit(at_most(ENOUGH))
        .subquery()
        .select()
        for one in range(number)
    ]
    return union_all(*parts)


def _queues(
    session: Session, deployment: ResolvedDeployment, roles: list[str], now: datetime
) -> list[Queue]:
    """Return the queues of some roles, counted; three statements at most."""
    rows = session.execute(
        select(AccountRole.role, Account.id, Absence.deputy_id)
        .join(Account, Account.id == AccountRole.account_id)
        .outerjoin(Absence, and_(Absence.account_id == Account.id, in_force(now)))
        .where(AccountRole.role.in_(roles), Account.disabled_at.is_(None))
    ).all()
    standing: list[tuple[str, UUID, UUID | None]] = [(row[0], row[1], row[2]) for row in rows]
    working = _working(session, {deputy for _, _, deputy in standing if deputy is not None})
    kept = NOT_DELEGATED | set(deployment.profile.values.get(NOT_DELEGATED_VALUE) or ())
    able: dict[str, set[UUID]] = {role: set() for role in roles}
    there: dict[str, set[UUID]] = {role: set() for role in roles}
    for role, account_id, deputy_id in standing:
        able[role].add(account_id)
        if deputy_id is None:
            there[role].add(account_id)
        elif deputy_id in working and role not in kept:
            there[role].add(deputy_id)
    return [Queue(role, len(able[role]), len(there[role])) for role in roles]


def _working(session: Session, deputies: set[UUID]) -> set[UUID]:
    """Return those of some deputies who are there themselves."""
    if not deputies:
        return set()
    enabled = session.scalars(
        select(Account).where(Account.id.in_(deputies), Account.disabled_at.is_(None))
    ).unique()
    able = {one.id for one in enabled if not IN_NO_CASE & one.role_codes}
    return able - away(session, deputies)


@dataclass(frozen=True)
class Shortages:
    """The queues that are short by the keys of their incidents, and whether these say so."""

    short: Mapping[str, Queue]
    said: Mapping[str, str]
    is_known: bool


def look(application: Application, session: Session) -> Shortages:
    """Return which queues are short, and whether their owners have been told."""
    short = {_key(one): one for one in short_queues(application, session)}
    said = {key: _message(application, session, one) for key, one in short.items()}
    known = {key: incident.message for key, incident in _open_incidents(session).items()}
    return Shortages(short, said, known == _english(said))


def tell(application: Application, found: Shortages) -> None:
    """Raise an incident for each queue that is short, and settle those of queues that are not.

    Nothing is written when nothing has changed, so it costs a look no more than reading.
    """
    if not found.is_known:
        with application.database.transaction() as session:
            _settle(application, session, found.said, found.short)


def watch(application: Application) -> list[Queue]:
    """Look at all queues and tell of them; return those that are short."""
    with application.database.reading() as session:
        found = look(application, session)
    tell(application, found)
    return list(found.short.values())


def _key(queue: Queue) -> str:
    return f"{KIND}:{queue.role}"


_SHORTAGES: Final = select(Incident).where(
    Incident.key.startswith(f"{KIND}:"), other_than(Incident.state, "resolved")
)


def _open_incidents(session: Session) -> dict[str, Incident]:
    return {incident.key: incident for incident in session.scalars(_SHORTAGES)}


def _message(application: Application, session: Session, queue: Queue) -> str:
    name = application.deployment(session).profile.role_name(queue.role)
    if queue.there == 0:
        return gettext(
            "%(role)s: nobody is there. Name a deputy, or give the role to somebody.", role=name
        )
    return gettext(
        "%(role)s: only %(able)s of %(enough)s people. Give the role to one more.",
        role=name,
        able=queue.able,
        enough=ENOUGH,
    )


def _english(said: Mapping[str, str]) -> dict[str, str]:
    return {key: source_of(message) for key, message in said.items()}


def _settle(
    application: Application, session: Session, said: Mapping[str, str], short: Mapping[str, Queue]
) -> None:
    now = application.now(session)
    known = _open_incidents(session)
    for key, incident in known.items():
        if key not in said:
            incident.state, incident.resolved_at, incident.retry_at = "resolved", now, None
    for key, message in said.items():
        incident = known.get(key) or _reopened(session, key, now)
        english = source_of(message)
        if incident.message != english or incident.state != "waiting_for_owner":
            incident.message, incident.said = english, parts_of(message)
            incident.state = "waiting_for_owner"
            incident.retry_at, incident.resolved_at = None, None
            incident.owner_role = _owner(short[key])
            _tell(application, session, incident, now)


def _owner(queue: Queue) -> str:
    return LAST_RESORT if queue.role == OWNER and queue.there == 0 else OWNER


def _reopened(session: Session, key: str, now: datetime) -> Incident:
    """Return the incident of a queue, new or from an earlier shortage; two workers make one."""
    row: dict[str, Any] = {
        "id": uuid4(),
        "key": key,
        "element_id": "",
        "message": "",
        "stimulus": {"kind": KIND},
        "owner_role": OWNER,
        "state": "resolved",
        "attempts": 0,
        "created_at": now,
    }
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(Incident).values(row).on_conflict_do_nothing())
    found = session.scalars(
        select(Incident)
        .where(Incident.key == key)
        .with_for_update(of=Incident)
        .execution_options(populate_existing=True)
    ).one()
    found.created_at, found.attempts = now, found.attempts + 1
    return found


def _tell(application: Application, session: Session, incident: Incident, now: datetime) -> None:
    session.add(
        Job(
            kind="notice",
            key=f"queue_short:{uuid4()}",
            state=application.job_state("notice"),
            payload={"template": "queue_short", "role": incident.owner_role},
            run_after=now,
            created_at=now,
        )
    )
