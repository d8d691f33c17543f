"""Two files about one person that are kept apart, and everybody around them, by rows alone.

Who is there, and what each of them may and sees in either file, is said by apart.csv, which was
written from decision 90 and the access model. Here its people are put into the database, and its
words are asked of the program.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, emergency
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.linked_file import linked_files
from engine.models import (
    Absence,
    Account,
    AccountRole,
    Base,
    Case,
    CaseLink,
    CaseMember,
    CaseStanding,
    Deployment,
    EmergencyAccess,
    Incident,
    LegalHold,
    Organisation,
    ProcessInstance,
    WorkItem,
)
from engine.profile import Profile
from engine.reading.emergency import watched
from engine.reading.hold import hold_of, holds
from engine.reading.viewer import viewer_of
from tests.authz.standing import DAY, NOW
from tests.authz.table import table
from tests.conftest import make_settings

FIRST, SECOND = "first", "second"
FILES = {
    FIRST: {
        "file": "security",
        "roles": " intake_desk desk_head security_group accountable_person ",
        "steward": "desk_head",
    },
    SECOND: {
        "file": "care",
        "roles": " chair process_coordinator content_coordinator partner accountable_person ",
        "steward": "chair",
    },
}
OWED = {FIRST: ("intake_desk", True), SECOND: ("process_coordinator", False)}
"""The role that owes a step in each file, and whether it is one of a desk."""
PEOPLE = table("apart")
ELSEWHERE = {"person": "somebody_else", "roles": "", "house": "home"}
"""Who opened both files in an emergency, so that others watch over it."""
MEMBER = "read print watch speaks"
"""What being a member gives; the table says `member`."""
ACTIONS = {
    "print": "case:print",
    "own": "case:own",
    "readers": "case:audit",
    "name": "case:member:name",
    "reopen": "case:reopen",
}
READ = ("case:read", "case:write", "case:event", "case:opinion")
REPORT = ("report:read", "report:ask")
AREAS = ("signal", "content", "summary", "actions", "reporter")
HIDDEN = {"opens", "hold"}
"""What gives no row of the file to a reading session: both are asked of the engine."""


@dataclass
class TwoFiles:
    """Two files in a database, and who is around them."""

    session: Session
    profile: Profile
    cases: dict[str, Case] = field(default_factory=dict)
    people: dict[str, Account] = field(default_factory=dict)
    items: dict[str, WorkItem] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    able: dict[str, set[UUID]] = field(default_factory=dict)


def expected(row: dict[str, str], file: str) -> set[str]:
    """Return the words of the table about a person and a file."""
    return set(row[file].replace("member", MEMBER).split())


def objections(world: TwoFiles) -> Iterator[str]:
    """Give what speaks against the table."""
    for file in FILES:
        able = access.able_accounts(world.session, world.items[file])
        world.able[file] = {one.id for one in able}
    for row in PEOPLE:
        for file in FILES:
            wrong = expected(row, file) ^ set(given(world, row["person"], file))
            if wrong:
                yield f"{row['person']} at the {file} file: {' '.join(sorted(wrong))}"


def given(world: TwoFiles, person: str, file: str) -> Iterator[str]:
    """Give in words of the table what the program lets a person do and see at a file."""
    session, account, case = world.session, world.people[person], world.cases[file]
    yield from _of_case(session, account, case)
    yield from _of_step(world, account, file)
    if access.may(session, account, "case:read", case):
        viewer = viewer_of(session, case, account, world.profile)
        yield from (area for area in AREAS if viewer.reads(area))
    if linked_files(session, account, case):
        yield "link"
    if access.may(session, account, "incident:read", world.incidents[file]):
        yield "incident"
    yield from _of_emergency(world, account, case)
    yield from _of_hold(world, account, case)


def _both(word: str, *said: bool) -> Iterator[str]:
    """Give a word where all ways to ask say yes; where they differ, a word of no table."""
    if all(said):
        yield word
    elif any(said):
        yield f"{word}:{said}"


def _of_case(session: Session, account: Account, case: Case) -> Iterator[str]:
    listed = select(Case.id).where(Case.id == case.id, access.visible_cases(session, account))
    shown = session.scalar(listed) is not None
    yield from _both("read", shown, *(access.may(session, account, one, case) for one in READ))
    for word, action in ACTIONS.items():
        if access.may(session, account, action, case):
            yield word
    yield from _both("report", *(access.may(session, account, one, case) for one in REPORT))
    if access.speaker(session, account, case.id) is not None:
        yield "speaks"


def _of_step(world: TwoFiles, account: Account, file: str) -> Iterator[str]:
    session, item = world.session, world.items[file]
    listed = select(WorkItem.id).where(
        WorkItem.id == item.id, access.visible_work_items(session, account)
    )
    yield from _both(
        "step",
        session.scalar(listed) is not None,
        access.may(session, account, "work_item:complete", item),
        access.may(session, account, "work_item:read", item),
        account.id in world.able[file],
    )


def _of_emergency(world: TwoFiles, account: Account, case: Case) -> Iterator[str]:
    session = world.session
    here = select(EmergencyAccess).where(EmergencyAccess.case_id == case.id)
    all_of_case = session.scalars(here.order_by(EmergencyAccess.id)).unique().all()
    other = next(one for one in all_of_case if one.account_id != account.id)
    yield from _both(
        "watch",
        access.may(session, account, "emergency:watch", other, at=NOW),
        other.id in {one.id for one in watched(session, account)},
    )
    for own in all_of_case:
        mine = own.account_id == account.id
        if mine and access.may(session, account, "emergency:read", own, at=NOW):
            yield "opened"
    if emergency.may_open(account, world.profile) and emergency._opens_to(
        session, case, account, world.profile
    ):
        yield "opens"


def _of_hold(world: TwoFiles, account: Account, case: Case) -> Iterator[str]:
    session, profile = world.session, world.profile
    hold = session.scalars(select(LegalHold).where(LegalHold.case_id == case.id)).one()
    yield from _both(
        "hold",
        hold.id in {one.id for one in holds(session, account, profile)},
        hold_of(session, account, hold.id, profile) is not None,
    )


class Builder:
    """Writes the rows of the two files and of everybody around them."""

    def __init__(self, session: Session) -> None:
        self.session, self._count = session, 0
        self.houses: dict[str, UUID] = {}
        self.cases: dict[str, UUID] = {}

    def new_id(self) -> UUID:
        """Return the next identifier: always the same ones, so that a failure comes again."""
        self._count += 1
        return UUID(int=0xA0000 + self._count)

    def write(self) -> None:
        """Write everything."""
        add = self.session.add
        deployment = {"id": "d", "profile": "p", "manifest": {}, "note": "n", "published_at": NOW}
        add(Deployment(**deployment))
        for code in ("home", "far"):
            self.houses[code] = self.new_id()
            house = {"id": self.houses[code], "code": code, "name": code, "discipline": code}
            add(Organisation(**house))
        self.session.flush()
        for name, columns in FILES.items():
            self._write_file(name, columns)
        add(CaseLink(case_id=self.cases[FIRST], other_case_id=self.cases[SECOND], kind="file"))
        ids = {row["person"]: self.new_id() for row in (*PEOPLE, ELSEWHERE)}
        for row in (*PEOPLE, ELSEWHERE):
            self._write_person(ids[row["person"]], row)
        self.session.flush()
        for row in PEOPLE:
            self._write_parts(ids[row["person"]], row)
        for row in PEOPLE:
            if row["stands_in_for"]:
                self._write_absence(ids[row["stands_in_for"]], ids[row["person"]])
        self._write_beside(ids)
        self.session.flush()

    def _write_file(self, name: str, columns: dict[str, str]) -> None:
        case = self.cases[name] = self.new_id()
        plain = {"kind": "signal", "state": "open", "deployment_id": "d", "created_at": NOW}
        head = {"audit_sequence": 0, "audit_head": ""}
        self.session.add(Case(id=case, code=f"{case.int:09d}", **plain, **head, **columns))
        instance = self.new_id()
        self.session.flush()
        self.session.add(
            ProcessInstance(
                id=instance,
                case_id=case,
                process_id="p",
                deployment_id="d",
                blob=b"",
                revision=1,
                started_at=NOW,
            )
        )
        self.session.flush()
        role, desk = OWED[name]
        item = self.new_id()
        owed: dict[str, Any] = {"role": role, "desk": desk, "deputies": "anybody", "form_id": "f"}
        place = {"process_id": "p", "element_id": "owed", "name": "owed", "token": str(item)}
        self.session.add(
            WorkItem(
                id=item,
                instance_id=instance,
                case_id=case,
                created_at=NOW,
                due_at=NOW + DAY,
                state="open",
                **owed,
                **place,
            )
        )

    def _write_person(self, account_id: UUID, row: dict[str, str]) -> None:
        self.session.add(
            Account(
                id=account_id,
                username=row["person"],
                display_name=row["person"],
                email="a@example.org",
                password_hash="-",
                organisation_id=self.houses[row["house"]],
                created_at=NOW,
                roles=[AccountRole(role=one) for one in row["roles"].split()],
            )
        )

    def _write_parts(self, account_id: UUID, row: dict[str, str]) -> None:
        for file in FILES:
            kinds = row[f"in_{file}"].split()
            if "member" in kinds or "former" in kinds:
                until = NOW - DAY if "former" in kinds else None
                part = {"function": _function(row, file), "since": NOW - 9 * DAY, "until": until}
                case = {"case_id": self.cases[file], "account_id": account_id}
                self.session.add(CaseMember(id=self.new_id(), **case, **part))
                self.session.flush()
            for state in {"recused", "suspended"} & set(kinds):
                standing = {"state": state, "function": "partner", "reason": "friend"}
                self.session.add(
                    CaseStanding(
                        id=self.new_id(),
                        case_id=self.cases[file],
                        account_id=account_id,
                        since=NOW - DAY,
                        **standing,
                    )
                )
            if "opened" in kinds:
                self._write_emergency(account_id, row["house"], file)

    def _write_emergency(self, account_id: UUID, house: str, file: str) -> None:
        case = {"case_id": self.cases[file], "account_id": account_id}
        times = {"opened_at": NOW - DAY, "ends_at": NOW + DAY, "review_by": NOW + DAY}
        told = {"category": "violence", "motive": "m", "organisation_id": self.houses[house]}
        self.session.add(EmergencyAccess(id=self.new_id(), **case, **times, **told))

    def _write_absence(self, absent: UUID, deputy: UUID) -> None:
        days = {"first_day": NOW.date(), "last_day": (NOW + DAY).date(), "starts_at": NOW}
        who = {"account_id": absent, "deputy_id": deputy, "by_id": absent}
        row = Absence(id=self.new_id(), **who, **days, ends_at=NOW + DAY, at=NOW - DAY)
        self.session.add(row)

    def _write_beside(self, ids: dict[str, UUID]) -> None:
        """Write an emergency access of somebody else, a hold and an incident of each file."""
        for file, columns in FILES.items():
            self._write_emergency(ids[ELSEWHERE["person"]], "home", file)
            asked = {"ground": "court", "reference": "r", "reason": "r", "answer_by": NOW + DAY}
            by = {"asked_by_id": ids["officer"], "asked_part": "dpo", "asked_at": NOW}
            self.session.add(LegalHold(id=self.new_id(), case_id=self.cases[file], **asked, **by))
            failed = {"element_id": "owed", "stimulus": {}, "message": "m", "attempts": 1}
            self.session.add(
                Incident(
                    id=self.new_id(),
                    case_id=self.cases[file],
                    key=file,
                    owner_role=columns["steward"],
                    state="open",
                    created_at=NOW,
                    **failed,
                )
            )


def _function(row: dict[str, str], file: str) -> str:
    """Return the role in which a person takes part: the one that the file admits, or admitted."""
    held = [one for one in row["roles"].split() if f" {one} " in FILES[file]["roles"]]
    return held[0] if held else "partner"


def read_in(session: Session, profile: Profile) -> TwoFiles:
    """Return what a builder has written."""
    world = TwoFiles(session, profile)
    by_file = {columns["file"]: name for name, columns in FILES.items()}
    for case in session.scalars(select(Case)).unique():
        name = by_file[case.file]
        world.cases[name] = case
        of_case = {"case_id": case.id}
        world.items[name] = session.scalars(select(WorkItem).filter_by(**of_case)).unique().one()
        world.incidents[name] = session.scalars(select(Incident).filter_by(**of_case)).one()
    world.people = {one.username: one for one in session.scalars(select(Account)).unique()}
    return world


@contextmanager
def opened(folder: Path, profile: Profile) -> Iterator[TwoFiles]:
    """Give the two files in a database in memory whose changes are taken back in the end."""
    database = Database("sqlite://")
    Base.metadata.create_all(database.engine)
    Application(make_settings(folder, "sqlite://"), database, TestClock(NOW))
    with database.reading() as session:
        Builder(session).write()
        yield read_in(session, profile)
    database.close()
