"""People in every standing, around cases of every state and every kind of owed step."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert

from engine.database import Database
from engine.models import (
    Absence,
    Account,
    AccountRole,
    Case,
    CaseMember,
    CaseStanding,
    Deployment,
    Organisation,
    ProcessInstance,
    WorkItem,
)
from tests.authz import standing
from tests.authz.standing import DAY, NOW
from tests.authz.table import table

ROLES = {row["role"]: row for row in table("roles")}
STATES = [row["state"] for row in table("states")]
OWED = {row["step"]: row for row in table("owed")}
UNKNOWN_ROLE = "a_role_of_nobody"
NO_ROLE = "without_any_role"
DONE = "done"
"""The kind of step that is no longer owed."""
HOME, FAR = "home", "far"
ORDER = (
    Deployment,
    Organisation,
    Account,
    Absence,
    Case,
    ProcessInstance,
    WorkItem,
    CaseMember,
    CaseStanding,
    AccountRole,
)
"""In which rows may refer to each other, and roles come after the parts that they exclude."""


@dataclass(frozen=True)
class Someone:
    """One person. `group` is the role around whose cases the person stands."""

    id: UUID
    name: str
    role: str
    group: str
    standing: str
    house: str = HOME
    absent: "Someone | None" = None


@dataclass(frozen=True)
class Place:
    """One case: whose group stands around it, its state, and the one step owed in it, if any."""

    id: UUID
    group: str
    state: str
    step: str = ""
    item_id: UUID | None = None


@dataclass
class Gallery:
    """All people and cases, with the rows that make them."""

    people: list[Someone] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    houses: dict[str, UUID] = field(default_factory=dict)
    elsewhere: UUID = field(default_factory=lambda: UUID(int=1))
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)
    count: int = 1

    def new_id(self) -> UUID:
        """Return the next identifier: always the same ones, so that a failure comes again."""
        self.count += 1
        return UUID(int=self.count)

    def add(self, kind: Any, row: dict[str, Any]) -> None:
        """Keep a row to be written, by the columns that it has."""
        self.rows.setdefault((kind, tuple(sorted(row))), []).append(row)

    def write(self, connection: Connection) -> None:
        """Write all rows."""
        for kind in ORDER:
            for (other, _), rows in self.rows.items():
                if other is kind:
                    connection.execute(insert(kind), rows)


def build(
    database: Database, groups: tuple[str, ...] = tuple(ROLES), *, full: bool = True
) -> Gallery:
    """Fill an empty database, and return who and what is in it.

    Unless it is to be `full`, each step is owed in two states of a case for each group, other
    ones for other groups, so that steps and states still meet in every pair; and most standings
    of a deputy are held by one person of a group.
    """
    found = Gallery()
    found.add(
        Deployment, {"id": "d", "profile": "p", "manifest": {}, "note": "n", "published_at": NOW}
    )
    for code in (HOME, FAR):
        found.houses[code] = found.new_id()
        house = {"id": found.houses[code], "code": code, "name": code, "discipline": code}
        found.add(Organisation, house)
    _add_case(found, found.elsewhere, "open")
    for group in groups:
        _add_people(found, group, full=full)
        _add_places(found, group, full=full)
    with database.engine.begin() as connection:
        found.write(connection)
        # Else the planner takes the index of all open steps of a role, as in an empty database.
        connection.exec_driver_sql("ANALYZE")
    return found


def _fits(role: str, name: str) -> bool:
    """Say whether the database lets a role into a standing: who watches is a member of no case."""
    in_no_case = role in ROLES and ROLES[role]["takes_part"] == "no"
    return not (in_no_case and {"member", "unlike", "there:member"} & set(_rows_of(name)))


def _rows_of(name: str) -> list[str]:
    return standing.ROWS[name].split()


def _add_people(found: Gallery, group: str, *, full: bool) -> None:
    for name in standing.ROWS:
        if _fits(group, name):
            found.people.append(_add_person(found, group, group, name))
    for name in ("none", "member_unlike"):
        if _fits(group, name):
            found.people.append(_add_person(found, NO_ROLE, group, name))
    roles = list(ROLES)
    for number, (name, (own, away)) in enumerate(standing.THROUGH.items()):
        other = roles[(roles.index(group) + 1 + number) % len(roles)]
        many = full or name in {"deputy", "deputy_former", "deputy_of_recused"}
        wanted = {group, other, "dpo"} if many else {(group, other)[number % 2]}
        for role in sorted(wanted):
            if _fits(role, own) and _fits(group, own) and _fits(group, away):
                found.people.append(_add_deputy(found, role, group, name))


def _add_person(found: Gallery, role: str, group: str, name: str) -> Someone:
    person = Someone(found.new_id(), f"{group}:{role}:{name}", role, group, name)
    _add_account(found, person, name)
    return person


def _add_deputy(found: Gallery, role: str, group: str, name: str) -> Someone:
    own, away = standing.THROUGH[name]
    house = FAR if name == "deputy_other_house" else HOME
    title = f"{group}:{role}:{name}"
    if name == "deputy_of_deputy":
        absent = _add_middle(found, group, title)
    else:
        absent_role = _another(group) if name == "deputy_member_of_none" else group
        absent = Someone(found.new_id(), f"{title}:absent", absent_role, group, away, house)
        _add_account(found, absent, away)
    person = Someone(found.new_id(), title, role, group, name, HOME, absent)
    _add_account(found, person, own)
    found.people.append(absent)
    found.add(*standing.absence(name, absent.id, person.id, NOW))
    return person


def _another(group: str) -> str:
    """Return a role that reads other things, as which a deputy must not read elsewhere."""
    return "chair" if group == "intake_desk" else "intake_desk"


def _add_middle(found: Gallery, group: str, title: str) -> Someone:
    """Add somebody without any role who is away, and deputises for a member who is away too."""
    part = "member" if _fits(group, "member") else "none"
    far = Someone(found.new_id(), f"{title}:far", group, group, part)
    _add_account(found, far, part)
    found.people.append(far)
    name = "deputy" if part == "member" else "deputy_of_none"
    middle = Someone(found.new_id(), f"{title}:absent", NO_ROLE, group, name, HOME, far)
    _add_account(found, middle, "none")
    found.add(*standing.absence(name, far.id, middle.id, NOW))
    return middle


def _add_account(found: Gallery, person: Someone, rows: str) -> None:
    found.add(
        Account,
        {
            "id": person.id,
            "username": person.name,
            "display_name": person.name,
            "email": "a@example.org",
            "password_hash": "-",
            "organisation_id": found.houses[person.house],
            "created_at": NOW - 9 * DAY,
            "disabled_at": NOW - DAY if rows.startswith("disabled") else None,
        },
    )
    if person.role != NO_ROLE:
        found.add(AccountRole, {"account_id": person.id, "role": person.role})


def _add_places(found: Gallery, group: str, *, full: bool) -> None:
    shift = list(ROLES).index(group)
    for at, state in enumerate(STATES):
        for number, step in enumerate(("", *OWED)):
            if step == "late_decision" and group == "accountable_person":
                continue  # whoever owes it may do it, late or not
            if step and not full and (shift + number + at) % len(STATES) not in {0, 2}:
                continue
            place = Place(found.new_id(), group, state, step, found.new_id() if step else None)
            _add_case(found, place.id, state)
            _add_parts(
                found, place.id, group, without=OWED[step]["part"] == "free" if step else False
            )
            if step:
                _add_step(found, place)
            found.places.append(place)
    _add_parts(found, found.elsewhere, group, there=True)


def _add_parts(
    found: Gallery, case_id: UUID, group: str, *, without: bool = False, there: bool = False
) -> None:
    """Put a group into its standings; `without` anybody who takes part in its function."""
    for person in found.people:
        if person.group != group:
            continue
        rows = standing.THROUGH.get(person.standing, (person.standing, ""))[0]
        for kind, row in standing.periods(rows, person.id, group, case_id, NOW, there=there):
            if not (
                without and row["function"] == group and kind is CaseMember and not row["until"]
            ):
                found.add(kind, {"id": found.new_id(), **row})


def _add_case(found: Gallery, case_id: UUID, state: str) -> None:
    found.add(
        Case,
        {
            "id": case_id,
            "code": f"{case_id.int:09d}",
            "kind": "signal",
            "state": state,
            "deployment_id": "d",
            "created_at": NOW - 9 * DAY,
            "audit_sequence": 0,
            "audit_head": "",
        },
    )


def _add_step(found: Gallery, place: Place) -> None:
    how = OWED[place.step]
    roles = {"own": place.group, "other": UNKNOWN_ROLE}
    instance = found.new_id()
    found.add(
        ProcessInstance,
        {
            "id": instance,
            "case_id": place.id,
            "process_id": "p",
            "deployment_id": "d",
            "blob": b"",
            "revision": 1,
            "started_at": NOW - DAY,
        },
    )
    found.add(
        WorkItem,
        {
            "id": place.item_id,
            "instance_id": instance,
            "case_id": place.id,
            "token": str(place.item_id),
            "process_id": "p",
            "element_id": place.step,
            "name": place.step,
            "form_id": "f",
            "role": roles.get(how["role"], how["role"]),
            "desk": how["desk"] == "yes",
            "organisation_id": found.houses.get(how["house"]),
            "deputies": how["deputies"],
            "escalate_to": roles[how["escalated_to"]] if how["escalated_to"] else None,
            "escalated_at": NOW - DAY if how["escalated"] == "yes" else None,
            "created_at": NOW - 2 * DAY,
            "due_at": NOW + DAY,
            "state": "completed" if place.step == DONE else "open",
        },
    )
