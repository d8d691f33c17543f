"""Which questions the modules of access are asked, thousands of times a second.

A cell is one question: one person, one place, one thing to do. The answer of the product and that
of the tables are compared in case_question, step_question and watch_question, nowhere else.
"""

import random
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from tests.authz import oracle
from tests.authz.case_question import (
    LISTS,
    as_whom,
    by_role,
    in_lists,
    of_members,
    of_speaker,
    on_absence,
    on_case,
    on_file,
    on_opening,
)
from tests.authz.gallery import DONE, FAR, HOME, NO_ROLE, ROLES, Gallery, Place, Someone
from tests.authz.hall import Cell, Hall
from tests.authz.standing import ROWS
from tests.authz.step_question import of_able, on_done, on_done_again, on_step, on_taken
from tests.authz.watch_question import TIMES, in_incidents, on_emergency, on_incident

LEADING = {"chair", "process_coordinator", "content_coordinator"}
DONE_BY = ("own", "own_for_absent", "absent", "other")
ENOUGH_NEW = (8, 5, 3, 2, 1)
"""Cells in which many values meet for the first time come first: so fewer have to be asked."""


def cells(gallery: Gallery, seed: int, part: int, parts: int) -> Iterator[Cell]:
    """Give the questions of one of so many parts, in an order that mixes places."""
    chance = random.Random(seed)
    for person in gallery.people[part::parts]:
        yield from personal(gallery, person)
    by_group = _by_group(gallery)
    places = list(gallery.places)
    chance.shuffle(places)
    for place in places[part::parts]:
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
    yield from ((in_lists, person, None, which) for which in LISTS)
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


def pairs(gallery: Gallery, steps: tuple[int, ...] = ENOUGH_NEW) -> tuple[list[Cell], int]:
    """Return cells in which every two values meet that can, and how many meetings these are.

    The values: what is asked, the standing, the role around whose cases the person stands, the
    own role beside it, the state of the case, the step that is owed in it. What is asked meets
    each standing in every state and with every kind of own role: in a file that is erased all are
    refused, and such a cell would show nothing.
    """
    number: dict[tuple[object, ...], int] = {}
    every = [
        (one, [number.setdefault(met, len(number)) for met in _met(one)])
        for one in _candidates(gallery, rounds=6)
    ]
    wanted, found = set(number.values()), []
    for enough in steps:
        for one, met in every:
            new = wanted.intersection(met)
            if len(new) >= enough:
                wanted -= new
                found.append(one)
    return found, len(number)


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
