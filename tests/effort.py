"""Counts what SQLite does for a piece of work: unlike seconds, instructions are free of noise."""

from collections.abc import Callable

from engine.database import Database


def instructions(database: Database, work: Callable[[], object]) -> int:
    """Return how many instructions the database does for a piece of work in this thread."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with database.reading() as session:
        connection = session.connection().connection.driver_connection
        assert connection is not None
    connection.set_progress_handler(count, 1)
    try:
        work()
    finally:
        connection.set_progress_handler(None, 1)
    assert steps
    return steps
