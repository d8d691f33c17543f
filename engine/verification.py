"""Verifies the audit trail: every chain, every checkpoint, and a head that was kept outside (S12).

Rows are streamed in the order of their chains, beside the sealed points in the same order. What the
chains witness of other rows (engine/witness.py) is compared with these rows at the end.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import audit, checkpoint, trail, witness
from engine.checkpoint import ExportedHead, Head
from engine.models import Account, AuditCheckpoint, AuditEntry, AuditSeal, Case

AT_ONCE = 500
"""Few, so that what is in work stays in the caches of the processor."""
_POINT = (*checkpoint.SEALED, AuditCheckpoint.hash)
_SEQUENCE = 1 + audit.LINKED.index(AuditEntry.sequence)
_EVENT = 1 + audit.LINKED.index(AuditEntry.event)
_CHAIN = itemgetter(1 + audit.LINKED.index(AuditEntry.chain_id))
CHANGED = "was changed"
MISSING = "is missing, or one was added"
CUT_OFF = "is the last one; newer ones are missing"
NOT_SEALED = "is not the one that was sealed by a checkpoint"


@dataclass(frozen=True)
class Break:
    """The first place where a chain does not hold."""

    where: str
    """`case 2222-3333`, `entries of anna`, `checkpoints`."""
    sequence: int
    reason: str

    def __str__(self) -> str:
        noun = "checkpoint" if self.where == "checkpoints" else "entry"
        return f"{self.where}: {noun} {self.sequence} {self.reason}"


@dataclass(frozen=True)
class RowBreak:
    """A row that gives access or decides, and is not as its chain says."""

    where: str
    row: str
    """Table and key: `decision 0c9f...`."""
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.row} {self.reason}"


@dataclass
class Verified:
    """How much was checked, the first break of each chain, and each row that was tampered with."""

    entries: int = 0
    rows: int = 0
    checkpoints: int = 0
    seconds: float = 0.0
    breaks: list[Break | RowBreak] = field(default_factory=list)

    @property
    def speed(self) -> int:
        """Return how many entries were checked in a second."""
        return round(self.entries / self.seconds) if self.seconds else 0

    @property
    def broken_chains(self) -> int:
        """Return in how many places chains or checkpoints do not hold."""
        return sum(isinstance(one, Break) for one in self.breaks)

    @property
    def broken_rows(self) -> int:
        """Return how many rows are not as the chains say."""
        return sum(isinstance(one, RowBreak) for one in self.breaks)


def verify(session: Session, head: ExportedHead | None = None) -> Verified:
    """Check everything; `head` finds what was cut off or rolled back before it was exported."""
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        # One snapshot: a head that moves while entries are read must not look like a break.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    started = perf_counter()
    found = Verified()
    heads = {
        chain_id: (number, link) for chain_id, number, link in session.execute(checkpoint.heads())
    }
    broken: dict[UUID, tuple[int, str]] = {}
    told: dict[str, tuple[UUID, str]] = {}
    for chain_id, place in _chains(session, found, heads, told):
        broken.setdefault(chain_id, place)
    names = _names(session, set(broken))
    found.breaks += [
        Break(names.get(chain_id) or _lost(chain_id), number, reason)
        for chain_id, (number, reason) in broken.items()
    ]
    found.breaks += _checkpoints(session, found, head)
    found.breaks += _rows(session, found, told, set(broken))
    found.seconds = perf_counter() - started
    return found


def _rows(
    session: Session, found: Verified, told: dict[str, tuple[UUID, str]], broken: set[UUID]
) -> list[RowBreak]:
    """Return the rows that are not as the chains witness; a broken chain can tell nothing."""
    found.rows = len(told)
    faults = [
        (chain_id or audit.SYSTEM, row, reason)
        for chain_id, row, reason in witness.compare(session, told)
    ]
    faults = [fault for fault in faults if fault[0] not in broken]
    names = _names(session, {chain_id for chain_id, _, _ in faults})
    return [
        RowBreak(names.get(chain_id) or _lost(chain_id), row, reason)
        for chain_id, row, reason in faults
    ]


def _stream(session: Session, statement: Any) -> Iterator[Any]:
    options = {"stream_results": True, "yield_per": AT_ONCE}
    with closing(session.connection().execute(statement, execution_options=options)) as rows:
        for some in rows.partitions(AT_ONCE):
            yield from some


def _chains(
    session: Session,
    found: Verified,
    heads: dict[UUID, tuple[int, str]],
    told: dict[str, tuple[UUID, str]],
) -> Iterator[tuple[UUID, tuple[int, str]]]:
    """Yield where chains do not hold, the first place of each before any other.

    What they witness of other rows is put into `told`, the newest word about each row.
    """
    link = trail.linking(audit.key_of(session))
    seals = _Seals(_stream(session, _sealed_points()))
    rows = _stream(session, trail.entries(session.get_bind().dialect.name))
    for stored_id, entries in groupby(rows, key=_CHAIN):
        chain_id = UUID(stored_id)
        points = seals.of(chain_id)
        previous, number, broken = "", 0, ""
        for row in entries:
            found.entries += 1
            linked = trail.linked(row)
            if row[_EVENT] == witness.EVENT and linked:
                witnessed = witness.told_in(row[_EVENT], linked[-1])
                told |= {name: (chain_id, digest) for name, digest in witnessed.items()}
            if broken:
                continue
            number += 1
            stored = row[0]
            if row[_SEQUENCE] != number:
                broken = MISSING
            elif linked is None or linked[0] != previous or stored != link(linked):
                broken = CHANGED
            elif points.pop(number, stored) != stored:
                broken = NOT_SEALED
            previous = stored
        seals.leave(chain_id, points)
        if not broken and heads.get(chain_id, (0, "")) != (number, previous):
            broken = CUT_OFF
        heads.pop(chain_id, None)
        if broken:
            yield chain_id, (number, broken)
    yield from ((chain_id, (0, CUT_OFF)) for chain_id in heads)
    yield from ((chain_id, (number, MISSING)) for chain_id, number in seals.lost())


def _sealed_points() -> "Select[UUID, int, str]":
    return select(AuditSeal.chain_id, AuditSeal.sequence, AuditSeal.hash).order_by(
        AuditSeal.chain_id, AuditSeal.sequence
    )


class _Seals:
    """Walks the sealed points beside the chains, both in the same order."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._rows = rows
        self._next: Any = next(rows, None)
        self._lost: dict[UUID, int] = {}

    def of(self, chain_id: UUID) -> dict[int, str]:
        """Return the sealed hashes of a chain by place; those of chains before it are lost."""
        points: dict[int, str] = {}
        while self._next is not None and self._next[0] <= chain_id:
            at, number, sealed = self._next
            if at == chain_id:
                points[number] = sealed
            else:
                self._lost.setdefault(at, number)
            self._next = next(self._rows, None)
        return points

    def leave(self, chain_id: UUID, points: dict[int, str]) -> None:
        """Take what is left of a chain's sealed points when all its entries were seen."""
        if points:
            self._lost.setdefault(chain_id, min(points))

    def lost(self) -> Iterator[tuple[UUID, int]]:
        """Yield the first sealed entry of each chain that is not there any more."""
        while self._next is not None:
            self._lost.setdefault(self._next[0], self._next[1])
            self._next = next(self._rows, None)
        yield from self._lost.items()


