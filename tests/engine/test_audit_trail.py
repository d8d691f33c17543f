"""S12: whatever is changed in the audit trail below the application, the verification names it.

`CASETABLE_TAMPERINGS` sets how many random changes are tried on each database (default 300, a
full run 10,000); the seed is printed and `CASETABLE_SEED` repeats it.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, event, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine import audit, checkpoint, verification
from engine.errors import InputError
from engine.models import (
    Account,
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    AuditSeal,
    Base,
    Case,
)
from engine.models.guard import release_audit
from tasks.worker import look
from tests.conftest import with_all_rights
from tests.engine.desk import Desk
from tests.engine.test_commandline import run
from tests.goal import Figure

TAMPERINGS = int(os.environ.get("CASETABLE_TAMPERINGS", "300"))
SEED = int(os.environ.get("CASETABLE_SEED", str(random.randrange(10**6))))
ENTRY = Base.metadata.tables["audit_entry"]
CASE = Base.metadata.tables["casework_case"]
HEAD = Base.metadata.tables["audit_head"]
POINT = Base.metadata.tables["audit_checkpoint"]
SEAL = Base.metadata.tables["audit_seal"]
CHAINS = (SEAL, POINT, HEAD, ENTRY)


class _UndoneError(Exception):
    """Ends a transaction without keeping what was done in it."""


@contextmanager
def _undone(desk: Desk) -> Iterator[Session]:
    with suppress(_UndoneError), with_all_rights(desk.application.database) as session:
        yield session
        raise _UndoneError


@dataclass
class Trail:
    """A trail with several chains and checkpoints, whose newest head is kept outside."""

    desk: Desk
    head: checkpoint.ExportedHead
    earlier: dict[str, list[dict[str, Any]]]
    """The tables as they were before the last hour."""

    def verify(self, session: Session) -> verification.Verified:
        return verification.verify(session, self.head)


def _copy(session: Session) -> dict[str, list[dict[str, Any]]]:
    kept = {table.name: table.select() for table in CHAINS}
    kept["casework_case"] = select(CASE.c.id, CASE.c.audit_head, CASE.c.audit_sequence)
    return {
        name: [dict(row._mapping) for row in session.execute(statement)]
        for name, statement in kept.items()
    }


def _look_around(desk: Desk, session: Session, username: str, cases: list[UUID]) -> None:
    person = desk.account(username).id
    now = desk.clock.now()
    for case_id in cases:
        case = session.get_one(Case, case_id)
        audit.record(
            session, case, at=now, actor_id=person, event="case:file:read", subject=case_id
        )
    audit.record(session, None, at=now, actor_id=person, event="case:list:read", subject="cases")
    session.flush()


@pytest.fixture
def trail(desk: Desk) -> Trail:
    cases = [desk.open() for _ in range(3)]
    database = desk.application.database
    for username in ("intake.anna", "chair.clara"):
        with database.transaction() as session:
            _look_around(desk, session, username, cases)
        desk.pass_time(hours=1)
        look(desk.application)
    with database.transaction() as session:
        earlier = _copy(session)
        _look_around(desk, session, "intake.bram", [cases[0], *cases])
    desk.pass_time(hours=1)
    with database.transaction() as session:
        _look_around(desk, session, "chair.clara", cases[:1])
        line = checkpoint.export(session, desk.clock.now())
    with with_all_rights(database) as session:
        release_audit(session.connection())
    key = desk.application.settings.audit_key
    return Trail(desk, checkpoint.read_head(key, line), earlier)


@dataclass
class Hand:
    """Who tampers: below the application, with all the rights on the tables."""

    session: Session
    trail: Trail
    dice: random.Random


def _rows(session: Session, table: Any, *conditions: Any) -> list[Any]:
    order = list(table.primary_key.columns)
    return list(session.execute(table.select().where(*conditions).order_by(*order)))


def _same(table: Any, row: Any) -> Any:
    found = True
    for column in table.primary_key.columns:
        found = (column == row._mapping[column]) & found
    return found


def _another(session: Session, column: Any, value: Any, dice: random.Random) -> Any:
    """Return another value that the column's type and foreign key let through."""
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        known = [one for one in session.scalars(select(target)) if one != value]
        return dice.choice(sorted(known, key=str))
    if isinstance(value, UUID):
        return uuid4()
    if isinstance(value, int):
        return value + dice.choice([1000, 2000])
    if isinstance(value, dict):
        return {**value, "section": f"other-{dice.random()}"}
    if isinstance(value, str):
        return f"{value[:-1]}{'0' if value[-1:] != '0' else '1'}"
    return value + timedelta(seconds=dice.choice([-1, 1]))


