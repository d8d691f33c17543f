"""Makes a process that has just been started ready for its first person or timer."""

import gc

import structlog
from sqlalchemy.exc import DBAPIError

from engine import operator
from engine.application import Application
from engine.errors import CasetableError

LOG = structlog.get_logger()


def warm(application: Application) -> None:
    """Read what new cases are started on before the first person comes, who would wait for it.

    Without a database, or with nothing published yet, the process starts and says so.
    """
    try:
        with application.database.reading_as(None) as session:
            deployment = application.deployment(session)
        for process_id in deployment.processes:
            deployment.program(process_id)
        _read(deployment.profile, deployment.forms, deployment.decisions, operator.catalogue())
    except (CasetableError, DBAPIError) as error:
        LOG.warning("not_warmed", error=type(error).__name__)
    # What was loaded until now stays as long as the process: to look through it for what nobody
    # needs any more took a tenth of the time of a firing (M4).
    gc.collect()
    gc.freeze()


def _read(*parts: object) -> None:
    """Take what is read when it is asked for the first time, and kept."""
    del parts
