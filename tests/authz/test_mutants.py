"""Small mistakes in the policy are noticed by the tables written by hand (S1).

`make torture` makes all of them, one after the other; that takes hours.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import access, demo, policy
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.models import Base, Case
from engine.reading import contribution, viewer
from tests.authz import stage
from tests.authz import test_matrix as matrix
from tests.authz.mutant import Mutant, mutants
from tests.conftest import START, make_settings
from tests.webui.site import Site
from webui.application import create_app

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
MODULES = (access, policy, viewer, contribution) if ALL else ()
POLICY = [mutant for module in MODULES for mutant in mutants(module)]
HARMLESS = {row["mutant"] for row in matrix.table("harmless")}
QUICK = [row for row in matrix.ROUTES if row["method"] == "GET" and matrix.names_in(row["path"])]


@dataclass
class Snapshot:
    """One state of the case with the pages over it."""

    site: Site
    state: str
    case: Case
    crowd: list[matrix.Person]


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> list[Snapshot]:
    folder = tmp_path_factory.mktemp("states")
    lived = _site(folder, folder / "life.sqlite")
    Base.metadata.create_all(lived.application.database.engine)
    demo.seed(lived.application)
    found = []
    for state, case in stage.life(lived):
        file = folder / f"{state}.sqlite"
        with lived.application.database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(folder / "life.sqlite", file)
        site = _site(folder, file, lived.application.clock.now())
        found.append(Snapshot(site, state, case, matrix.crowd_of(site)))
    return found


def _site(folder: Path, file: Path, now: object = START) -> Site:
    settings = make_settings(folder, f"sqlite:///{file}")
    clock = TestClock(now)  # type: ignore[arg-type]
    application = Application(settings, Database(f"sqlite:///{file}"), clock)
    return Site(application, create_app(application))


def _noticed(snapshots: list[Snapshot]) -> str:
    """Return the first thing that speaks against the policy as it is now, or nothing."""
    seen = matrix.Comparison()
    for one in snapshots:
        for found in matrix.look(one.site, one.state, one.case, one.crowd, QUICK):
            if found.wrong:
                return found.wrong[0]
            seen.add(found)
    return " ".join(sorted(seen.never_met()))


@pytest.mark.skipif(not ALL, reason="tests/authz/test_matrix.py asks the same on every run")
@pytest.mark.timeout(3600)
def test_policy_as_it_is_speaks_against_no_table(snapshots: list[Snapshot]) -> None:
    assert _noticed(snapshots) == ""


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mutant", POLICY, ids=str)
def test_mistake_in_the_policy_is_noticed(snapshots: list[Snapshot], mutant: Mutant) -> None:
    if str(mutant).partition(" ")[2] in HARMLESS:
        pytest.skip("changes nothing that anybody could notice; the reason is in harmless.csv")
    with mutant.at_work():
        try:
            noticed = _noticed(snapshots)
        except Exception as error:  # noqa: BLE001 - a program that breaks lets nobody read
            noticed = repr(error)
    assert noticed, f"nothing speaks against: {mutant}"
