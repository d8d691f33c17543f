"""What an operator sees at a glance: figures that say how far they count."""

import pytest

from engine import agenda, health
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
