"""Opens a gallery in memory for questions to the modules of access."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import resolve
from engine.models import Account, Base, Case, WorkItem
from engine.profile import Profile
from tests.authz import gallery
from tests.authz.gallery import Gallery, Place, Someone
from tests.authz.standing import NOW
from tests.conftest import make_settings

Cell = tuple[Callable[..., str], Someone, Place | None, Any]
"""What is asked, of whom, where, and about what."""


@dataclass
class Hall:
    """A gallery in an open session, with the rows that the questions need."""

    session: Session
    gallery: Gallery
    profile: Profile
    accounts: dict[UUID, Account] = field(default_factory=dict)
    cases: dict[UUID, Case] = field(default_factory=dict)
    items: dict[UUID, WorkItem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read all rows once."""
        found = self.session
        self.accounts = {one.id: one for one in found.scalars(select(Account)).unique()}
        self.cases = {one.id: one for one in found.scalars(select(Case)).unique()}
        self.items = {one.case_id: one for one in found.scalars(select(WorkItem)).unique()}


def compared(expected: object, given: object, what: str) -> str:
    """Say what was expected and is not so; nothing when it is."""
    return "" if expected == given else f"{what}: expected {expected}, is {given}"


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
