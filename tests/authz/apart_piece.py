"""What decides about files that are kept apart, asked piece by piece; expected is what is written.

Opening, telling and linking (engine/linked_file.py), what a profile says of its files
(engine/separate_file.py), and which roles a file admits (engine/models/admission.py).
"""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import linked_file, separate_file
from engine.errors import InputError
from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseLink,
    CaseMember,
    Episode,
    InboxMessage,
    LegalHold,
    Organisation,
    ProcessInstance,
)
from engine.models.admission import admits, admits_any, admitted
from engine.reading import hold
from engine.separate_file import SeparateFile
from tests.authz.standing import DAY, NOW

COLUMN = " desk group "
ADMISSION: tuple[tuple[str, set[str], set[str]], ...] = (
    (COLUMN, {"desk"}, {"desk"}),
    (COLUMN, {"des", "esk", "group desk", ""}, set()),
    (COLUMN, {"group", "chair"}, {"group"}),
    (COLUMN, set(), set()),
    ("", {"chair"}, {"chair"}),
)
"""Roles of a file, roles of a person, and those of them that count there."""

ONE = SeparateFile("one", "One", "e", ("desk", "group"))
TWO = SeparateFile(
    "two", "Two", "e", ("chair",), opened_by="one", instead={"desk_head": "chair"}, tells="over"
)
CLASHING: tuple[tuple[str, tuple[str, str] | None], ...] = (
    ("", None),
    ("group", None),
    ("desk group", None),
    ("group prefect", None),
    ("care prefect", None),
    ("care twice", None),
    ("group outside", None),
    ("abroad care", None),
    ("care outside", None),
    ("care desk", None),
    ("aid late", None),
    ("aid twice", None),
    ("desk twice", None),
    ("early zone", None),
    ("aid care", ("aid", "care")),
    ("desk late", ("desk", "late")),
    ("late zone", ("late", "zone")),
    ("care late", ("care", "late")),
    ("care group", ("care", "group")),
    ("group twice", ("group", "twice")),
    ("care desk group outside prefect", ("care", "group")),
)
"""Roles of one person, and two of them that are of two bodies."""
BODIES = {
    "one": SeparateFile("one", "One", "e", ("aid", "desk", "group", "prefect", "zone")),
    "two": SeparateFile(
        *("two", "Two", "e", ("care", "early", "prefect", "twice"), "one"),
        alongside=("desk", "zone"),
    ),
    "three": SeparateFile(
        *("three", "Three", "e", ("early", "late", "prefect", "twice"), "two"),
        alongside=("aid",),
    ),
}
THREE = SeparateFile("three", "Three", "e", ("chair", "desk"), opened_by="two", tells="")
ALL = {one.code: one for one in (TWO, ONE, THREE)}

GOOD = """
[one]
name = "One"
explain = "e"
roles = ["desk", "group"]
[two]
name = "Two"
explain = "e"
roles = ["chair"]
opened_by = "one"
instead = { desk_head = "chair" }
tells = "over"
stages = ["plan"]
alongside = ["desk"]
"""
THIRD = """
[three]
name = "Three"
explain = "e"
roles = ["late"]
opened_by = "two"
"""
RING = """
[a]
name = "A"
explain = "e"
roles = ["d"]
opened_by = "b"
[b]
name = "B"
explain = "e"
roles = ["d"]
opened_by = "a"
"""
BAD: tuple[tuple[str, str], ...] = (
    ('roles = ["desk", "group"]', "roles = []"),
    ('roles = ["desk", "group"]', 'roles = "desk"'),
    ('name = "One"', "name = 1"),
    ('name = "One"', 'name = " "'),
    ('name = "One"\n', ""),
    ('explain = "e"\nroles = ["desk"', 'roles = ["desk"'),
    ('roles = ["chair"]', "roles = []"),
    ('roles = ["chair"]', 'roles = "chair"'),
    ('roles = ["chair"]', 'roles = ["chair", 1]'),
    ('roles = ["chair"]\n', ""),
    ("instead = { desk_head", "instead = { chair"),
    ('desk_head = "chair"', 'desk_head = "desk"'),
    ('instead = { desk_head = "chair" }', 'instead = ["chair"]'),
    ('stages = ["plan"]', 'stages = "plan"'),
    ('alongside = ["desk"]', 'alongside = "desk"'),
    ('alongside = ["desk"]', 'alongside = ["chair"]'),
    ('opened_by = "one"\n', ""),
    ('opened_by = "one"', 'opened_by = "other"'),
    ('roles = ["desk", "group"]', 'roles = ["desk"]\nopened_by = "two"'),
    ("[two]", '[more]\nname = "M"\nexplain = "e"\nroles = ["d"]\nopened_by = "one"\n[two]'),
    (
        "[two]",
        RING + "[two]",
    ),
)
"""What is written instead of what, so that the tables can no longer be read."""


