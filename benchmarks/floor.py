"""M3: one turn without HTTP against the floor: load, engine steps, compact dump, one commit."""

import sqlite3
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from benchmarks.harness import Figure, figure, measure
from benchmarks.place import Place, answers_of, place
from benchmarks.web import REPORT
from engine import cases, operator, worklist
from engine.bpmn import Instance, Scope, seal, unseal
from engine.models import ProcessInstance, WorkItem


class Port:
    """What the diagram reaches while the floor is measured: decisions, and no operator's work."""

    def __init__(self, decisions: Any, names: dict[str, Any]) -> None:
        self._decisions = decisions
        self._names = names

    def call_operator(self, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return nothing: no operator stands between the measured steps."""
        del name, inputs
        return {}

    def is_deferred(self, name: str) -> bool:
        """Say what the registry says."""
        return operator.find(name).deferred

    def decide(self, decision_id: str, context: Any) -> dict[str, Any]:
        """Evaluate the shipped table."""
        found: dict[str, Any] = self._decisions[decision_id].evaluate(
            {**self._names, **context}, now=datetime.now(UTC)
        )
        return found


def run(*, quick: bool) -> list[Figure]:
    """Measure both in turn on the same cases, floor and turn, floor and turn."""
    count = 40 if quick else 200
    with place("sqlite") as found:
        for _ in range(count + 10):
            cases.report_concern(found.application, REPORT)
        floors, turns = _measure(found)
    ratio = median(turns[10:]) / median(floors[10:])
    return [
        figure("M3", "floor, processor time", floors[10:], unit="ms", goal=""),
        figure("M3", "turn, processor time", turns[10:], unit="ms", goal=""),
        _ratio(ratio),
    ]


def _ratio(ratio: float) -> Figure:
    value = round(ratio, 2)
    return Figure("M3", "turn : floor", "x", value, value, value, 1, "<= 2")


def _measure(found: Place) -> tuple[list[float], list[float]]:
    answers = answers_of("signal_to_route", "check_source")
    anna = found.account("intake.anna").id
    raw = sqlite3.connect(found.folder / "floor.sqlite", isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("CREATE TABLE state (id TEXT PRIMARY KEY, blob BLOB)")
    floors, turns = [], []
    for item in found.open_items("check_source"):
        blob = _blob(found, item)
        floor = partial(_floor, found, raw, blob, item, answers)
        key = uuid4().hex
        turn = partial(worklist.complete, found.application, item.id, anna, answers, key)
        floors.append(measure(floor)[1])
        turns.append(measure(turn)[1])
    raw.close()
    return floors, turns


def _blob(found: Place, item: WorkItem) -> bytes:
    with found.application.database.reading() as session:
        query = select(ProcessInstance.blob).where(ProcessInstance.id == item.instance_id)
        return session.scalars(query).one()


def _floor(
    found: Place, raw: sqlite3.Connection, blob: bytes, item: WorkItem, answers: dict[str, Any]
) -> None:
    with found.application.database.reading() as session:
        deployment = found.application.deployment(session)
    names = {"profile": deployment.profile.values}
    port = Port(deployment.decisions, names)
    scope = Scope(now=found.clock.now(), zone=deployment.profile.zone, names=names)
    key = found.application.settings.state_key
    program = deployment.program("case_management")
    running = Instance.load(program, unseal(blob, key), port, scope)
    form = deployment.forms[item.form_id]
    process = {name: answers[name] for name in form.field_keys("process") if name in answers}
    running.complete(item.token, process)
    running.advance()
    raw.execute("BEGIN IMMEDIATE")
    raw.execute(
        "INSERT OR REPLACE INTO state VALUES (?, ?)", (str(item.id), seal(running.dump(), key))
    )
    raw.execute("COMMIT")
