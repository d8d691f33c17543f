"""The sessions in which a request writes and in which a page reads.

A writing session stores pending rows late: at the end, or before a query that sees them.
SQLAlchemy's own autoflush stores everything before every query; a turn that asks ten questions
while it works would write the row of its case ten times (M1b). A reading session remembers what
the parts of one page ask in common: who is in the case, who is away, what is in force.
"""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Table, TextClause, event
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.util import find_tables

from engine.models import Base

LOCKED = "locked_cases"
"""Where a session notes the cases that it holds, so that none is locked a second time."""
Answer = TypeVar("Answer")


class ReadingSession(Session):
    """A session in which one page reads for one person; it writes nothing and ends with the page.

    Threat: what is remembered for longer would outlive a right that was taken away meanwhile.
    """

    def __init__(self, bind: Any) -> None:
        super().__init__(bind, autoflush=False, expire_on_commit=False)
        self.answers: dict[Hashable, Any] = {}
        self.kept: list[Any] = []
        """What was read: a row that two parts of a page get by its key is read once."""


def asked_once(session: Session, question: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return what `ask` finds; within one reading session the same question is asked once.

    A session that writes asks each time: its own deeds change the answers.
    """
    if not isinstance(session, ReadingSession):
        return ask()
    if question not in session.answers:
        session.answers[question] = ask()
    found: Answer = session.answers[question]
    return found


class WritingSession(Session):
    """A session whose pending changes are stored before a query that touches their tables."""

    def __init__(self, bind: Any) -> None:
        super().__init__(bind, autoflush=False, expire_on_commit=False)
        self.kept: list[Any] = []
        """What was read: a plan that two operators read brings its actions along only once."""

    def execute(self, statement: Any, *arguments: Any, **settings: Any) -> Any:
        """Run a statement; see Session.execute."""
        self._store_what_is_asked_for(statement)
        return super().execute(statement, *arguments, **settings)

    def scalar(self, statement: Any, *arguments: Any, **settings: Any) -> Any:
        """Return the first value of the first row; see Session.scalar."""
        self._store_what_is_asked_for(statement)
        return super().scalar(statement, *arguments, **settings)

    def scalars(self, statement: Any, *arguments: Any, **settings: Any) -> Any:
        """Return the first value of each row; see Session.scalars."""
        self._store_what_is_asked_for(statement)
        return super().scalars(statement, *arguments, **settings)

    def _store_what_is_asked_for(self, statement: Any) -> None:
        changed = {row.__tablename__ for row in (*self.new, *self.dirty, *self.deleted)}
        if changed and not self._flushing and not changed.isdisjoint(_tables_of(statement)):
            self.flush()


@event.listens_for(WritingSession, "loaded_as_persistent")
@event.listens_for(ReadingSession, "loaded_as_persistent")
def _keep(session: WritingSession | ReadingSession, row: Any) -> None:
    session.kept.append(row)


def _tables_of(statement: Any) -> frozenset[str]:
    """Return the names of the tables that a statement names, joined ones included."""
    # Words of SQL that nobody takes apart may ask for anything.
    if not isinstance(statement, ClauseElement) or isinstance(statement, TextClause):
        return frozenset(Base.metadata.tables)
    known = _KNOWN.get(statement)
    if known is None:
        known = _KNOWN[statement] = _read_along(_named_in(statement))
    return known


_KNOWN: Final = WeakKeyDictionary[ClauseElement, frozenset[str]]()
"""What statements ask for that are kept: taking one apart costs as much as it takes to send it."""


def _named_in(statement: ClauseElement) -> frozenset[str]:
    found = find_tables(
        statement,
        check_columns=True,
        include_aliases=True,
        include_crud=True,
        include_joins=True,
        include_selects=True,
    )
    return frozenset(table.name for table in found if isinstance(table, Table))


@cache
def _read_along(names: frozenset[str]) -> frozenset[str]:
    """Return `names` and the tables that their rows always bring along (lazy="joined")."""
    found = set(names)
    pending = list(names)
    mappers = {mapper.class_.__tablename__: mapper for mapper in Base.registry.mappers}
    while pending:
        for other in _joined_to(mappers.get(pending.pop())):
            if other not in found:
                found.add(other)
                pending.append(other)
    return frozenset(found)


def _joined_to(mapper: Mapper[Any] | None) -> list[str]:
    links = mapper.relationships if mapper else ()
    return [link.mapper.class_.__tablename__ for link in links if link.lazy in {"joined", False}]
