"""The small world in which one scenario runs: own database, test clock, demo people, one case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection as SQLite
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import ResolvedDeployment, store
from engine.scenario_ground import (
    beginning,
    copy_of,
    overwrite,
    resolved,
    settings_of,
    shared_database,
    write_over,
)
from engine.scenario_player import Player

__all__ = ["Kept", "Player", "World"]


@dataclass(frozen=True)
class Kept:
    """How a world stood at an instant."""

    database: SQLite
    now: datetime
    case_id: UUID | None


class World(Player):
    """The small world of one scenario; it ends with the scenario."""

    def __init__(
        self,
        processes_dir: Path,
        profile: str,
        starts: datetime,
        values: Mapping[str, Any],
        *,
        drawn: ResolvedDeployment | None = None,
        database: Database | None = None,
    ) -> None:
        """Begin anew: with what the folder holds or what is `drawn`, in a database of the own."""
        shipped = resolved(processes_dir, profile)
        deployment = (drawn or shipped).with_values(values)
        zone = deployment.profile.zone
        clock = TestClock(starts.replace(tzinfo=zone).astimezone(UTC))
        settings = settings_of(processes_dir, profile)
        application = Application(settings, database or shared_database(), clock)
        application.sends_mail = False
        application.deployments.remember(deployment)
        overwrite(beginning(processes_dir, profile), application.database)
        if deployment.id != shipped.id:
            with application.database.transaction() as session:
                store(session, deployment, at=clock.now())
        super().__init__(application, clock, zone)
        self.stands_on = (str(processes_dir), profile, deployment.id, clock.now())
        """Where its case begins: worlds that stand on the same differ by their steps alone."""

    def kept(self) -> Kept:
        """Return a copy of what is stored now, and of the instant."""
        return Kept(copy_of(self.application.database), self.clock.now(), self._case_id)

    def take_up(self, kept: Kept) -> None:
        """Go on where a world that stood on the same has come to."""
        write_over(kept.database, self.application.database)
        self.clock.set(kept.now)
        self._case_id = kept.case_id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave everything as it is: the next world overwrites it."""
