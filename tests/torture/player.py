"""People who answer whatever is owed, and write down each answer that was acknowledged."""

import json
import os
import random
import time
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from engine import note, worklist
from engine.application import Application, open_application
from engine.errors import ConflictError
from engine.models import Account, WorkItem
from tests.engine.small import GO_ON

AT_ONCE = 3
"""Of the open steps that somebody has seen he answers so many, then he looks again."""
RACES = 0.1
"""How often somebody answers where the others work; else the quick ones would do everything."""


class Journal:
    """What was acknowledged: on the disk, and only after it was."""

    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def keep(self, **what: object) -> None:
        """Write one line to the disk."""
        line = json.dumps({name: str(value) for name, value in what.items()}) + "\n"
        os.write(self._handle, line.encode())
        os.fsync(self._handle)


def owed(application: Application) -> list[tuple[UUID, UUID]]:
    """Return the open steps with their cases."""
    with application.database.reading() as session:
        wanted = select(WorkItem.id, WorkItem.case_id).where(
            WorkItem.state == "open", WorkItem.element_id == "ask"
        )
        return [(item, case) for item, case in session.execute(wanted)]


def picked(
    chance: random.Random, items: list[tuple[UUID, UUID]], side: int
) -> list[tuple[UUID, UUID]]:
    """Return which steps to answer: mostly of the cases on one's own side."""
    own = [one for one in items if one[1].int % 2 == side or chance.random() < RACES]
    return chance.sample(own, min(AT_ONCE, len(own)))


def people(application: Application) -> dict[str, UUID]:
    """Return who may answer, by user name."""
    with application.database.reading() as session:
        wanted = select(Account.username, Account.id).where(Account.username.startswith("intake."))
        return dict(session.execute(wanted).all())


def play(journal: str, seed: int) -> None:
    """Answer, take and give back steps, and add notes, for ever."""
    application, chance, kept = open_application(), random.Random(seed), Journal(journal)
    who = list(people(application).values())
    while True:
        for item, case in picked(chance, owed(application), side=0):
            person, kind = chance.choice(who), chance.random()
            if kind < 0.1:
                _add_note(application, kept, case, person)
            elif kind < 0.2:
                _claim(application, kept, item, person)
            _answer(application, kept, item, person, twice=chance.random() < 0.1)
        time.sleep(0.02)


def _answer(
    application: Application, kept: Journal, item: UUID, person: UUID, *, twice: bool
) -> None:
    key = uuid4().hex
    try:
        for _ in range(2 if twice else 1):
            done = worklist.complete(application, item, person, GO_ON, key)
    except (ConflictError, DBAPIError):
        return  # somebody else was first, or the database was busy: nothing was acknowledged
    if isinstance(done, worklist.Completed):
        kept.keep(kind="answer", item=item, person=person)


def _add_note(application: Application, kept: Journal, case: UUID, person: UUID) -> None:
    words = uuid4().hex
    try:
        for _ in range(2):
            note.add_note(application, case, person, "note", words, key=words)
    except DBAPIError:
        return
    kept.keep(kind="note", words=words)


def _claim(application: Application, kept: Journal, item: UUID, person: UUID) -> None:
    try:
        with application.database.transaction() as session:
            found, account = session.get_one(WorkItem, item), session.get_one(Account, person)
            worklist.claim(session, found, account, application.now(session))
    except (ConflictError, DBAPIError):
        return
    kept.keep(kind="claim", item=item, person=person)
