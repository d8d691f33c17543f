"""The rule that SQL says once more below all Python is the same rule (S3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from engine import access
from engine.models import Account, Case
from tests.engine.conftest import desk
from tests.engine.desk import Desk
from tests.engine.small import GO_ON
from tests.engine.test_access import Shaker
from tests.engine.test_deputy import World

__all__ = ["desk"]
pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.fixture
def database(postgres_only: object) -> Iterator[object]:
    return postgres_only  # type: ignore[return-value]


def compare(desk: Desk) -> int:
    """Compare for everybody what the database shows with engine/access; count the cases."""
    database, seen = desk.application.database, 0
    with database.reading() as session:
        people = session.scalars(select(Account).order_by(Account.username)).unique().all()
        wanted = {
            one.id: set(session.scalars(select(Case.id).where(access.visible_cases(session, one))))
            for one in people
        }
    for one in people:
        with database.reading_as(one.id) as session:
            found = set(session.scalars(text("SELECT casetable_cases()")))
        assert found == wanted[one.id], one.username
        seen += len(found)
    return seen


@pytest.mark.parametrize("seed", [11, 203])
def test_database_shows_deputies_what_the_rule_says(desk: Desk, seed: int) -> None:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    desk.open()
    world, seen = World(desk, case, seed), 0
    for _ in range(12):
        world.stir()
        seen += compare(desk)
    assert seen > 60


def test_database_shows_members_what_the_rule_says(desk: Desk, tmp_path: Path) -> None:
    del tmp_path
    shaker, seen = Shaker(desk, desk.open()), 0
    for _ in range(25):
        shaker.shake()
        seen += compare(desk)
    assert seen > 50
