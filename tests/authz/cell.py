"""Asks the modules of access directly, thousands of times a second, and compares with the oracle.

A cell is one question: one person, one place, one thing to do. The answer of the product and that
of the tables are compared there and nowhere else.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, emergency, membership_rows
from engine.errors import NotFoundError
from engine.models import Absence, Account, Case, EmergencyAccess, Incident, WorkItem
from engine.profile import Profile
from engine.reading import incident as incident_reading
from engine.reading.viewer import viewer_of
from tests.authz import oracle
from tests.authz.gallery import (
    DONE,
    FAR,
    HOME,
    NO_ROLE,
    OWED,
    ROLES,
    Gallery,
    Place,
    Someone,
)
from tests.authz.standing import NOW, ROWS, THROUGH

TIMES = {
    "runs": (NOW + timedelta(hours=1), None, NOW),
    "ended": (NOW + timedelta(hours=1), NOW - timedelta(hours=1), NOW),
    "over": (NOW, None, NOW),
    "unasked": (NOW + timedelta(hours=1), None, None),
}
"""Of an emergency access: when it ends, when it was ended, and the instant at which is asked."""
LEADING = {"chair", "process_coordinator", "content_coordinator"}
DONE_BY = ("own", "own_for_absent", "absent", "other")
Cell = tuple[Callable[..., str], Someone, Place | None, Any]


@dataclass
class Hall:
    """A gallery in an open session, with the rows that the questions need."""

    session: Session
    gallery: Gallery
    profile: Profile
    accounts: dict[UUID, Account] = field(default_factory=dict)
    cases: dict[UUID, Case] = field(default_factory=dict)
    items: dict[UUID, WorkItem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read all rows once."""
        found = self.session
        self.accounts = {one.id: one for one in found.scalars(select(Account)).unique()}
        self.cases = {one.id: one for one in found.scalars(select(Case)).unique()}
        self.items = {one.case_id: one for one in found.scalars(select(WorkItem)).unique()}


def _told(expected: object, given: object, what: str) -> str:
    return "" if expected == given else f"{what}: expected {expected}, is {given}"


def _ids(people: list[Any]) -> list[UUID]:
    return [one.id for one in people]


def by_role(hall: Hall, person: Someone, place: None, action: str) -> str:
    """What a role alone allows."""
    del place
    expected = person.role != NO_ROLE and ROLES[person.role][action] == "yes"
    expected = expected and person.standing not in oracle.DISABLED
    given = access.may(hall.session, hall.accounts[person.id], action)
    return _told(expected, given, action)


def on_case(hall: Hall, person: Someone, place: Place, action: str) -> str:
    """What one may do with a case, and as whom."""
    expected = oracle.acting(person, action, place)
    account, case = hall.accounts[person.id], hall.cases[place.id]
    given = access.may(hall.session, account, action, case)
    absent = access.acting_for_in(hall.session, account, action, case)
    if bool(expected) != given:
        return _told(bool(expected), given, action)
    if not expected:
        return "" if _refused(hall, account, action, case) and not absent else f"{action} is open"
    behalf = None if expected[0] is person else expected[0].id
    return _told(behalf, absent.id if absent else None, f"{action} on whose behalf")


def _refused(hall: Hall, account: Account, action: str, subject: Any) -> bool:
    try:
        access.require(hall.session, account, action, subject)
    except NotFoundError:
        return True
    return False


def on_step(hall: Hall, person: Someone, place: Place, which: str) -> str:
    """Who may do a step that is owed, in whose name it is taken, and for whom it is done."""
    expected = _able(person, place)
    account, item = hall.accounts[person.id], hall.items[place.id]
    if which == "taken":
        item.assignee_id = person.absent.id if person.absent else None
    else:
        item.assignee_id = {"mine": account.id, "by_another": UUID(int=0)}.get(which)
    try:
        for action in ("work_item:complete", "work_item:read"):
            given = access.may(hall.session, account, action, item)
            if bool(expected) != given:
                return _told(bool(expected), given, action)
        absent = access.acting_for(hall.session, account, item)
        taker = access.taker(hall.session, account, item)
    finally:
        item.assignee_id = None
    if not expected:
        return _told((None, person.id), (absent, taker.id), "for nobody, as oneself")
    told = _told(expected[0].id, taker.id, "taker")
    return told or _told(_behalf(person, expected, which), absent.id if absent else None, "for")


