"""Tells apart why nothing can be written: there is no room left, or the database is away (R13)."""

import errno
import sqlite3

PRIMARY = 0xFF
"""SQLite puts details of a code into its higher bits."""
NO_ROOM = "53100"
"""PostgreSQL's code for a full disk."""


def is_full(error: BaseException) -> bool:
    """Say whether an error means that the disk, or the file of the database, has no room left."""
    cause = getattr(error, "orig", None) or error
    if getattr(cause, "sqlite_errorcode", 0) & PRIMARY == sqlite3.SQLITE_FULL:
        return True
    if getattr(cause, "sqlstate", None) == NO_ROOM:
        return True
    return isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}
