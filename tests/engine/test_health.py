"""What an operator sees at a glance: figures that say how far they count."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import insert

from engine import agenda, health, staffing
from engine.application import Application
from engine.models import Account, AccountRole
from tasks.worker import look
from tests.conftest import hearing
from tests.effort import instructions
from tests.engine.desk import Desk


def test_figures_count_what_there_is_and_not_beyond_what_they_say(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        desk.open()
    found = health.look(desk.application)
    assert (found["running_instances"], found["jobs_failed"]) == (3, 0)
    assert found["counted_to"] == health.COUNTED_TO
    monkeypatch.setattr(health, "COUNTED_TO", 2)
    found = health.look(desk.application)
    assert (found["running_instances"], found["counted_to"]) == (2, 2)
    assert found["jobs_waiting"] <= 2
    with desk.application.database.reading() as session:
        assert agenda.running_instances(session) == 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_glance_and_a_look_of_a_worker_cost_no_more_with_many_people(desk: Desk) -> None:
    before = _work(desk, health.look), _work(desk, staffing.watch)
    _add_people(desk, 2_000)
    after = _work(desk, health.look), _work(desk, staffing.watch)
    assert after[0] < 1.5 * before[0]
    assert after[1] < 1.5 * before[1]


def test_the_limits_of_a_glance_and_of_a_look_are_written_out(desk: Desk) -> None:
    """PostgreSQL plans what has another limit anew each time, once the tables are large."""
    desk.open()
    with hearing(desk.application.database) as sent:
        health.look(desk.application)
        look(desk.application)
    limits = {found for one in sent for found in re.findall(r"LIMIT ([^\s)]+)", one)}
    assert {str(health.COUNTED_TO), str(staffing.ENOUGH), "1"} <= limits
    assert [one for one in sent if re.search(r"LIMIT \D", one)] == []


def _work(desk: Desk, reads: Callable[[Application], object]) -> int:
    """Return how many instructions the database does for a reading."""
    return instructions(desk.application.database, lambda: reads(desk.application))


def _add_people(desk: Desk, number: int) -> None:
    """Add people who all hold the role of the intake desk."""
    anna = desk.account("intake.anna")
    people = [
        {
            "id": uuid4(),
            "username": f"many.{one}",
            "display_name": f"Person {one}",
            "email": f"many.{one}@example.org",
            "password_hash": anna.password_hash,
            "organisation_id": anna.organisation_id,
            "created_at": desk.clock.now(),
        }
        for one in range(number)
    ]
    held = [{"account_id": one["id"], "role": "intake_desk"} for one in people]
    with desk.application.database.transaction() as session:
        session.execute(insert(Account), people)
        session.execute(insert(AccountRole), held)