def _able(person: Someone, place: Place) -> list[Someone]:
    if oracle.standing_at(person, place) in oracle.DISABLED:
        return []
    return oracle.completing(person, place)


def _behalf(person: Someone, expected: list[Someone], which: str) -> UUID | None:
    """Return for whom a step is done: for who had taken it, else for oneself if one may."""
    if which == "taken" and person.absent in expected:
        return person.absent.id if person.absent else None
    return None if expected[0] is person else expected[0].id


def on_done(hall: Hall, person: Someone, place: Place, done: str) -> str:
    """Who reads what was answered at a step that is done."""
    if done == "absent" and person.absent is None:
        return ""
    expected = oracle.reads_done(person, place, done)
    expected = expected and oracle.standing_at(person, place) not in oracle.DISABLED
    by = {"own": person.id, "own_for_absent": person.id, "other": UUID(int=0)}
    item = WorkItem(
        case=hall.cases[place.id],
        case_id=place.id,
        state="completed",
        role=place.group,
        deputies="anybody",
        desk=False,
        completed_by_id=by.get(done, person.absent.id if person.absent else None),
        completed_for_id=UUID(int=0) if done == "own_for_absent" else None,
    )
    given = access.may(hall.session, hall.accounts[person.id], "work_item:read", item)
    return _told(expected, given, f"step done by {done}")


