"""Figures for monitoring: added up over processes, from short lists, nothing of a case (S18)."""

import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import select

from engine import checkpoint, due, metrics
from engine.backup import creating
from engine.database import Database
from engine.errors import SettingsError
from engine.figures import Figures
from engine.metrics_command import metrics as command
from engine.models import Case, Job
from tests.engine.desk import Desk

COUNTING = """
import sys
from datetime import timedelta
from pathlib import Path
from engine import metrics
metrics.begin(Path(sys.argv[1]))
for number in range(3):
    metrics.note_request("case", sys.argv[2], 200 + number, 0.01)
metrics.note_done("timer", timedelta(seconds=2))
metrics.note_look()
with metrics.timing_turns(1):
    pass
"""
GATHERING = """
import sys
from pathlib import Path
from engine import metrics
from prometheus_client import generate_latest
print(generate_latest(metrics.gather(Path(sys.argv[1]))).decode())
"""


def ran(source: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_figures_of_several_processes_are_added_up(tmp_path: Path) -> None:
    for method in ("GET", "GET", "BREW"):
        ran(COUNTING, str(tmp_path), method)
    told = ran(GATHERING, str(tmp_path))
    count = "casetable_http_request_seconds_count"
    assert f'{count}{{method="GET",status="2xx",topic="case"}} 6.0' in told
    assert f'{count}{{method="other",status="2xx",topic="case"}} 3.0' in told
    assert "casetable_turn_seconds_count 3.0" in told
    assert 'casetable_due_lateness_seconds_bucket{kind="timer",le="5.0"} 3.0' in told
    assert "BREW" not in told, "a stranger chooses no label"


def asked(desk: Desk) -> str:
    registry = CollectorRegistry()
    registry.register(Figures(desk.application))
    return generate_latest(registry).decode()


def test_database_tells_counts_and_nothing_of_a_case(desk: Desk) -> None:
    desk.open()
    told = asked(desk)
    assert 'casetable_mails{state="waiting"} 1.0' in told
    assert "casetable_process_instances 1.0" in told
    assert "casetable_backup_age_seconds" not in told
    due.run_due(desk.application)
    desk.clock.set(desk.item(_case(desk), "ask").due_at)
    told = asked(desk)
    assert 'casetable_mails{state="waiting"} 0.0' in told
    assert not told.count("casetable_due_age_seconds 0.0"), "a reminder is days late by now"
    with desk.application.database.reading() as session:
        known = {str(case) for case in session.scalars(select(Case.id))}
        known |= set(session.scalars(select(Case.code)))
        known |= {str(job) for job in session.scalars(select(Job.id))}
    assert not [one for one in known if one in told]


def _case(desk: Desk) -> UUID:
    with desk.application.database.reading() as session:
        return session.scalars(select(Case.id)).one()


def test_database_that_is_away_is_told_and_nothing_else(desk: Desk, tmp_path: Path) -> None:
    desk.application.database = Database(f"sqlite:///{tmp_path / 'without_tables.sqlite'}")
    told = asked(desk)
    assert "casetable_database_up 0.0" in told
    assert "casetable_jobs" not in told


def test_age_of_the_newest_backup_is_told(desk: Desk) -> None:
    with desk.application.database.transaction() as session:
        checkpoint.export(session, desk.clock.now(), event=creating.CREATED)
    desk.pass_time(hours=5)
    assert "casetable_backup_age_seconds 18000.0" in asked(desk)


@pytest.mark.parametrize(
    "bind", ["0.0.0.0:9464", "[::]:9464", "192.0.2.7:9464", "localhost", "x:y"]
)
def test_figures_are_for_this_machine_alone(bind: str) -> None:
    answer = CliRunner().invoke(command, ["--bind", bind])
    assert answer.exit_code == 2
    assert "bind" in answer.output


def test_folder_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CASETABLE_METRICS_DIR"):
        metrics.begin(tmp_path / "nowhere")