def _lost(chain_id: UUID) -> str:
    """Name a chain whose case or account somebody took away."""
    return f"casework_case or account {chain_id}, which is not there any more"


def _names(session: Session, chains: set[UUID]) -> dict[UUID, str]:
    """Return what to call the chains: by case code or user name."""
    found = {audit.SYSTEM: "entries of the system"}
    if chains:
        cases = session.execute(select(Case.id, Case.code).where(Case.id.in_(chains)))
        people = session.execute(select(Account.id, Account.username).where(Account.id.in_(chains)))
        found |= {one: f"case {code}" for one, code in cases}
        found |= {one: f"entries of {name}" for one, name in people}
    return found


def _checkpoints(session: Session, found: Verified, head: ExportedHead | None) -> list[Break]:
    """Return the first break of the checkpoints, and where they contradict the exported head."""
    key = audit.key_of(session)
    moved = _Moved(_stream(session, _moves()))
    digest, previous, expected, entries, exported = "", "", 0, 0, ""
    points = _stream(session, select(*_POINT).order_by(AuditCheckpoint.sequence))
    for point in points:
        found.checkpoints += 1
        expected += 1
        seals = moved.of(point.sequence)
        digest = checkpoint.digest_of(digest, seals)
        entries += moved.grown(seals)
        if point.sequence != expected:
            return [Break("checkpoints", expected, MISSING)]
        told = (point.digest, point.entries, point.previous_hash, point.hash)
        if told != (digest, entries, previous, checkpoint.hash_of(key, point[:-1])):
            return [Break("checkpoints", expected, CHANGED)]
        previous = point.hash
        if head is not None and point.sequence == head.sequence:
            exported = point.hash
    if moved.left():
        return [Break("checkpoints", expected, CUT_OFF)]
    return _against(head, exported, expected)


def _against(head: ExportedHead | None, exported: str, last: int) -> list[Break]:
    if head is None or exported == head.hash:
        return []
    if not exported:
        rolled_back = f"is the last one, but {head.sequence} was exported: the database is older"
        return [Break("checkpoints", last, rolled_back)]
    return [Break("checkpoints", head.sequence, "is not the one that was exported")]


def _moves() -> "Select[int, UUID, int, str]":
    return select(
        AuditSeal.checkpoint, AuditSeal.chain_id, AuditSeal.sequence, AuditSeal.hash
    ).order_by(AuditSeal.checkpoint, AuditSeal.chain_id)


class _Moved:
    """Walks the sealed points by checkpoint, and counts how far each chain has grown."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._rows = rows
        self._next: Any = next(rows, None)
        self._at: dict[UUID, int] = {}

    def of(self, number: int) -> list[Head]:
        """Return the heads that moved before this checkpoint."""
        found: list[Head] = []
        while self._next is not None and self._next[0] == number:
            found.append((self._next[1], self._next[2], self._next[3]))
            self._next = next(self._rows, None)
        return found

    def grown(self, moved: list[Head]) -> int:
        """Return how many entries were added up to these heads."""
        more = 0
        for chain_id, sequence, _ in moved:
            more += sequence - self._at.get(chain_id, 0)
            self._at[chain_id] = sequence
        return more

    def left(self) -> bool:
        """Say whether there are sealed points of checkpoints that are not there."""
        return self._next is not None