def objections(session: Session) -> Iterator[str]:
    """Give what speaks against the program; nothing that is written stays."""
    pieces: tuple[Callable[[], Iterator[str]], ...] = (
        _admission,
        _profile,
        _reading,
        _new,
        _owing,
        lambda: _linked(session),
        _states,
        lambda: _held(session),
    )
    for piece in pieces:
        with session.begin_nested() as save:
            try:
                yield from piece()
            finally:
                save.rollback()


def _told(what: str, expected: object, found: object) -> Iterator[str]:
    if expected != found:
        yield f"{what}: expected {expected}, is {found}"


def _admission() -> Iterator[str]:
    for column, roles, counting in ADMISSION:
        yield from _told(f"admitted to {column}", counting, set(admitted(column, roles)))
        yield from _told(f"{roles} to {column}", bool(counting), admits_any(column, roles))
        for role in roles:
            yield from _told(f"{role} to {column}", role in counting, admits(column, role))
    yield from _told("nobody to a file for everybody", expected=True, found=admits_any("", ()))


def _profile() -> Iterator[str]:
    yield from _told("instead", "chair", TWO.role_for("desk_head"))
    yield from _told("nobody instead", "partner", TWO.role_for("partner"))
    yield from _told("first", "one", getattr(separate_file.first_of(ALL), "code", None))
    yield from _told("no first", None, separate_file.first_of({}))
    yield from _told("opened", "two", getattr(separate_file.opened_from(ALL, "one"), "code", None))
    yield from _told("none opened", None, separate_file.opened_from(ALL, "three"))
    yield from _told("none opened out of nothing", None, separate_file.opened_from(ALL, ""))
    for roles, codes in (("desk", "one three"), ("chair", "two three"), ("dpo", "")):
        found = separate_file.bodies(ALL, frozenset({roles}))
        yield from _told(f"files of {roles}", set(codes.split()), set(found))

    for roles, expected in CLASHING:
        clash = separate_file.clash(BODIES, roles.split())
        yield from _told(f"of two bodies: {roles}", expected, clash)
    yield from _told("without files", None, separate_file.clash({}, ["group", "care"]))


def _reading() -> Iterator[str]:
    found = separate_file.read_separate_files(tomllib.loads(GOOD), "p.toml")
    expected = {
        "one": SeparateFile("one", "One", "e", ("desk", "group")),
        "two": SeparateFile("two", "Two", "e", ("chair",), "one", dict(TWO.instead), "over"),
    }
    yield from _told("stages", ("plan",), found["two"].stages)
    yield from _told("alongside", ("desk",), found["two"].alongside)
    plain = {code: replace(one, stages=(), alongside=()) for code, one in found.items()}
    yield from _told("files", expected, plain)
    third = tomllib.loads(GOOD + THIRD)
    more = separate_file.read_separate_files(third, "p.toml")
    yield from _told("three files", ["one", "two", "three"], list(more))
    yield from _told("none", {}, separate_file.read_separate_files({}, "p.toml"))
    for old, new in BAD:
        if old not in GOOD:
            yield f"nothing to spoil: {old}"
        try:
            separate_file.read_separate_files(tomllib.loads(GOOD.replace(old, new, 1)), "p.toml")
        except InputError:
            continue
        yield f"was read: {new}"
    whole = {"name": "A", "explain": "e", "roles": ["d"]}
    for section in ({"one": "text"}, {"one": {**whole, "opened_by": "one"}}):
        try:
            separate_file.read_separate_files(section, "p.toml")
        except InputError:
            continue
        yield f"was read: {section}"


