"""Lets an upgrade wait until nobody works, before it touches a table (PostgreSQL).

An upgrade that took one table after the other would meet whoever takes them in another order: the
server ends one of the two, and that may be an answer that somebody is just giving. So it takes all
tables at once or lets go of those that it has, and tries again; whoever comes while it works waits.
"""

import time

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import OperationalError

from engine.errors import StateError

WAITS = "500ms"
"""Shorter than the second after which the server looks for who waits for whom."""
TAKEN = frozenset({"55P03", "40P01"})
"""The server's codes for a lock that did not come in time, and for two that wait for each other."""
PAUSE = 0.25
ATTEMPTS = 120
"""With the waits between a minute and a half of trying."""


def hold_all_tables(connection: Connection) -> None:
    """Lock all tables for this transaction; raise StateError when somebody keeps one for long."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in sorted(inspect(connection).get_table_names()))
    if not names:
        return
    for _ in range(ATTEMPTS):
        try:
            # Going back to a savepoint gives back the locks that were taken since.
            with connection.begin_nested():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAITS}'")
                connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
                connection.exec_driver_sql("SET LOCAL lock_timeout = DEFAULT")
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") not in TAKEN:
                raise
            time.sleep(PAUSE)
        else:
            return
    raise StateError(
        "Somebody works on the tables without a pause; nothing is changed. Look for a transaction "
        "that does not end, then upgrade again."
    )
