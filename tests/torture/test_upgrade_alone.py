"""R1: an upgrade of the tables steps back from who works on them, and never ends their work."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from engine.database import Database
from engine.errors import StateError
from engine.migrations import alone
from engine.models import Account, AuditHead, Case

pytestmark = pytest.mark.postgres
HELD = 2.5
"""Seconds: longer than the server waits before it looks who waits for whom."""


def test_upgrade_waits_for_whoever_takes_tables_in_another_order(postgres_only: Database) -> None:
    def upgrade() -> float:
        begun = time.monotonic()
        with postgres_only.engine.begin() as connection:
            alone.hold_all_tables(connection)
            held = connection.scalar(
                text("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted")
            )
        assert held is not None
        assert held > 50
        return time.monotonic() - begun

    with ThreadPoolExecutor(1) as pool:
        with postgres_only.transaction() as session:
            # The last tables first: the upgrade takes them by their names.
            session.scalar(select(Case.id).limit(1).with_for_update())
            upgrading = pool.submit(upgrade)
            time.sleep(HELD)
            session.scalar(select(AuditHead.chain_id).limit(1).with_for_update())
            session.scalar(select(Account.id).limit(1).with_for_update())
        assert upgrading.result(timeout=30) >= HELD


def test_upgrade_gives_up_in_a_sentence_when_somebody_never_ends(
    postgres_only: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "ATTEMPTS", 2)
    with (
        postgres_only.transaction() as session,
        postgres_only.engine.begin() as connection,
    ):
        session.scalar(select(Case.id).limit(1).with_for_update())
        with pytest.raises(StateError, match="nothing is changed"):
            alone.hold_all_tables(connection)
