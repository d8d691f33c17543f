"""Opens a gallery in memory for questions to the modules of access."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import resolve
from engine.models import Base
from tests.authz import gallery
from tests.authz.cell import Hall
from tests.authz.standing import NOW
from tests.conftest import make_settings


@contextmanager
def opened(
    folder: Path, groups: tuple[str, ...] = tuple(gallery.ROLES), *, full: bool
) -> Iterator[Hall]:
    """Give a gallery in a session whose changes are taken back in the end."""
    database = Database("sqlite://")
    Base.metadata.create_all(database.engine)
    application = Application(make_settings(folder, "sqlite://"), database, TestClock(NOW))
    profile = resolve(application.settings.processes_dir, "base").profile
    built = gallery.build(database, groups, full=full)
    with database.reading() as session:
        yield Hall(session, built, profile)
    database.close()
