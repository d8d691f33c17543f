"""Reads off the tables written by hand what a person may: the one expectation of all comparisons.

Nothing of the product is asked here. A person has up to two ways to something, as oneself and as
the deputy of somebody absent; each way is a row of standings.csv with the role held on that way.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.authz.gallery import OWED, ROLES, Place, Someone
from tests.authz.table import table

STANDINGS = {(row["standing"], row["way"]): row for row in table("standings")}
MOVED = {row["standing"]: row for row in table("moved")}
ACTIONS = {row["action"]: row for row in table("actions")}
STATES = {row["state"]: row for row in table("states")}
EMERGENCIES = {(row["whose"], row["time"], row["who"]): row for row in table("emergencies")}
ABSENCES = {row["role"]: row for row in table("absences")}
AREAS = {row["function"]: row for row in table("areas")}
DESK_ACTIONS = tuple(name for name in ROLES["dpo"] if ":" in name)
DESK = {role for role, row in ROLES.items() if row["scope"] == "desk"}
KEPT_OUT = {"suspended", "suspended_member", "recused", "recused_former", "recused_member"}
DISABLED = {"disabled", "disabled_member"}


@dataclass(frozen=True)
class Way:
    """One way of a person to a place: the row that says what it opens, and who is met there."""

    row: dict[str, str]
    role: str
    house: str
    person: Someone
    is_own: bool


def standing_at(person: Someone, place: Place) -> str:
    """Return the standing that counts at a place."""
    if person.group != place.group:
        return MOVED[person.standing]["in_cases_of_others"]
    if place.step and OWED[place.step]["part"] == "free":
        return MOVED[person.standing]["where_nobody_takes_part"]
    return person.standing


def ways(person: Someone, place: Place) -> Iterator[Way]:
    """Give a person's ways to a place."""
    name = standing_at(person, place)
    yield Way(STANDINGS[name, "own"], person.role, person.house, person, is_own=True)
    absent = person.absent
    if absent is None or "no" in {_deputises(person), _deputises(absent)}:
        return
    if (name, "absent") in STANDINGS:
        yield Way(STANDINGS[name, "absent"], absent.role, absent.house, absent, is_own=False)


def _deputises(person: Someone) -> str:
    return ROLES[person.role]["deputises"] if person.role in ROLES else "yes"


def completing(person: Someone, place: Place) -> list[Someone]:
    """Return as whom a person may do the step that is owed at a place."""
    return [way.person for way in ways(person, place) if _completes(person, way, place)]


def _completes(person: Someone, way: Way, place: Place) -> bool:
    how = OWED[place.step]
    if how["role"] == way.role:  # the role whose step it is, and which nobody holds there
        return way.is_own and way.row["role"] == "yes"
    # In a function that nobody may hold in a case, nobody stands before the others.
    free = how["right"] == "part" and ROLES[place.group]["takes_part"] == "no"
    right = "role" if free else how["right"]
    if right == "nobody" or way.role != place.group or way.row[right] == "no":
        return False
    if how["house"] not in {"", way.house}:
        return False
    return way.is_own or how["within" if person.house == way.house else "without"] == "yes"


def seeing(person: Someone, place: Place) -> list[Someone]:
    """Return as whom a person sees the case of a place."""
    return [way.person for way in ways(person, place) if _sees(person, way, place)]


def _sees(person: Someone, way: Way, place: Place) -> bool:
    state = STATES[place.state]
    # Who takes part in no case does a step, such as agreeing to an erasure, and opens nothing.
    outside = ROLES.get(way.role, {}).get("takes_part") == "no"
    if place.step and state["by_step"] == "yes" and _completes(person, way, place) and not outside:
        return True
    if way.row["reads"] == "no":
        return False
    return state["by_membership"] in {"any", _function(way, place)}


def _function(way: Way, place: Place) -> str:
    return place.group if way.row["part"] == "yes" else "observer"