def edit(hand: Hand) -> None:
    session, dice = hand.session, hand.dice
    table = dice.choice([ENTRY, ENTRY, ENTRY, HEAD, POINT, SEAL, CASE])
    columns = [CASE.c.audit_head, CASE.c.audit_sequence] if table is CASE else list(table.columns)
    row, column = dice.choice(_rows(session, table)), dice.choice(columns)
    if table is POINT and column is POINT.c.sequence:
        column = POINT.c.entries  # the sealed points refer to it
    value = _another(session, column, row._mapping[column], dice)
    session.execute(update(table).where(_same(table, row)).values({column: value}))


def _entries(session: Session, dice: random.Random, least: int = 1) -> list[Any]:
    """Return the entries of one chain that has at least so many."""
    chains = sorted(set(session.scalars(select(ENTRY.c.chain_id))), key=str)
    while True:
        rows = _rows(session, ENTRY, ENTRY.c.chain_id == dice.choice(chains))
        if len(rows) >= least:
            return sorted(rows, key=lambda row: row.sequence)


def _cover_up(session: Session, chain_id: UUID, dice: random.Random) -> None:
    """Let the head say what the last entry says, as somebody who thinks would."""
    if dice.random() < 0.3:
        return
    rows = sorted(_rows(session, ENTRY, ENTRY.c.chain_id == chain_id), key=lambda row: row.sequence)
    number, link = (rows[-1].sequence, rows[-1].hash) if rows else (0, "")
    session.execute(
        update(CASE).where(CASE.c.id == chain_id).values(audit_sequence=number, audit_head=link)
    )
    session.execute(
        update(HEAD).where(HEAD.c.chain_id == chain_id).values(sequence=number, hash=link)
    )


def _renumber(session: Session, rows: list[Any], start: int) -> None:
    previous = ""
    for number, row in enumerate(rows, start=1):
        if number >= start:
            session.execute(
                update(ENTRY)
                .where(ENTRY.c.id == row.id)
                .values(sequence=number, previous_hash=previous)
            )
        previous = row.hash


def remove(hand: Hand) -> None:
    session, dice = hand.session, hand.dice
    rows = _entries(session, dice)
    session.execute(delete(ENTRY).where(ENTRY.c.id == dice.choice(rows).id))
    _cover_up(session, rows[0].chain_id, dice)


def remove_and_renumber(hand: Hand) -> None:
    session, dice = hand.session, hand.dice
    rows = _entries(session, dice, least=2)
    gone = dice.randrange(len(rows))
    session.execute(delete(ENTRY).where(ENTRY.c.id == rows.pop(gone).id))
    _renumber(session, rows, gone + 1)
    _cover_up(session, rows[0].chain_id, dice)


def cut_the_tail(hand: Hand) -> None:
    session, dice = hand.session, hand.dice
    rows = _entries(session, dice)
    kept = dice.randrange(len(rows))
    for row in rows[kept:]:
        session.execute(delete(ENTRY).where(ENTRY.c.id == row.id))
    _cover_up(session, rows[0].chain_id, dice)


