"""Questions about who watches: over what could not be done, and over emergency accesses."""

from datetime import timedelta
from uuid import UUID

from engine import access
from engine.models import EmergencyAccess, Incident
from engine.reading import incident as incident_reading
from tests.authz import oracle
from tests.authz.gallery import Place, Someone
from tests.authz.hall import Hall, compared
from tests.authz.standing import NOW

TIMES = {
    "runs": (NOW + timedelta(hours=1), None, NOW),
    "ended": (NOW + timedelta(hours=1), NOW - timedelta(hours=1), NOW),
    "over": (NOW, None, NOW),
    "unasked": (NOW + timedelta(hours=1), None, None),
}
"""Of an emergency access: when it ends, when it was ended, and the instant at which is asked."""


def on_incident(hall: Hall, person: Someone, place: Place | None, role: str) -> str:
    """Who looks after what could not be done."""
    role = place.group if place and role == "own" else role
    expected = oracle.owns_incident(person, place, role)
    found = Incident(owner_role=role, case_id=place.id if place else None)
    given = access.may(hall.session, hall.accounts[person.id], "incident:retry", found)
    return compared(expected, given, f"incident of {role}")


def in_incidents(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """Whose list shows what could not be done: of the own role, and not of a case kept from one."""
    del asked
    if person.standing in oracle.DISABLED:
        return ""
    found = Incident(
        key=str(place.id),
        case_id=place.id,
        element_id="e",
        message="m",
        owner_role=place.group,
        created_at=NOW,
    )
    with hall.session.begin_nested() as save:
        hall.session.add(found)
        hall.session.flush()
        given = bool(incident_reading.incidents(hall.session, hall.accounts[person.id]))
        save.rollback()
    own = oracle.STANDINGS[oracle.standing_at(person, place), "own"]
    expected = person.role == place.group and own["role"] == "yes"
    return compared(expected, given, "incident in the list")


def on_emergency(hall: Hall, person: Someone, place: Place, asked: tuple[str, str, bool]) -> str:
    """Who reads by an emergency access, ends it, and watches over it."""
    action, time, own = asked
    ends_at, ended_at, at = TIMES[time]
    found = EmergencyAccess(
        case=hall.cases[place.id],
        case_id=place.id,
        account_id=person.id if own else UUID(int=0),
        ends_at=ends_at,
        ended_at=ended_at,
    )
    expected = oracle.emergency(person, place, action, time, own=own)
    given = access.may(hall.session, hall.accounts[person.id], action, found, at=at)
    return compared(expected, given, f"{action} {time} {'own' if own else 'of another'}")
