"""Lets SQLite count its rows, by which it chooses among indexes; PostgreSQL does so by itself.

A connection reads the counts when it is opened and plans by them as long as it lives: the pool
opens each one anew after an hour (engine/database.py).
"""

from typing import Final

from engine.database import Database

MOST: Final = 1000
"""Entries of an index that are looked at: they tell a rare value from a common one, and a database
with a hundred thousand cases is counted in well under a second."""


def refresh(database: Database) -> None:
    """Count again what SQLite plans by; nobody else writes meanwhile.

    Threat: without a limit some builds of SQLite also keep samples of what the indexes hold, where
    a value would outlive the row that is erased (S15).
    """
    if not database.is_sqlite:
        return
    with database.engine.connect() as opened:
        connection = opened.execution_options(casetable_write=True)
        connection.exec_driver_sql(f"PRAGMA analysis_limit={MOST}")
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