def swap(hand: Hand) -> None:
    session, dice = hand.session, hand.dice
    rows = _entries(session, dice, least=2)
    one, other = dice.sample(rows, 2)
    apart = 10_000
    session.execute(update(ENTRY).where(ENTRY.c.id == one.id).values(sequence=apart))
    for row, number in ((other, one.sequence), (one, other.sequence)):
        session.execute(update(ENTRY).where(ENTRY.c.id == row.id).values(sequence=number))


def duplicate(hand: Hand) -> None:
    session, dice = hand.session, hand.dice
    rows = _entries(session, dice)
    copy = {**dice.choice(rows)._mapping, "id": uuid4(), "sequence": len(rows) + 1}
    session.execute(insert(ENTRY).values(copy))
    _cover_up(session, rows[0].chain_id, dice)


def add_one(hand: Hand) -> None:
    """Insert an entry with a hash that only lacks the key, and move on those behind it."""
    session, dice = hand.session, hand.dice
    rows = _entries(session, dice)
    place = dice.randrange(len(rows) + 1)
    for row in reversed(rows[place:]):
        session.execute(update(ENTRY).where(ENTRY.c.id == row.id).values(sequence=row.sequence + 1))
    new = {**rows[0]._mapping, "id": uuid4(), "sequence": place + 1, "event": "case:file:read"}
    new["previous_hash"] = rows[place - 1].hash if place else ""
    new["hash"] = audit.link(b"", [new[column.key] for column in audit.LINKED])
    session.execute(insert(ENTRY).values(new))
    _cover_up(session, rows[0].chain_id, dice)


def forge_the_rest(hand: Hand) -> None:
    """Change an entry and link all that follow anew, as far as that goes without the key."""
    session, dice = hand.session, hand.dice
    rows = [dict(row._mapping) for row in _entries(session, dice)]
    place = dice.randrange(len(rows))
    rows[place]["subject"] = "somebody else"
    for number, row in enumerate(rows[place:], start=place):
        row["previous_hash"] = rows[number - 1]["hash"] if number else ""
        row["hash"] = audit.link(b"a guess", [row[column.key] for column in audit.LINKED])
        session.execute(update(ENTRY).where(ENTRY.c.id == row["id"]).values(row))
    _cover_up(session, rows[0]["chain_id"], random.Random(1))


def lose_a_checkpoint(hand: Hand) -> None:
    session, dice = hand.session, hand.dice
    number = dice.choice(_rows(session, POINT)).sequence
    session.execute(delete(SEAL).where(SEAL.c.checkpoint == number))
    session.execute(delete(POINT).where(POINT.c.sequence == number))


def _roll_back(session: Session, trail: Trail) -> None:
    for table in CHAINS:
        session.execute(delete(table))
    for table in reversed(CHAINS):
        if trail.earlier[table.name]:
            session.execute(insert(table), trail.earlier[table.name])
    for row in trail.earlier["casework_case"]:
        session.execute(
            update(CASE)
            .where(CASE.c.id == row["id"])
            .values(audit_head=row["audit_head"], audit_sequence=row["audit_sequence"])
        )
    session.expire_all()


def roll_back(hand: Hand) -> None:
    _roll_back(hand.session, hand.trail)


def fork(hand: Hand) -> None:
    """Go back to the earlier copy and work on with the real key, so that all looks whole."""
    session, dice = hand.session, hand.dice
    _roll_back(session, hand.trail)
    case = dice.choice(session.scalars(select(Case).order_by(Case.id)).all())
    _look_around(hand.trail.desk, session, "intake.anna", [case.id] * dice.randrange(1, 4))
    for hours in range(1, dice.randrange(2, 5)):
        checkpoint.make(session, hand.trail.desk.clock.now() + timedelta(hours=hours))
        session.flush()


