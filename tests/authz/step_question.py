"""Questions about a person and a step, owed or done, each compared with the tables."""

from dataclasses import replace
from uuid import UUID

from engine import access
from engine.models import WorkItem
from engine.reading.viewer import viewer_of
from tests.authz import oracle
from tests.authz.gallery import DONE, OWED, Place, Someone
from tests.authz.hall import Hall, compared


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
                return compared(bool(expected), given, action)
        absent = access.acting_for(hall.session, account, item)
        taker = access.taker(hall.session, account, item)
    finally:
        item.assignee_id = None
    if not expected:
        return compared((None, person.id), (absent, taker.id), "for nobody, as oneself")
    told = compared(expected[0].id, taker.id, "taker")
    return told or compared(_behalf(person, expected, which), absent.id if absent else None, "for")


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
    return compared(expected, given, f"step done by {done}")


def on_done_again(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """Who is told that a step is done when sending its form: those who could, no other member."""
    del asked
    expected = _able(person, replace(place, step="part"))
    item = WorkItem(
        case=hall.cases[place.id],
        case_id=place.id,
        state="completed",
        role=place.group,
        deputies="anybody",
        desk=False,
    )
    given = access.may(hall.session, hall.accounts[person.id], "work_item:complete", item)
    return compared(bool(expected), given, "doing a step that is done")


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
    return compared(expected, given, f"reads {area} of a step taken, {how}")


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


def of_able(hall: Hall, person: Someone, place: Place, asked: None) -> str:
    """Who all could do a step: the same as each of them asked."""
    del person, asked
    expected = sorted(one.name for one in hall.gallery.people if _able(one, place))
    found = access.able_accounts(hall.session, hall.items[place.id])
    given = [account.username for account in found]
    wrong = set(expected) ^ set(given)
    return f"able: {sorted(wrong)[:3]} of {len(expected)}" if expected != given else ""
