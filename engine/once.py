"""Lets what a form makes be made once, however often the form is sent (R16)."""

import hashlib
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.models import Base


def id_of(key: str, *place: object) -> UUID:
    """Return the id of what a person makes by one copy of a form; without a key a new one.

    `place` says who makes it and where. Threat: by the key alone somebody would be shown what
    another person has made, or what was made in another case.
    """
    if not key:
        return uuid4()
    words = "\n".join(map(str, (*place, key)))
    return UUID(bytes=hashlib.sha256(words.encode()).digest()[:16], version=4)


def add_once(session: Session, row: Base) -> bool:
    """Add a row whose key may be there already; say whether it is new.

    Whoever is second at the same instant waits here for the commit of the first.
    """
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True