WAYS: tuple[Callable[[Hand], None], ...] = (
    edit,
    remove,
    remove_and_renumber,
    cut_the_tail,
    swap,
    duplicate,
    add_one,
    forge_the_rest,
    lose_a_checkpoint,
    roll_back,
    fork,
)


@pytest.mark.timeout(14_400)
def test_audit_trail_shows_every_single_change(trail: Trail, figure: Figure) -> None:
    dice = random.Random(SEED)
    unseen, begun = [], time.monotonic()
    with trail.desk.application.database.reading() as session:
        whole = trail.verify(session)
    assert whole.breaks == []
    assert (whole.entries > 15, whole.checkpoints > 2) == (True, True)
    for number in range(TAMPERINGS):
        way = edit if number % 3 == 0 else WAYS[number % len(WAYS)]
        with _undone(trail.desk) as session:
            way(Hand(session, trail, dice))
            session.flush()
            found = trail.verify(session)
        if not found.breaks:
            unseen.append(f"{number}: {way.__name__}")
    figure(
        "S12",
        trail_changes=TAMPERINGS,
        unseen=len(unseen),
        seconds=time.monotonic() - begun,
    )
    assert unseen == [], f"seed {SEED}"
    with trail.desk.application.database.reading() as session:
        assert trail.verify(session).breaks == []


def test_audit_trail_names_the_first_bad_row_in_a_sentence(trail: Trail) -> None:
    with _undone(trail.desk) as session:
        case = session.scalars(select(Case).order_by(Case.code)).first()
        assert case is not None
        session.execute(
            update(AuditEntry)
            .where(AuditEntry.case_id == case.id, AuditEntry.sequence >= 2)
            .values(event="x:y:z")
        )
        assert [str(one) for one in trail.verify(session).breaks] == [
            f"case {case.code}: entry 2 was changed"
        ]


def test_cut_off_tail_shows_against_the_exported_head_alone_after_a_rollback(trail: Trail) -> None:
    with _undone(trail.desk) as session:
        _roll_back(session, trail)
        assert verification.verify(session).breaks == []
        [broken] = trail.verify(session).breaks
        assert "the database is older" in str(broken)


def test_entry_below_the_last_checkpoint_is_sealed_even_for_who_holds_the_key(
    trail: Trail,
) -> None:
    """The application itself, or a stolen key, cannot rewrite what was sealed and exported."""
    key = trail.desk.application.settings.audit_key
    with _undone(trail.desk) as session:
        rows = [dict(row._mapping) for row in _entries(session, random.Random(SEED), least=3)]
        previous = ""
        for row in rows:
            row |= {"subject": "another", "previous_hash": previous}
            row["hash"] = previous = audit.link(key, [row[column.key] for column in audit.LINKED])
            session.execute(update(ENTRY).where(ENTRY.c.id == row["id"]).values(row))
        _cover_up(session, rows[0]["chain_id"], random.Random(1))
        assert trail.verify(session).breaks


def test_exported_head_that_was_changed_is_refused(trail: Trail) -> None:
    key = trail.desk.application.settings.audit_key
    line = trail.head.line(key)
    assert checkpoint.read_head(key, line) == trail.head
    for wrong in (
        line.replace(f" {trail.head.entries} ", " 1 "),
        line.replace(trail.head.hash, "0" * 64),
        "nothing of the kind",
        "",
    ):
        with pytest.raises(InputError):
            checkpoint.read_head(key, wrong)
    with pytest.raises(InputError, match="another installation"):
        checkpoint.read_head(b"other", line)


@pytest.mark.parametrize("table", ["audit_entry", "audit_checkpoint", "audit_seal"])
def test_database_refuses_to_change_or_delete_audit_rows(desk: Desk, table: str) -> None:
    desk.open()
    look(desk.application)
    where = Base.metadata.tables[table]
    for statement in (update(where).values(sequence=where.c.sequence), delete(where)):
        with (
            pytest.raises(DBAPIError, match="added, never changed"),
            with_all_rights(desk.application.database) as session,
        ):
            session.execute(statement)


