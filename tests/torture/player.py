"""A person who answers whatever is owed, and writes down each answer that was acknowledged."""

import json
import os
import random
import sys
import time
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

import tests.torture.process  # noqa: F401 - registers the operators
from engine import worklist
from engine.application import Application, open_application
from engine.errors import ConflictError
from engine.models import Account, WorkItem
from tests.engine.small import GO_ON


def owed(application: Application) -> list[UUID]:
    with application.database.reading() as session:
        return list(
            session.scalars(
                select(WorkItem.id).where(WorkItem.state == "open", WorkItem.element_id == "ask")
            )
        )


def play(journal: str, seed: int) -> None:
    """Answer for ever; an answer is in the journal, on the disk, only after it was acknowledged."""
    application, chance = open_application(), random.Random(seed)
    with application.database.reading() as session:
        people = list(
            session.scalars(select(Account.id).where(Account.username.startswith("intake.")))
        )
    handle = os.open(journal, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    while True:
        items = owed(application)
        for item in chance.sample(items, min(3, len(items))):
            _answer(application, handle, item, chance.choice(people), twice=chance.random() < 0.1)
        time.sleep(0.02)


def _answer(
    application: Application, handle: int, item: UUID, person: UUID, *, twice: bool
) -> None:
    key = uuid4().hex
    try:
        for _ in range(2 if twice else 1):
            done = worklist.complete(application, item, person, GO_ON, key)
    except (ConflictError, DBAPIError):
        return  # somebody else was first, or the database was busy: nothing was acknowledged
    if isinstance(done, worklist.Completed):
        line = json.dumps({"item": str(item), "person": str(person)}) + "\n"
        os.write(handle, line.encode())
        os.fsync(handle)


if __name__ == "__main__":
    play(sys.argv[1], int(sys.argv[2]))
