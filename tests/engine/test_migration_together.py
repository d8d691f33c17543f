"""Many cases move in one transaction: killed in the middle, held by others, one that fails (M9)."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lxml import etree
from sqlalchemy import func, select

from engine import verification
from engine.lock import lock_instance
from engine.migrating import moving
from engine.migrating import run as runs
from engine.models import (
    Draft,
    InstanceMove,
    Job,
    MigrationOutcome,
    ProcessInstance,
    WorkItem,
)
from engine.settings import ROOT
from tests.engine.desk import Desk
from tests.engine.moving import House, rename, verdicts
from tests.proof.edit import BPMN, SPIFF, Sheet

FILE = "case_management.bpmn"
RULES = b"""
[[rule]]
id = "L11"
sentence = "Every case can end from wherever it is."
sources = ["P1"]
[[rule.check]]
kind = "sound"
process = "case_management"
"""
WORKER = """
import sys, time
import tests.engine.small
from uuid import UUID
from engine.application import open_application
from engine.migrating import moving, run as runs
runs.AT_ONCE = 2
real, batches = moving.settle, []

def settle(application, session, *more):
    real(application, session, *more)
    batches.append(more)
    if len(batches) == 3:
        session.flush()
        print("written", flush=True)
        time.sleep(600)

moving.settle = settle
runs.work(open_application(), UUID(sys.argv[1]))
"""
"""A worker that stops in its third transaction, when everything is written and nothing kept."""


class SmallHouse(House):
    """The house of the small processes, where nobody is a process owner by profession."""

    def owner(self) -> UUID:
        return Desk(self.application, None).account("intake.anna").id  # type: ignore[arg-type]


def renamed(house: House) -> str:
    sheet = house.sheet(FILE)
    rename(sheet, "ask", "Ask anew")
    return house.stored({FILE: sheet.content, "rules.toml": RULES})


def begun(house: House, to: str) -> UUID:
    run = house.planned(to)
    runs.begin(house.application, run.id, house.owner(), by_worker=False)
    return run.id


def _moved(house: House, run_id: UUID) -> tuple[int, int, int]:
    """Return how many cases are settled, stand on the new drawing, and have a move on record."""
    to = house.run(run_id).to_id
    asked = (
        select(func.count()).where(MigrationOutcome.run_id == run_id),
        select(func.count()).where(ProcessInstance.deployment_id == to),
        select(func.count()).where(InstanceMove.run_id == run_id),
    )
    with house.application.database.reading() as session:
        settled, standing, moves = (session.scalar(one) or 0 for one in asked)
    return settled, standing, moves


def _killed_in_the_middle(house: House, run_id: UUID, home: Path) -> None:
    settings = house.application.settings
    environment = os.environ | {
        "CASETABLE_DATA_DIR": str(home),
        "CASETABLE_DATABASE_URL": settings.database_url,
        "CASETABLE_PROCESSES_DIR": str(settings.processes_dir),
        "CASETABLE_SECRET_KEY": settings.secret_key,
        "CASETABLE_DEMO": "yes",
        "PYTHONPATH": str(ROOT),
    }
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(run_id)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as worker:
        assert worker.stdout is not None
        assert worker.stderr is not None
        said = worker.stdout.readline()
        worker.send_signal(signal.SIGKILL)
        assert said == b"written\n", worker.stderr.read().decode()[-2000:]


def test_worker_killed_in_a_transaction_loses_nothing_and_moves_nothing_twice(
    desk: Desk, tmp_path: Path
) -> None:
    cases = [desk.open() for _ in range(7)]
    house = SmallHouse(desk.application)
    run_id = begun(house, renamed(house))
    _killed_in_the_middle(house, run_id, tmp_path)
    assert house.run(run_id).state == "running"
    # Two transactions of two cases are kept; the third was written and is gone whole.
    assert _moved(house, run_id) == (4, 4, 4)
    assert verdicts(house.worked(run_id)) == [("moved", 7)]
    assert _moved(house, run_id) == (7, 7, 7)
    with desk.application.database.reading() as session:
        numbers = list(session.scalars(select(InstanceMove.number)))
        assert verification.verify(session).breaks == []
    assert numbers == [1] * 7
    assert {desk.item(case, "ask").name for case in cases} == {"Ask anew"}


def test_one_case_that_cannot_be_written_does_not_keep_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [desk.open() for _ in range(4)]
    house = SmallHouse(desk.application)
    real: Any = moving.write

    def broken(application: Any, session: Any, run: Any, many: Any) -> None:
        real(application, session, run, many)
        if cases[2] in {one.row.case_id for one in many}:
            raise RuntimeError("A secret that no message may carry.")

    monkeypatch.setattr(moving, "write", broken)
    run = house.moved(renamed(house))
    assert verdicts(run) == [("moved", 3), ("refused", 1)]
    assert "secret" not in str(run.result)
    assert [desk.item(case, "ask").name for case in cases] == [
        "Ask anew",
        "Ask anew",
        "Ask",
        "Ask anew",
    ]
    with desk.application.database.reading() as session:
        assert verification.verify(session).breaks == []


def test_case_that_somebody_is_at_work_in_is_left_for_later(desk: Desk) -> None:
    if desk.application.database.is_sqlite:
        return  # one writer at a time: nobody can be at work beside it
    cases = [desk.open() for _ in range(3)]
    house = SmallHouse(desk.application)
    run_id = begun(house, renamed(house))
    work = runs.Work(desk.application, run_id)
    with desk.application.database.transaction() as session:
        held = lock_instance(session, desk.item(cases[1], "ask").instance_id)
        assert held is not None
        left = moving.move_many(desk.application, work.judge, run_id, sorted(cases), 1e12)
        assert left == [cases[1]]
    assert verdicts(house.worked(run_id)) == [("moved", 3)]


def _into_a_lane(sheet: Sheet, element: str, role: str) -> None:
    """Put a step into the lane of a role; what the step itself said of a role goes."""
    step = sheet.named(element)
    for told in step.iter(SPIFF + "property"):
        if told.get("name") == "candidateRole":
            told.getparent().remove(told)
    lanes = etree.Element(BPMN + "laneSet", id="lanes")
    lane = etree.SubElement(lanes, BPMN + "lane", id="lane_of_it", name="Others")
    properties = etree.SubElement(
        etree.SubElement(lane, BPMN + "extensionElements"), SPIFF + "properties"
    )
    etree.SubElement(properties, SPIFF + "property", name="candidateRole", value=role)
    etree.SubElement(lane, BPMN + "flowNodeRef").text = element
    step.getparent().insert(0, lanes)


def test_step_in_another_lane_is_owed_by_others_and_both_sides_are_told(desk: Desk) -> None:
    case = desk.open()
    before, anna = desk.item(case, "ask"), desk.account("intake.anna")
    with desk.application.database.transaction() as session:
        item, now = session.get_one(WorkItem, before.id), desk.clock.now()
        item.assignee_id, item.claimed_at = anna.id, now
        typed = {"work_item_id": item.id, "account_id": anna.id, "case_id": case, "saved_at": now}
        session.add(Draft(values={"reason": "Half a sentence"}, **typed))
    house = SmallHouse(desk.application)
    sheet = house.sheet(FILE)
    _into_a_lane(sheet, "ask", "chair")
    run = house.moved(house.stored({FILE: sheet.content, "rules.toml": RULES}))
    assert verdicts(run) == [("moved", 1)], run.result
    after = desk.item(case, "ask")
    assert (after.id, after.role, after.assignee_id) == (before.id, "chair", None)
    with desk.application.database.reading() as session:
        draft = session.get_one(Draft, (before.id, anna.id))
        assert draft.values == {"reason": "Half a sentence"}
        told = [
            (job.payload["template"], job.payload["account_id"], job.payload["work_item_id"])
            for job in session.scalars(select(Job).where(Job.key.startswith("notice:")))
        ]
    assert sorted(told, key=str) == [
        ("work_item_moved", str(anna.id), None),
        ("work_item_new", None, str(after.id)),
    ]
    back = house.reverted(run.id)
    assert verdicts(back) == [("moved", 1)], back.result
    assert desk.item(case, "ask").role == "intake_desk"
