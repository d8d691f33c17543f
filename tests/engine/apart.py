"""A shipped structure that keeps files apart, and what its two bodies do in a test."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import demo, scenario
from engine.accounts import find_account
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import ResolvedDeployment, resolve
from engine.inheritance import known
from engine.models import Account, Case, CaseLink
from engine.scenario_world import Player
from engine.settings import ROOT
from tests import ground
from tests.conftest import make_settings

PROCESSES = ROOT / "processes"
HAND = {"do": "hand_over", "answers": {"crossing_level": "concern_only"}}


@cache
def structure() -> ResolvedDeployment:
    """Return the shipped structure that keeps files apart."""
    found = (resolve(PROCESSES, code) for code in known(PROCESSES))
    return next(one for one in found if one.profile.files)


def open_application(database: Database, folder: Path, clock: TestClock) -> Application:
    """Return an application of that structure with the demo people."""
    url = database.url.render_as_string(hide_password=False)
    settings = replace(make_settings(folder, url), profile=structure().profile.code)
    found = Application(settings, database, clock)
    found.deployments.remember(structure())
    ground.once(found, "seed apart", lambda: demo.seed(found, structure()))
    ground.hand_out(database)
    return found


class Bodies(Player):
    """Plays steps of stories on the test's own database."""

    def __init__(self, application: Application, clock: TestClock) -> None:
        super().__init__(application, clock, structure().profile.zone)

    def do(self, step: dict[str, Any]) -> None:
        """Do one step; what goes otherwise than told fails."""
        assert self.take(scenario.step_kind(step), step) == [], step

    def tell(self, *names: str) -> None:
        """Play fragments of stories."""
        parts = scenario.fragments_of(PROCESSES, structure().profile.code)
        for name in names:
            for step in scenario.read_steps(parts[name], parts):
                self.do(step)

    def hand_over(self) -> tuple[UUID, UUID]:
        """Let the first body decide and hand over; return both cases."""
        self.tell("intake_to_handing_over")
        first = self.case
        self.do(HAND)
        self.do({"file": "care"})
        return first, self.case

    @property
    def case(self) -> UUID:
        assert self.case_id is not None
        return self.case_id

    def named(self, session: Session, username: str) -> Account:
        return find_account(session, username)

    def files(self) -> list[Case]:
        """Return all cases of the database, those of the first body first."""
        with self.application.database.reading() as session:
            return list(session.scalars(select(Case).order_by(Case.file.desc(), Case.code)))

    def links(self) -> list[CaseLink]:
        with self.application.database.reading() as session:
            return list(session.scalars(select(CaseLink)))
