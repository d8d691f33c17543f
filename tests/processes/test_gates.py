"""M1b on the shipped lifecycle: what a completed step may cost, counted and not timed."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import demo_cast, scenario, witness, worklist
from engine.application import Application
from engine.clock import TestClock
from engine.models import (
    Base,
    Case,
    Opinion,
    ProcessInstance,
    WorkItem,
    WorkItemState,
)
from engine.operator import Operator
from engine.scenario_world import Player
from engine.settings import ROOT
from tests.conftest import listening
from tests.effort import instructions
from tests.processes.partners import bring_to_opinions

FRAGMENTS = ROOT / "processes/scenarios/fragments"
STRAIGHT = (
    "intake_to_multi_agency",
    "analysis_to_plan",
    "plan_to_implementation",
    "implementation_to_closure",
    "closure_to_monitoring",
    "monitoring_to_closed",
)
STATEMENTS = 15
WITNESSED = 4
"""What witnessing rows in the audit trail may cost besides (S12): for each of at most two kinds of
rows that a step wrote one reading, and one entry with the head of its chain."""
CASE_FILE = {
    "record_monitoring_check": 33,  # closing compares humans (S19); history meets the rules
    "draft_action_plan": 28,
    "approve_action_plan": 26,
    "select_partners": 24,
    "record_check_in": 21,
    "accept_actions": 18,
    "inform_surroundings": 18,
    "reassess_risk": 18,
    "decide_need_for_plan": 17,
    "declare_sharing": 17,
    "appoint_coordinators": 16,
    "check_source": 16,
    "decide_route": 16,
}
"""Steps whose operators write and read more of the case file than the turn itself costs: goals,
actions, partners, dossiers, the guard before closing. A bound each, so that none grows unseen."""


FILE_MODULES = ("engine.models.casefile", "engine.models.case")
FILE_TABLES = {
    mapper.class_.__tablename__
    for mapper in Base.registry.mappers
    if mapper.class_.__module__ in FILE_MODULES and mapper.class_ is not Case
}
SEALING = "witness.seal"
TOUCHED = re.compile(r"(?:INSERT INTO|UPDATE) (\w+)")


@contextmanager
def counted(application: Application, inside: list[str]) -> Iterator[dict[str, int]]:
    """Count statements; what `tasks` asks for, and storing its rows, is not the engine's part."""
    seen = {"statements": 0, "engine": 0, "commits": 0, "witness": 0}

    def statement(_c: object, _k: object, text: str, *_: object) -> None:
        if text.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            return
        if inside[-1:] == [SEALING]:
            seen["witness"] += 1
            return
        seen["statements"] += 1
        stored = TOUCHED.match(text)
        if not inside and not (stored and stored[1] in FILE_TABLES):
            seen["engine"] += 1

    def commit(_: object) -> None:
        seen["commits"] += 1

    with listening(application.database, before_cursor_execute=statement, commit=commit):
        yield seen


class CountingPlayer(Player):
    """Plays a case and notes what each completed step cost."""

    def __init__(self, application: Application, clock: TestClock) -> None:
        with application.database.reading() as session:
            zone = application.deployment(session).profile.zone
        super().__init__(application, clock, zone)
        self.costs: list[tuple[str, int, int]] = []
        self.engine_costs: list[tuple[str, int]] = []
        self.witnessed: list[tuple[str, int]] = []
        self.sizes: list[int] = []

    def play(self, *fragments: str) -> None:
        for name in fragments:
            for step in scenario.read_steps(FRAGMENTS / f"{name}.toml"):
                assert self.take(scenario.step_kind(step), step) == [], step
                self._note_sizes()

    def _note_sizes(self) -> None:
        with self.application.database.reading() as session:
            self.sizes += [len(blob) for blob in session.scalars(select(ProcessInstance.blob))]


