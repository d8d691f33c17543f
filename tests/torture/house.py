"""A small world with one human who has four accounts and two absent colleagues to stand in for.

`search` goes through every sequence of acts up to a length, on the real engine and a database in
memory; what leads to an equal state is not gone through twice.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import select, text, update

from engine import absence, accounts, demo, membership
from engine.database import Database
from engine.errors import CasetableError
from engine.models import (
    Account,
    Case,
    CasePartner,
    Contribution,
    Organisation,
    WorkItem,
    WorkItemState,
)
from engine.scenario_world import World
from engine.settings import ROOT

HUMAN = ("one.a", "one.b", "one.c", "one.d")
"""Two accounts at the police, two at the municipality, all of one human."""
ABSENT = ("away.k", "away.l")
"""Colleagues of the first two who are away; the human deputises for them."""
PEOPLE = {
    "one.a": ("police", ("partner", "chair", "process_coordinator", "agency_lead")),
    "one.b": ("police", ("partner", "chair", "content_coordinator", "agency_lead")),
    "one.c": ("municipality", ("chair",)),
    "one.d": ("municipality", ("dpo",)),
    "away.k": ("police", ("partner", "chair")),
    "away.l": ("police", ("partner", "process_coordinator")),
}
PARTS = (
    ("one.a", "partner"),
    ("one.a", "process_coordinator"),
    ("one.b", "partner"),
    ("one.b", "chair"),
    ("away.k", "partner"),
    ("away.k", "chair"),
    ("away.l", "partner"),
)


@dataclass(frozen=True)
class Act:
    """Something that the human tries; it may be refused."""

    name: str
    do: Callable[["House"], object]


@dataclass
class Tried:
    """What a search has gone through; `reached` is the shortest way to the effect."""

    states: int = 0
    acts: int = 0
    done: int = 0
    reached: tuple[str, ...] | None = None
    seen: dict[int, int] = field(default_factory=dict)


class House:
    """The world, and what an act needs of it."""

    def __init__(self, *, humans: int) -> None:
        starts = datetime(2026, 1, 15, 9, 0)  # noqa: DTZ001 - the world adds the profile's zone
        self.world = World(ROOT / "processes", "base", starts, {})
        self.application = self.world.application
        self.world.take("start", {"start": "signal_received"})
        self.case_id = cast("UUID", self.world._case_id)
        self.id: dict[str, UUID] = {}
        self._add_people(humans)
        for who, function in PARTS:
            self.take_part(who, function)
        self.contribution_id = self._contribute()

    def _add_people(self, humans: int) -> None:
        now = self.world.clock.now()
        with self.application.database.transaction() as session:
            for name, (organisation, roles) in PEOPLE.items():
                place = select(Organisation).where(Organisation.code == organisation)
                accounts.add_account(
                    session,
                    username=name,
                    display_name=name,
                    password_hash=demo._password_hash(),
                    organisation=session.scalars(place).one(),
                    roles=frozenset(roles),
                    email=f"{name}@example.org",
                    now=now,
                )
            session.flush()
            rows = session.execute(select(Account.username, Account.id))
            self.id = {row.username: row.id for row in rows}
            person = uuid4()
            for name in HUMAN if humans == 1 else ():
                one = update(Account).where(Account.username == name)
                session.execute(one.values(person_id=person))
        for absent, deputy in zip(ABSENT, HUMAN, strict=False):
            self.away(absent, deputy)

    def away(self, absent: str, deputy: str, by: str = "") -> None:
        """Enter an absence of some days."""
        today = self.world.today
        wish = absence.Wish(self.id[absent], self.id[deputy], today, today + timedelta(days=30))
        absence.enter(self.application, self.id[by or absent], wish)

    def take_part(self, who: str, function: str) -> None:
        """Give somebody a part in the case."""
        with membership.deed(self.application, self.case_id, None) as what:
            person = what.session.get_one(Account, self.id[who])
            given = {"granted_by_id": None, "legal_basis": None, "reason": "added"}
            membership.begin(what, person, function, **given)

    def _contribute(self) -> UUID:
        with self.application.database.transaction() as session:
            police = session.get_one(Account, self.id["away.k"]).organisation_id
            other = session.get_one(Account, self.id["youth.yara"]).organisation_id
            now = self.world.clock.now()
            for organisation in (police, other):
                part = {"case_id": self.case_id, "organisation_id": organisation}
                session.add(CasePartner(**part, joined_at=now))
            row = Contribution(
                case_id=self.case_id,
                by_id=self.id["away.k"],
                organisation_id=police,
                at=now,
                level="summary",
                concern=True,
                summary="A summary.",
                body="A body.",
                legal_basis="Covenant",
            )
            session.add(row)
            self.other_id = other
            return row.id

    def one(self, statement: Any) -> Any:
        """Return the first value of a statement; an act that finds nothing is refused."""
        with self.application.database.reading() as session:
            found = session.scalar(statement)
        if found is None:
            raise CasetableError("There is nothing to do it to.")
        return found

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, in order."""
        with self.application.database.reading() as session:
            return sorted((tuple(row) for row in session.execute(text(sql))), key=repr)

    @property
    def code(self) -> str:
        """The code of the case."""
        return str(self.one(select(Case.code).where(Case.id == self.case_id)))

    def item(self, element: str) -> UUID:
        """Return the id of an open step."""
        return cast(
            "UUID",
            self.one(
                select(WorkItem.id).where(
                    WorkItem.element_id == element, WorkItem.state == WorkItemState.OPEN.value
                )
            ),
        )