def _new() -> Iterator[str]:
    for separate, file, roles, steward in (
        (None, "", "", "desk_head"),
        (ONE, "one", " desk group ", "desk_head"),
        (TWO, "two", " chair ", "chair"),
    ):
        case = linked_file.new_file("signal", "d", NOW, separate)
        told = (case.file, case.roles, case.steward, case.state, case.kind, case.deployment_id)
        yield from _told("new file", (file, roles, steward, "open", "signal", "d"), told)
    profile = SimpleNamespace(is_handed_over=lambda code: code == "two")
    for code, handed in (("one", False), ("two", True)):
        case = Case(file=code)
        found = linked_file.is_handed_over(profile, case)  # type: ignore[arg-type]
        yield from _told(f"{code} is handed over", handed, found)


@dataclass
class _Turn:
    """As much of a turn as owing an end asks for."""

    case: Case
    episode: Any
    owed: list[tuple[Any, ...]] = field(default_factory=list)
    profile: Any = field(default_factory=lambda: SimpleNamespace(files=ALL))

    def owe(self, *what: Any) -> None:
        self.owed.append(what)


def _owing() -> Iterator[str]:
    episode = SimpleNamespace(id=UUID(int=7))
    case_id = UUID(int=8)
    payload = {"case_id": str(case_id), "message": "over"}
    owed = [("file_ended", f"file_ended:{episode.id}", payload)]
    for file, ends, expected in (
        ("two", episode, owed),
        ("two", None, []),
        ("one", episode, []),
        ("three", episode, []),
        ("", episode, []),
        ("gone", episode, []),
    ):
        turn = _Turn(Case(id=case_id, file=file), ends)
        linked_file.owe_end(turn)  # type: ignore[arg-type]
        yield from _told(f"owed by the end of {file or 'one alone'}", expected, turn.owed)


def _case(session: Session, code: str, *, state: str = "open", days: int = 0) -> Case:
    separate = ALL.get(code)
    case = linked_file.new_file("signal", "d", NOW + days * DAY, separate)
    case.state, case.code = state, uuid4().hex[:20]
    session.add(case)
    session.flush()
    return case


def _link(session: Session, opener: Case, opened: Case, kind: str = "file") -> None:
    session.add(CaseLink(case_id=opener.id, other_case_id=opened.id, kind=kind))
    session.flush()


def _linked(session: Session) -> Iterator[str]:
    """One file that opened others: one that is over, one of a relative, two that run."""
    opener, relative, alone = (_case(session, "one") for _ in range(3))
    over, older, newer = (
        _case(session, "two", state="closed", days=9),
        _case(session, "two", days=1),
        _case(session, "two", days=2),
    )
    of_relative = _case(session, "two", days=8)
    yield from _told("nothing opened yet", None, _open(session, opener))
    for opened in (over, older, newer):
        _link(session, opener, opened)
    _link(session, opener, of_relative, "family")
    _link(session, relative, of_relative)
    _link(session, alone, opener, "family")
    yield from _told("open file", newer.id, _open(session, opener))
    yield from _told("open file of a relative", of_relative.id, _open(session, relative))
    yield from _told("none of another kind", None, _open(session, opener, "three"))
    for case, expected in ((newer, opener.id), (of_relative, relative.id), (opener, None)):
        found = linked_file.opener_of(session, case.id)
        yield from _told("opener", expected, found)
    for case, code, beside in (
        (opener, "two", over.id),
        (newer, "one", opener.id),
        (opener, "one", None),
        (newer, "two", None),
        (alone, "one", None),
        (of_relative, "one", relative.id),
    ):
        yield from _told("beside", beside, linked_file.file_beside(session, case.id, code))
    own = _member(session, [opener, over, newer, of_relative, alone])
    shown = {opener: [newer, over], newer: [opener], over: [opener], of_relative: [], older: []}
    for case, others in {**shown, alone: [], relative: []}.items():
        told = [one.id for one in linked_file.linked_files(session, own, case)]
        yield from _told("shown beside", [one.id for one in others], told)
    yield from _running(session, opener, alone)
    yield from _inbox(session, opener)


def _member(session: Session, cases: list[Case]) -> Account:
    """Add somebody who takes part in some files."""
    house = session.scalars(select(Organisation.id).limit(1)).one()
    found = Account(
        username=uuid4().hex,
        display_name="Somebody",
        email="somebody@localhost",
        password_hash="-",
        organisation_id=house,
        person_id=uuid4(),
        created_at=NOW,
        roles=[AccountRole(role=one) for one in ("desk", "chair")],
    )
    session.add(found)
    session.flush()
    for case in cases:
        function = "desk" if case.admits("desk") else "chair"
        part = {"case_id": case.id, "account_id": found.id, "function": function}
        session.add(CaseMember(since=NOW, **part))
    session.flush()
    return found