@pytest.fixture
def player(
    application: Application, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> CountingPlayer:
    application.sends_mail = False
    found = CountingPlayer(application, clock)
    real, real_run = worklist.complete, Operator.run
    inside: list[str] = []

    def running(called: Operator, turn: Any, values: Any) -> Any:
        inside.append(called.name)
        try:
            return real_run(called, turn, values)
        finally:
            inside.pop()

    def counting(app: Application, item_id: Any, *rest: Any) -> Any:
        with app.database.reading() as session:
            element = session.get_one(WorkItem, item_id).element_id
        with counted(app, inside) as seen:
            result = real(app, item_id, *rest)
        if isinstance(result, worklist.Completed):
            found.engine_costs.append((element, seen["engine"]))
            found.costs.append((element, seen["statements"], seen["commits"]))
            found.witnessed.append((element, seen["witness"]))
        return result

    monkeypatch.setattr(worklist, "complete", counting)
    monkeypatch.setattr(Operator, "run", running)
    real_fill = worklist.initial_values

    def filling(form_id: str, context: Any) -> Any:
        inside.append(form_id)
        try:
            return real_fill(form_id, context)
        finally:
            inside.pop()

    monkeypatch.setattr(worklist, "initial_values", filling)
    real_seal = witness.seal

    def sealing(session: Session) -> None:
        inside.append(SEALING)
        try:
            real_seal(session)
        finally:
            inside.pop()

    monkeypatch.setattr(witness, "seal", sealing)
    return found


def test_gate_a_step_costs_few_statements_and_one_commit(player: CountingPlayer) -> None:
    player.play(*STRAIGHT)
    assert len(player.costs) > 25
    assert {commits for _, _, commits in player.costs} == {1}
    over = {
        (element, statements)
        for element, statements, _ in player.costs
        if statements > CASE_FILE.get(element, STATEMENTS)
    }
    assert over == set()
    turns = {(element, count) for element, count in player.engine_costs if count > STATEMENTS}
    assert turns == set(), "the engine's own part of a turn"
    assert {one for one in player.witnessed if one[1] > WITNESSED} == set()


def test_gate_the_stored_state_stays_small(player: CountingPlayer) -> None:
    player.play(*STRAIGHT)
    assert max(player.sizes) <= 4096


def test_gate_the_state_does_not_grow_with_the_age_of_a_case(player: CountingPlayer) -> None:
    player.play(*STRAIGHT[:3])
    check_in = scenario.read_steps(FRAGMENTS / "implementation_to_closure.toml")[:2]
    sizes = []
    for _ in range(40):
        for step in check_in:
            assert player.take(scenario.step_kind(step), step) == []
        with player.application.database.reading() as session:
            sizes.append(len(session.scalars(select(ProcessInstance.blob)).one()))
    assert max(sizes[9:]) <= sizes[9] * 1.01 + 8


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_gate_the_database_works_no_more_for_an_old_case(player: CountingPlayer) -> None:
    """M2: what a check-in asks and writes is the same, however many there were before it."""
    player.play(*STRAIGHT[:3])
    wait, check_in = scenario.read_steps(FRAGMENTS / "implementation_to_closure.toml")[:2]

    def hold() -> None:
        assert player.take(scenario.step_kind(check_in), check_in) == []

    efforts = []
    for _ in range(30):
        assert player.take(scenario.step_kind(wait), wait) == []
        efforts.append(instructions(player.application.database, hold))
    assert efforts[-1] <= efforts[9] * 1.01, efforts


def test_gate_twelve_opinions_at_the_same_instant_all_count(
    application: Application, clock: TestClock
) -> None:
    people = bring_to_opinions(application, CountingPlayer(application, clock))

    def answer(item_id: Any) -> Any:
        answers = {"opinion": "agree", "reasons": "Agreed at the same instant."}
        return worklist.complete(application, item_id, people[item_id], answers, uuid4().hex)

    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(answer, people))
    assert all(isinstance(result, worklist.Completed) for result in results), results
    with application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Opinion)) == 12
        owed = session.scalars(
            select(WorkItem.element_id).where(WorkItem.state == WorkItemState.OPEN.value)
        ).all()
        assert list(owed) == ["decide_closure"]


def test_gate_measures_what_it_says(application: Application) -> None:
    """A counter that counts nothing would let everything pass."""
    assert demo_cast.PEOPLE
    with counted(application, []) as seen, application.database.transaction() as session:
        session.scalars(select(WorkItem)).all()
    assert seen == {"statements": 1, "engine": 1, "commits": 1, "witness": 0}
