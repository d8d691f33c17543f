"""Questions about a person and a case, each compared with the tables."""

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from engine import access, emergency, membership_rows
from engine.errors import NotFoundError
from engine.models import Absence, Account, Case, WorkItem
from engine.reading.viewer import viewer_of
from tests.authz import oracle
from tests.authz.gallery import NO_ROLE, ROLES, Place, Someone
from tests.authz.hall import Hall, compared
from tests.authz.standing import ROWS, THROUGH


def by_role(hall: Hall, person: Someone, place: None, action: str) -> str:
    """What a role alone allows."""
    del place
    expected = person.role != NO_ROLE and ROLES[person.role][action] == "yes"
    expected = expected and person.standing not in oracle.DISABLED
    given = access.may(hall.session, hall.accounts[person.id], action)
    return compared(expected, given, action)


def on_case(hall: Hall, person: Someone, place: Place, action: str) -> str:
    """What one may do with a case, and as whom."""
    expected = oracle.acting(person, action, place)
    account, case = hall.accounts[person.id], hall.cases[place.id]
    given = access.may(hall.session, account, action, case)
    absent = access.acting_for_in(hall.session, account, action, case)
    if bool(expected) != given:
        return compared(bool(expected), given, action)
    if not expected:
        # Nothing else is asked of `require` than of `may`: once for each person and place will do.
        shut = action != "case:read" or _refused(hall, account, action, case)
        return "" if shut and not absent else f"{action} is open"
    behalf = None if expected[0] is person else expected[0].id
    return compared(behalf, absent.id if absent else None, f"{action} on whose behalf")


def _refused(hall: Hall, account: Account, action: str, subject: Any) -> bool:
    try:
        access.require(hall.session, account, action, subject)
    except NotFoundError:
        return True
    return False


def as_whom(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """As whom a person reads in a case: as oneself, and as the absent people seen through."""
    del asked
    if person.standing in oracle.DISABLED:
        return ""  # nobody who is signed in
    through = [one.id for one in oracle.seeing(person, place) if one is not person]
    found = access.persons_in(hall.session, hall.accounts[person.id], place.id)
    return compared([person.id, *through], _ids(found), "reads as")


def _ids(people: list[Any]) -> list[UUID]:
    return [one.id for one in people]


def on_file(hall: Hall, person: Someone, place: Place, area: str) -> str:
    """What somebody who sees a case reads of it."""
    if not oracle.seeing(person, place) or person.standing in oracle.DISABLED:
        return ""
    account, case = hall.accounts[person.id], hall.cases[place.id]
    given = viewer_of(hall.session, case, account, hall.profile).reads(area)
    return compared(oracle.reads_area(person, place, area), given, f"reads {area}")


def of_members(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """How a person is met by who enters a case with one statement."""
    del asked
    account, members = access.enter(hall.session, person.id, place.id)
    told = compared(person.id, account.id, "enters")
    part = oracle.STANDINGS[oracle.standing_at(person, place), "own"]
    rows = {function for one, function in members if one == person.id}
    if person.standing not in {"suspended_member", "recused_member", "disabled_member"}:
        expected = {place.group} if part["part"] == "yes" else set()
        expected = {"observer"} if part["reads"] == "yes" and not expected else expected
        told = told or compared(expected, rows, "takes part as")
    barred = oracle.standing_at(person, place) in oracle.KEPT_OUT | {
        "deputy_recused",
        "deputy_suspended",
    }
    told = told or compared(barred, person.id in members.barred, "is kept out")
    return told or compared(membership_rows.Members, type(members), "members are")


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
    return compared(expected, found.id if found else None, f"speaks as {function or 'anybody'}")


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
    given = emergency._opens_to(hall.session, case, account, hall.profile)
    return compared(expected, given, "opens in an emergency")


LISTS = ("cases", "listed", "left", "steps", "near", "own", "owed")
"""Cases seen, the same for a list of many, cases left, steps to do, the same for a list; cases
seen and steps to do by the statements that are put together once, for who deputises for nobody."""


def in_lists(hall: Hall, person: Someone, place: None, which: str) -> str:
    """What the lists hold, each by one statement."""
    del place
    account = hall.accounts[person.id]
    if person.standing in oracle.DISABLED:
        return ""
    places = hall.gallery.places
    if which in {"own", "owed"}:
        return _in_own_lists(hall, person, account, which)
    if which in {"cases", "listed"}:
        expected = {one.id for one in places if oracle.seeing(person, one)}
        seen = access.visible_cases if which == "cases" else access.listed_cases
        condition = seen(hall.session, account)
        given = set(hall.session.scalars(select(Case.id).where(condition)))
    elif which == "left":
        expected = {one.id for one in places if oracle.acting(person, "case:own", one)}
        given = set(hall.session.scalars(select(Case.id).where(access.left_cases(account))))
    else:
        expected = {one.id for one in places if one.step and oracle.completing(person, one)}
        condition = access.visible_work_items(hall.session, account)
        if which == "near":
            whose = access.persons(hall.session, account)
            condition &= or_(*(access.near_items(hall.session, one) for one in whose))
        owed = select(WorkItem.case_id).where(WorkItem.state == "open", condition)
        given = set(hall.session.scalars(owed))
    wrong = expected ^ (given - {hall.gallery.elsewhere})
    where = next((one for one in places if one.id in wrong), None)
    return f"list of {which} is wrong in {len(wrong)}: {where}" if wrong else ""


def _in_own_lists(hall: Hall, person: Someone, account: Account, which: str) -> str:
    if len(list(access.persons(hall.session, account))) > 1:
        return ""  # a deputy has lists of an own making
    places, who = hall.gallery.places, access.reader_like(account)
    lite, told = access.is_lite(hall.session), access.own_given(hall.session, account)
    if which == "own":
        expected = {one.id for one in places if oracle.seeing(person, one)}
        wanted = select(Case.id).where(access.own_seen(who, Case.id, lite=lite))
    else:
        expected = {one.id for one in places if one.step and oracle.completing(person, one)}
        near = access.own_near(WorkItem.case_id, lite=lite)
        may = access.work_items_of(who)
        wanted = select(WorkItem.case_id).where(WorkItem.state == "open", near, may)
    given = set(hall.session.scalars(wanted, told)) - {hall.gallery.elsewhere}
    wrong = expected ^ given
    where = next((one for one in places if one.id in wrong), None)
    return f"list of {which} is wrong in {len(wrong)}: {where}" if wrong else ""


def on_absence(hall: Hall, person: Someone, place: None, whose: Someone) -> str:
    """Whose absence a person enters and ends: the own, and by the role that of others (P36)."""
    del place
    own = "own" if whose is person else "same_house" if whose.house == person.house else "other"
    expected = oracle.enters_absence(person, own)
    account, subject = hall.accounts[person.id], hall.accounts[whose.id]
    absence = Absence(account_id=whose.id, deputy_id=person.id)
    asked = {access.may(hall.session, account, "absence:enter", one) for one in (subject, absence)}
    return compared({expected}, asked, f"enters an absence, {own}")