def _open(session: Session, opener: Case, code: str = "two") -> UUID | None:
    found = linked_file.open_file_of(session, opener.id, code)
    return found.id if found else None


def _running(session: Session, case: Case, other: Case) -> Iterator[str]:
    yield from _told("no process", None, linked_file.running_process(session, case.id))
    by_status = {}
    for number, status in enumerate(("closed", "running")):
        instance = _instance(session, case, number, status)
        by_status[status] = instance
    _instance(session, other, 0, "ended")
    found = linked_file.running_process(session, case.id)
    yield from _told("running process", by_status["running"], found.id if found else None)
    yield from _told("none runs", None, linked_file.running_process(session, other.id))


def _instance(session: Session, case: Case, number: int, status: str) -> UUID:
    process = {"process_id": "p", "deployment_id": "d", "blob": b"", "revision": 1}
    instance = ProcessInstance(id=uuid4(), case_id=case.id, started_at=NOW, **process)
    session.add(instance)
    session.flush()
    episode = {"number": number, "status": status, "started_at": NOW}
    session.add(Episode(id=uuid4(), case_id=case.id, instance_id=instance.id, **episode))
    session.flush()
    return instance.id


def _inbox(session: Session, case: Case) -> Iterator[str]:
    instance = linked_file.running_process(session, case.id)
    if instance is None:
        yield "nothing runs"
        return
    message = {"key": "told", "name": "over", "payload": {}, "received_at": NOW}
    place = {"instance_id": instance.id, "case_id": case.id}
    session.add(InboxMessage(id=uuid4(), **place, **message))
    session.flush()
    for key, is_told in (("told", True), ("not told", False)):
        yield from _told(f"{key} is told", is_told, linked_file.is_told(session, key))


HELD: tuple[tuple[str, str], ...] = (
    ("", "asked"),
    ("declined_at", "declined"),
    ("agreed_at", "on_hold"),
    ("agreed_at lift_asked_at", "lift_asked"),
    ("agreed_at lift_asked_at lifted_at", "lifted"),
)
"""What has happened to a hold, and where it stands."""


def _states() -> Iterator[str]:
    for happened, state in HELD:
        row = LegalHold(**dict.fromkeys(happened.split(), NOW))
        yield from _told(f"hold {happened}", state, hold.state_of(row))


def _held(session: Session) -> Iterator[str]:
    """The hold that a page names is the oldest that is on, of its own case."""
    case, other = _case(session, "one"), _case(session, "one")
    for place, happened in (
        (case, ""),
        (case, "declined_at"),
        (case, "agreed_at lifted_at"),
        (other, "agreed_at"),
    ):
        session.add(_hold(session, place, dict.fromkeys(happened.split(), NOW - 9 * DAY)))
    session.flush()
    yield from _told("no hold on", None, hold.hold_on(session, case.id))
    for days in (1, 2):
        session.add(_hold(session, case, {"agreed_at": NOW - days * DAY}))
    session.flush()
    found = hold.hold_on(session, case.id)
    yield from _told("on since", NOW - 2 * DAY, found.agreed_at if found else None)


def _hold(session: Session, case: Case, times: dict[str, Any]) -> LegalHold:
    """Return a hold with all that the database wants beside each instant."""
    one, other = (
        session.scalars(select(Account.id).where(Account.username == name)).one()
        for name in ("officer", "head")
    )
    asked = {"ground": "court", "reference": "r", "reason": "r", "answer_by": NOW + DAY}
    by: dict[str, Any] = {"asked_by_id": one, "asked_part": "dpo", "asked_at": NOW - 10 * DAY}
    if "lifted_at" in times:
        times = {**times, "lift_asked_at": times["lifted_at"]}
    for name in times.keys() - {"declined_at"}:
        deed = name.removesuffix("_at")
        by[f"{deed}_by_id"] = one if deed == "lift_asked" else other
        by[f"{deed}_part"] = "dpo" if deed == "lift_asked" else "function"
    if "declined_at" in times:
        by["declined_by_id"] = other
    return LegalHold(id=uuid4(), case_id=case.id, **asked, **by, **times)