def on_done_again(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """Who is told that a step is done when sending its form: those who could, no other member."""
    del asked
    expected = _able(person, replace(place, step="part"))
    item = WorkItem(
        case_id=place.id, state="completed", role=place.group, deputies="anybody", desk=False
    )
    given = access.may(hall.session, hall.accounts[person.id], "work_item:complete", item)
    return _told(bool(expected), given, "doing a step that is done")


def as_whom(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """As whom a person reads in a case: as oneself, and as the absent people seen through."""
    del asked
    if person.standing in oracle.DISABLED:
        return ""  # nobody who is signed in
    through = [one.id for one in oracle.seeing(person, place) if one is not person]
    found = access.persons_in(hall.session, hall.accounts[person.id], place.id)
    return _told([person.id, *through], _ids(found), "reads as")


def on_absence(hall: Hall, person: Someone, place: None, whose: Someone) -> str:
    """Whose absence a person enters and ends: the own, and by the role that of others (P36)."""
    del place
    own = "own" if whose is person else "same_house" if whose.house == person.house else "other"
    expected = oracle.enters_absence(person, own)
    account, subject = hall.accounts[person.id], hall.accounts[whose.id]
    absence = Absence(account_id=whose.id, deputy_id=person.id)
    asked = {access.may(hall.session, account, "absence:enter", one) for one in (subject, absence)}
    return _told({expected}, asked, f"enters an absence, {own}")


def on_incident(hall: Hall, person: Someone, place: Place | None, role: str) -> str:
    """Who looks after what could not be done."""
    role = place.group if place and role == "own" else role
    expected = oracle.owns_incident(person, place, role)
    found = Incident(owner_role=role, case_id=place.id if place else None)
    given = access.may(hall.session, hall.accounts[person.id], "incident:retry", found)
    return _told(expected, given, f"incident of {role}")


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
    return _told(expected, given, f"{action} {time} {'own' if own else 'of another'}")


def on_file(hall: Hall, person: Someone, place: Place, area: str) -> str:
    """What somebody who sees a case reads of it."""
    if not oracle.seeing(person, place) or person.standing in oracle.DISABLED:
        return ""
    account, case = hall.accounts[person.id], hall.cases[place.id]
    given = viewer_of(hall.session, case, account, hall.profile).reads(area)
    return _told(oracle.reads_area(person, place, area), given, f"reads {area}")


def on_taken(hall: Hall, person: Someone, place: Place, asked: tuple[str, str]) -> str:
    """What somebody reads who has taken a step: more, as long as he or she may do it there.

    A step that is `done`, or owed `elsewhere`, opens nothing here.
    """
    area, how = asked
    at = place if how != "elsewhere" else _elsewhere(hall, person, place)
    able = _able(person, at) if at else []
    sees = oracle.seeing(person, place) and person.standing not in oracle.DISABLED
    if at is None or place.state == "erased" or not (sees or (able and how == "owed")):
        return ""  # nothing is read there
    item = hall.items[at.id]
    item.assignee_id = able[0].id if able else person.id
    item.state = "completed" if how == "done" else "open"
    hall.session.flush()
    try:
        account, case = hall.accounts[person.id], hall.cases[place.id]
        given = viewer_of(hall.session, case, account, hall.profile).reads(area)
    finally:
        item.assignee_id, item.state = None, "open"
        hall.session.flush()
    if how == "done" and (
        OWED[place.step]["part"] == "free" or not oracle.seeing(person, replace(place, step=""))
    ):
        return ""  # nobody takes part without it, or it was the step that opened the case
    met = oracle.functions(person, replace(place, step="") if how == "done" else place)
    met |= {item.role} if able and how == "owed" else set()
    expected = any(oracle.AREAS[one][area] == "yes" for one in met if one in oracle.AREAS)
    return _told(expected, given, f"reads {area} of a step taken, {how}")


def _elsewhere(hall: Hall, person: Someone, place: Place) -> Place | None:
    """Return another case of the same people in which the person may do a step."""
    return next(
        (
            one
            for one in hall.gallery.places
            if one.group == place.group
            and one.id != place.id
            and one.step not in {"", DONE}
            and one.state == "open"
            and _able(person, one)
        ),
        None,
    )


def in_lists(hall: Hall, person: Someone, place: None, which: str) -> str:
    """What the lists hold, each by one statement: cases seen, cases left, steps to do."""
    del place
    account = hall.accounts[person.id]
    if person.standing in oracle.DISABLED:
        return ""
    places = hall.gallery.places
    if which == "cases":
        expected = {one.id for one in places if oracle.seeing(person, one)}
        condition = access.visible_cases(hall.session, account)
        given = set(hall.session.scalars(select(Case.id).where(condition)))
    elif which == "left":
        expected = {one.id for one in places if oracle.acting(person, "case:own", one)}
        given = set(hall.session.scalars(select(Case.id).where(access.left_cases(account))))
    else:
        expected = {one.id for one in places if one.step and oracle.completing(person, one)}
        condition = access.visible_work_items(hall.session, account)
        owed = select(WorkItem.case_id).where(WorkItem.state == "open", condition)
        given = set(hall.session.scalars(owed))
    wrong = expected ^ (given - {hall.gallery.elsewhere})
    where = next((one for one in places if one.id in wrong), None)
    return f"list of {which} is wrong in {len(wrong)}: {where}" if wrong else ""


def of_able(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """Who all could do a step: the same as each of them asked."""
    del person, asked
    expected = sorted(one.name for one in hall.gallery.people if _able(one, place))
    found = access.able_accounts(hall.session, hall.items[place.id])
    given = [account.username for account in found]
    wrong = set(expected) ^ set(given)
    return f"able: {sorted(wrong)[:3]} of {len(expected)}" if expected != given else ""


def of_members(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """How a person is met by who enters a case with one statement."""
    del asked
    account, members = access.enter(hall.session, person.id, place.id)
    told = _told(person.id, account.id, "enters")
    part = oracle.STANDINGS[oracle.standing_at(person, place), "own"]
    rows = {function for one, function in members if one == person.id}
    if person.standing not in {"suspended_member", "recused_member", "disabled_member"}:
        expected = {place.group} if part["part"] == "yes" else set()
        expected = {"observer"} if part["reads"] == "yes" and not expected else expected
        told = told or _told(expected, rows, "takes part as")
    barred = oracle.standing_at(person, place) in oracle.KEPT_OUT | {
        "deputy_recused",
        "deputy_suspended",
    }
    told = told or _told(barred, person.id in members.barred, "is kept out")
    return told or _told(membership_rows.Members, type(members), "members are")


def of_speaker(hall: Hall, person: Someone, place: Place, function: str | None) -> str:
    """As whom somebody speaks for the own organisation: as a member, or for a colleague."""
    if person.standing in oracle.DISABLED:
        return ""  # nobody who is signed in
    part = "reads" if function is None else "part"
    speaking = [
        way.person.id
        for way in oracle.ways(person, place)
        if function != "nobody's" and way.row[part] == "yes" and way.house == person.house
    ]
    expected = speaking[0] if speaking else None
    function = place.group if function == "own" else function
    found = access.speaker(hall.session, hall.accounts[person.id], place.id, function)
    return _told(expected, found.id if found else None, f"speaks as {function or 'anybody'}")


def on_opening(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """To whom a case opens in danger to life: not to whoever reads it, or ever took part."""
    del asked
    account, case = hall.accounts[person.id], hall.cases[place.id]
    own = oracle.STANDINGS[oracle.standing_at(person, place), "own"]
    rows = ROWS[THROUGH.get(person.standing, (person.standing, ""))[0]]
    ever = person.group == place.group and {"member", "unlike", "ended"} & set(rows.split())
    expected = not (ever or own["role"] == "no" or oracle.seeing(person, place))
    expected = expected and place.state not in {"sealed", "erased"}
    if person.standing in oracle.DISABLED:
        return ""  # nobody who is signed in
    given = emergency._opens_to(hall.session, case, account)
    return _told(expected, given, "opens in an emergency")


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
    return _told(expected, given, "incident in the list")


def cells(gallery: Gallery, seed: int) -> Iterator[Cell]:
    """Give all questions, place by place in an order that mixes them."""
    chance = random.Random(seed)
    for person in gallery.people:
        yield from personal(gallery, person)
    by_group = _by_group(gallery)
    places = list(gallery.places)
    chance.shuffle(places)
    for place in places:
        strangers = chance.sample(gallery.people, 8)
        for person in [*by_group[place.group], *strangers]:
            for question, asked in questions(person, place):
                yield question, person, place, asked
        if place.step not in {"", DONE}:
            yield of_able, gallery.people[0], place, None


def _by_group(gallery: Gallery) -> dict[str, list[Someone]]:
    found: dict[str, list[Someone]] = {}
    for person in gallery.people:
        found.setdefault(person.group, []).append(person)
    return found


def _others(gallery: Gallery, person: Someone) -> list[Someone]:
    """Return somebody of the own organisation and somebody of another."""
    others = [one for one in gallery.people if one is not person]
    return [next(one for one in others if one.house == house) for house in (HOME, FAR)]


def personal(gallery: Gallery, person: Someone) -> Iterator[Cell]:
    """Give the questions about a person that name no case."""
    yield from ((by_role, person, None, action) for action in oracle.DESK_ACTIONS)
    yield on_absence, person, None, person
    yield from ((on_absence, person, None, one) for one in _others(gallery, person))
    yield from ((in_lists, person, None, which) for which in ("cases", "left", "steps"))
    yield from ((on_incident, person, None, role) for role in sorted({person.group, "operator"}))


def questions(person: Someone, place: Place) -> Iterator[tuple[Callable[..., str], Any]]:
    """Give the questions about a person and a case."""
    del person
    yield on_case, "case:read"
    if place.step == DONE:
        return
    if place.step:
        yield from ((on_step, which) for which in ("free", "mine", "taken", "by_another"))
        yield from ((on_case, one) for one in ("case:audit", "case:member:name"))
        for how in ("owed", "done", "elsewhere"):
            yield from ((on_taken, (area, how)) for area in ("content", "signal"))
        return
    yield from ((on_case, action) for action in oracle.ACTIONS if action != "case:read")
    yield from ((on_done, done) for done in DONE_BY)
    yield on_done_again, None
    yield as_whom, None
    yield from ((on_file, area) for area in _areas())
    yield from ((of_speaker, one) for one in (None, "own", "nobody's"))
    yield of_members, None
    yield on_opening, None
    yield in_incidents, None
    yield on_incident, "own"
    yield from ((on_emergency, asked) for asked in _emergencies())


def _areas() -> list[str]:
    return [name for name in oracle.AREAS["chair"] if name != "function"]


def _emergencies() -> Iterator[tuple[str, str, bool]]:
    for action in ("emergency:read", "emergency:end", "emergency:watch", "emergency:unheard_of"):
        for time in TIMES:
            yield from ((action, time, own) for own in (True, False))


def pairs(gallery: Gallery) -> tuple[list[Cell], int]:
    """Return cells in which every two values meet that can, and how many meetings these are.

    The values: what is asked, the standing, the role around whose cases the person stands, the
    own role beside it, the state of the case, the step that is owed in it. What is asked meets
    each standing in every state and with every kind of own role: in a file that is erased all are
    refused, and such a cell would show nothing.
    """
    wanted: set[tuple[object, ...]] = set()
    for one in _candidates(gallery, rounds=6):
        wanted |= _met(one)
    count, found = len(wanted), []
    for one in _candidates(gallery, rounds=6):
        met = _met(one) & wanted
        if met:
            wanted -= met
            found.append(one)
    return found, count


def _candidates(gallery: Gallery, rounds: int) -> Iterator[Cell]:
    by_group = _by_group(gallery)
    for group, people in by_group.items():
        places = [one for one in gallery.places if one.group == group]
        quiet = [one for one in places if not one.step]
        busy = [one for one in places if one.step not in {"", DONE}]
        over = [one for one in places if one.step == DONE]
        for number, person in enumerate(people):
            for turn in range(rounds):
                for kind in (quiet, busy, over):
                    for at, (question, asked) in enumerate(questions(person, kind[0])):
                        place = kind[(number * 5 + at * 3 + turn * 7) % len(kind)]
                        yield question, person, place, asked


def _met(cell: Cell) -> set[tuple[object, ...]]:
    question, person, place, asked = cell
    assert place is not None
    own = "same" if person.role == person.group else person.role
    if own not in {"same", "dpo", NO_ROLE}:
        own = "other" if ROLES[own]["deputises"] == "yes" else "watching"
    values = (
        (question.__name__, asked),
        person.standing,
        ("group", person.group),
        ("state", place.state),
        ("step", place.step),
        ("own", own),
    )
    what, standing, state = values[0], person.standing, place.state
    found = {*combinations(values, 2), (what, standing, person.group in LEADING)}
    # Of an emergency access the instants are many: states and own roles meet one of them.
    kind = asked[0] if isinstance(asked, tuple) and question is on_emergency else asked
    what = (question.__name__, kind)
    if "there:" in ROWS.get(person.standing, ""):
        # Another case gives its own function: what is read here without it differs by the role.
        found.add((what, standing, person.group, "elsewhere"))
    return {*found, (what, standing, state), (what, standing, own)}


def ask(hall: Hall, cell: Cell) -> str:
    """Return what speaks against the tables in a cell, or nothing."""
    question, person, place, asked = cell
    told = question(hall, person, place, asked)
    where = f"{place.state} {place.step or 'nothing owed'} of {place.group}" if place else ""
    return f"{person.name} at {where}: {told}" if told else ""
