"""Whether this process lives, and whether it can serve people: for supervisors and balancers.

A stranger learns that it does or does not, and no more; why is in the log and `casetable health`.
"""

import structlog
from flask import Blueprint
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from engine import migration
from engine.errors import CasetableError
from webui.context import application
from webui.guard import public

pages = Blueprint("probe", __name__)
LOG = structlog.get_logger()


@pages.get("/live")
@public
def live() -> dict[str, str]:
    """Answer without asking anything of the database: who restarts us must not mind its absence."""
    return {"status": "alive"}


@pages.get("/ready")
@public
def ready() -> tuple[dict[str, str], int]:
    """Answer 503 while the database is away or of another version, or the keys are missing.

    A broker that is away makes things slower and nothing wrong: that is ready.
    """
    wanting = _wanting()
    if wanting:
        LOG.warning("not_ready", kind=wanting)
        return {"status": "not ready"}, 503
    return {"status": "ready"}, 200


def _wanting() -> str:
    """Return what is wanting in a word, or nothing."""
    database = application().database
    try:
        if database.is_letterbox:
            # It has no right to ask for the version; `casetable db upgrade` runs before it starts.
            with database.worker.connect() as connection:
                connection.scalar(select(1))
        elif not migration.is_usable(database):
            return "tables"
        database.master_keys.newest()
    except SQLAlchemyError:
        return "database"
    except CasetableError:
        return "keys"
    return ""
