"""Lets SQLite count its rows, by which it chooses among indexes; PostgreSQL does so by itself.

A connection reads the counts when it is opened and plans by them as long as it lives: the pool
opens each one anew after an hour (engine/database.py).
"""

from engine.database import Database

FEW = 1000
"""Rows of a table that is not counted: it is quick by any plan now, and may have thousands soon."""


def refresh(database: Database) -> None:
    """Count again what SQLite plans by; nobody else writes meanwhile.

    Threat: without a limit some builds of SQLite also keep samples of what the indexes hold, where
    a value would outlive the row that is erased (S15).

    Of small tables nothing is kept. Without counts SQLite believes in its indexes; with those of
    nine rows it goes through all of them, and through a hundred thousand an hour later.
    """
    if not database.is_sqlite:
        return
    with database.engine.connect() as opened:
        connection = opened.execution_options(casetable_write=True)
        # So many entries of each index tell a rare value from a common one.
        connection.exec_driver_sql("PRAGMA analysis_limit=1000")
        connection.exec_driver_sql("ANALYZE")
        connection.exec_driver_sql(
            "DELETE FROM sqlite_stat1 WHERE tbl IN (SELECT tbl FROM sqlite_stat1 GROUP BY tbl "
            "HAVING max(CAST(stat AS integer)) < ?)",
            (FEW,),
        )
        connection.commit()