def acting(person: Someone, action: str, place: Place) -> list[Someone]:
    """Return as whom a person may do something to the case of a place."""
    how = ACTIONS[action]
    found = []
    for way in ways(person, place):
        if standing_at(person, place) in DISABLED or not (way.is_own or how["delegated"] == "yes"):
            continue
        if action == "case:audit" and way.role == "dpo":
            found.append(way.person)
        elif how["needs"] == "own_words":
            if way.row["own_words"] == STATES[place.state]["own_words"] == "yes":
                found.append(way.person)
        elif _sees(person, way, place) and _holds(way, place, how):
            found.append(way.person)
    return found


def _holds(way: Way, place: Place, how: dict[str, str]) -> bool:
    """Say whether an action is one for the role; a case is led in the function held in it."""
    if how["roles"] == "any":
        return True
    leads = how["needs"] == "leads"
    role = place.group if leads and way.row["part"] == "yes" else way.role
    return role in how["roles"].split() and not (leads and way.row["leads"] == "no")


def reads_done(person: Someone, place: Place, done: str) -> bool:
    """Say who reads a step done by `own`, `own_for_absent`, `absent` or `other`."""
    state = STATES[place.state]
    for way in ways(person, place):
        mine = (done == "own" and way.is_own) or (done == "absent" and not way.is_own)
        if mine and way.row["done_own"] == state["done_own"] == "yes":
            return True
        of_members = state["done_other"] in {"any", _function(way, place)}
        if way.row["done_other"] == "yes" and of_members:
            return True
    return False


def owns_incident(person: Someone, place: Place | None, role: str) -> bool:
    """Say who looks after what could not be done: the owning role, unless kept out of its case."""
    if person.standing in DISABLED:
        return False
    if place is None:
        place = Place(person.id, "", "open")
    return any(way.role == role and way.row["role"] == "yes" for way in ways(person, place))


def enters_absence(person: Someone, whose: str) -> bool:
    """Say whose absences a person enters: `own`, of the `same_house`, of an `other` one."""
    if person.standing in DISABLED:
        return False
    return ABSENCES.get(person.role, ABSENCES["anybody"])[whose] == "yes"


def emergency(person: Someone, place: Place, action: str, time: str, *, own: bool) -> bool:
    """Say who reads by an emergency access to a case, ends it, or watches over it."""
    name = standing_at(person, place)
    if name in KEPT_OUT | DISABLED or STANDINGS[name, "own"]["role"] == "no":
        return False
    if action == "emergency:read" and place.state in {"sealed", "erased"}:
        return False
    if own:
        return EMERGENCIES["own", time, "anybody"][action] == "yes"
    row = STANDINGS[name, "own"]
    leads = place.group in {"chair", "process_coordinator", "content_coordinator"}
    who = {"anybody"}
    who |= {"member"} if row["watches"] == "yes" else set()
    who |= (
        {"leading member"} if row["watches"] == "yes" and row["part"] == "yes" and leads else set()
    )
    who |= {"dpo"} if person.role == "dpo" else set()
    if person.role in ROLES and ROLES[person.role]["watches_emergencies"] == "yes":
        who.add("watching role")
    return any(EMERGENCIES["other", time, one][action] == "yes" for one in who)


def functions(person: Someone, place: Place) -> set[str]:
    """Return in which functions a person who sees a case meets it, without steps taken."""
    seen = set(seeing(person, place))
    found = set()
    for way in ways(person, place):
        if not way.is_own and way.person not in seen:
            continue
        if way.row["reads"] == "yes":
            found.add(_function(way, place))
        if way.role in DESK:
            found.add(way.role)
    return found


def reads_area(person: Someone, place: Place, area: str) -> bool:
    """Say whether a person who sees a case reads an area of its file."""
    met = functions(person, place)
    return any(AREAS[one][area] == "yes" for one in met if one in AREAS)
