"""Keeps what is known of the person a case is about: name, date of birth, age group."""

from datetime import date
from typing import Any

from sqlalchemy import func, select

from engine import blind_index
from engine.blind_index import UNKNOWN_NAME
from engine.models import Case, CaseState, Person
from engine.turn import Turn

HIDDEN = (CaseState.SEALED.value, CaseState.ERASED.value)


def person_of(turn: Turn) -> Person:
    """Return the person of the case; a new, still unknown one when there is none."""
    found = turn.session.scalar(select(Person).where(Person.case_id == turn.case.id))
    if found is None:
        found = Person(case_id=turn.case.id, name=UNKNOWN_NAME, details={})
        turn.session.add(found)
    return found


def describe(turn: Turn, about: dict[str, Any]) -> Person:
    """Fill in the person from what a reporter said, without overwriting what is known better."""
    person = person_of(turn)
    name = str(about.get("name") or "").strip()
    if name and person.name == UNKNOWN_NAME:
        person.name = name[:300]
    if person.birth_date is None:
        person.birth_date = _date(about.get("birth_date"))
    rest = {k: v for k, v in about.items() if k not in {"name", "birth_date"} and v}
    person.details = {**rest, **(person.details or {})}
    return person


def correct(turn: Turn, name: str, birth_date: date | None, age_group: str) -> str:
    """Record what the desk found out; return the age group, which a date of birth decides (P27)."""
    person = person_of(turn)
    person.name = name.strip()[:300] or person.name
    person.birth_date = birth_date or person.birth_date
    known = age_group_of(person.birth_date, turn.today, _majority(turn)) or age_group
    person.details = {**(person.details or {}), "age_group": known}
    return known


def age_group(turn: Turn) -> str:
    """Return `adult`, `minor` or `not_known` as the file says today."""
    person = person_of(turn)
    decided = age_group_of(person.birth_date, turn.today, _majority(turn))
    return decided or str((person.details or {}).get("age_group", "not_known"))


def age_group_of(birth_date: date | None, today: date, majority: int) -> str | None:
    """Return `adult` or `minor` on a day, None without a date; 29 February counts as 1 March."""
    if birth_date is None:
        return None
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    age = today.year - birth_date.year - (0 if had_birthday else 1)
    return "minor" if age < majority else "adult"


def count_namesakes(turn: Turn, person: Person) -> int:
    """Count other cases with the same name and no other date of birth: a hint, never details.

    Whoever reports must not learn whether somebody is known; only the desk sees the number.
    """
    if person.name == UNKNOWN_NAME:
        return 0
    key = blind_index.key_of(turn.session)
    same = (
        select(func.count())
        .select_from(Person)
        .join(Case, Case.id == Person.case_id)
        .where(
            Person.case_id != turn.case.id,
            # Threat: the count would tell one body what another one keeps a file of.
            Case.file == turn.case.file,
            blind_index.namesakes(key, person.name, person.birth_date),
            Case.state.not_in(HIDDEN),
        )
    )
    return turn.session.scalar(same) or 0


def _majority(turn: Turn) -> int:
    return int(turn.profile.values["age_of_majority"])


def _date(value: Any) -> date | None:
    """Read a date as a reporter may have typed it; what is not a date stays in the signal."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