_STATE = """
SELECT account_id, function FROM case_member WHERE until IS NULL;
SELECT account_id, function, state, return_asked_by_id, ended_by_id, ended_as, reason
FROM case_standing;
SELECT account_id, deputy_id, ended_at IS NULL FROM absence;
SELECT audience_id, asked_by_id, asked_for_id, answered_by_id, answered_for_id, outcome
FROM sharing_request WHERE outcome IS NULL OR outcome = 'agreed';
SELECT organisation_id, level, by_id, agreed_by_id FROM contribution_share newest WHERE number =
(SELECT max(number) FROM contribution_share o WHERE o.organisation_id IS newest.organisation_id);
SELECT account_id, ended_at IS NULL FROM emergency_access;
SELECT part, account_id FROM emergency_review;
SELECT element_id, state, completed_by_id, completed_for_id, assignee_id FROM work_item;
SELECT account_id, role FROM account_role;
SELECT username, person_id IN (SELECT person_id FROM account o WHERE o.id <> account.id)
FROM account;
SELECT account_id, subject FROM provider_link;
SELECT kind, by_id FROM decision;
SELECT asked_by_id, answered_by_id, outcome, printed_at IS NULL FROM file_printing;
SELECT number, asked_by_id, outcome, reviewed_by_id, reviewed_for_id, answer, answered_by_id
FROM erasure_round
"""
STATE = _STATE.split(";")
"""What tells two states apart: who stands where and has done what; no instants, no random ids."""


def search(house: House, acts: Sequence[Act], effect: str, most: int) -> Tried:
    """Try every sequence of up to `most` acts; `effect` is a query that finds rows when reached."""
    tried = Tried()
    with closing(_saved(house)) as start:
        _go_on(house, acts, effect, most, tried, (), start)
        _restore(house, start)
    return tried


def _go_on(  # noqa: PLR0917 - what a step of the search hands on
    house: House,
    acts: Sequence[Act],
    effect: str,
    left: int,
    tried: Tried,
    path: tuple[str, ...],
    here: sqlite3.Connection,
) -> None:
    for act, key in _steps(house, acts, tried, here):
        way = (*path, act.name)
        if house.rows(effect):
            if tried.reached is None or len(way) < len(tried.reached):
                tried.reached = way
            continue
        if left > 1 and tried.seen.get(key, 0) < left - 1:
            tried.seen[key] = left - 1
            with closing(_saved(house)) as there:
                _go_on(house, acts, effect, left - 1, tried, way, there)


def _steps(
    house: House, acts: Sequence[Act], tried: Tried, here: sqlite3.Connection
) -> Iterator[tuple[Act, int]]:
    """Do each act from the same state; yield those that were not refused, with what they led to."""
    _restore(house, here)
    for act in acts:
        tried.acts += 1
        try:
            act.do(house)
        except CasetableError:
            continue
        tried.done += 1
        key = hash(repr([house.rows(one) for one in STATE]))
        tried.states += key not in tried.seen
        yield act, key
        _restore(house, here)


def _saved(house: House) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    with closing(_raw(house.application.database)) as current:
        cast("sqlite3.Connection", current.driver_connection).backup(copy)
    return copy


def _restore(house: House, saved: sqlite3.Connection) -> None:
    with closing(_raw(house.application.database)) as current:
        saved.backup(cast("sqlite3.Connection", current.driver_connection))


def _raw(database: Database) -> Any:
    return database.engine.raw_connection()