def test_worker_seals_all_chains_every_hour(desk: Desk) -> None:
    desk.open()
    database = desk.application.database
    look(desk.application)
    look(desk.application)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditCheckpoint)) == 1
    case = desk.open()
    desk.pass_time(hours=1)
    look(desk.application)
    with database.reading() as session:
        first, second = session.scalars(
            select(AuditCheckpoint).order_by(AuditCheckpoint.sequence)
        ).all()
        assert second.previous_hash == first.hash
        total = session.scalar(select(func.count()).select_from(AuditEntry))
        assert second.entries == total
        sealed = session.scalars(select(AuditSeal.chain_id).where(AuditSeal.checkpoint == 2)).all()
        assert set(sealed) == {case}  # what did not move is not written again


def test_checkpoint_holds_while_heads_move(desk: Desk) -> None:
    """S12: a head that moves between two statements must not make it look changed for ever."""
    database = desk.application.database
    if database.is_sqlite:
        pytest.skip("SQLite lets nobody write meanwhile")
    case = desk.open()
    moved: list[str] = []

    def move(_c: object, _k: object, statement: str, *_: object) -> None:
        if "audit_head" in statement and "UNION ALL" in statement:
            moved.append(statement)
            with database.transaction() as other:
                row = other.get_one(Case, case)
                at = desk.clock.now()
                audit.record(other, row, at=at, actor_id=None, event="case:file:read", subject="x")

    with database.transaction() as session:
        event.listen(database.worker, "after_cursor_execute", move)
        checkpoint.make(session, desk.clock.now())
        event.remove(database.worker, "after_cursor_execute", move)
    assert moved
    with database.reading() as session:
        assert verification.verify(session).breaks == []


def test_what_concerns_no_case_is_chained_for_each_person(desk: Desk) -> None:
    for username in ("intake.anna", "intake.bram", "intake.anna"):
        with desk.application.database.transaction() as session:
            _look_around(desk, session, username, [])
    with desk.application.database.reading() as session:
        heads = dict(session.execute(select(AuditHead.chain_id, AuditHead.sequence)).all())
        assert heads.pop(audit.SYSTEM), "roles and the deployment are witnessed there"
        assert heads == {desk.account("intake.anna").id: 2, desk.account("intake.bram").id: 1}
        assert verification.verify(session).breaks == []


def test_commands_export_a_head_and_find_a_planted_change(tmp_path: Path) -> None:
    from engine.database import Database

    run(tmp_path, "db", "upgrade")
    head = tmp_path / "head.txt"
    # What was published first is witnessed.
    assert run(tmp_path, "audit", "checkpoint").stdout.startswith("Checkpoint 1 seals 1")
    assert run(tmp_path, "audit", "export-head", str(head)).returncode == 0
    assert head.read_text().startswith("casetable-audit-head 1 2 ")
    well = run(tmp_path, "audit", "verify", "--head", str(head))
    assert (well.returncode, "0 chains broken" in well.stdout) == (0, True), well.stderr
    database = Database(f"sqlite:///{tmp_path / 'casetable.sqlite'}")
    with database.transaction() as session:
        release_audit(session.connection())
        session.execute(update(ENTRY).values(event="audit:head:forget"))
    database.close()
    found = run(tmp_path, "audit", "verify", "--head", str(head))
    assert found.returncode == 1
    assert "entries of the system: entry 1 was changed." in found.stderr
    assert "1 chains broken" in found.stdout


def test_erasure_leaves_the_chains_whole(desk: Desk) -> None:
    from tasks.erasure import erase

    case_id = desk.open()
    with desk.application.database.transaction() as session:
        erase(session, session.get_one(Case, case_id))
    with desk.application.database.reading() as session:
        assert verification.verify(session).breaks == []
        assert session.scalar(select(func.count()).select_from(Account))
