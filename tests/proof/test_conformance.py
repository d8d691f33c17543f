"""The explorer and the engine agree on what can happen, on random and on shipped models (R11)."""

import os
import random
from dataclasses import replace
from time import perf_counter

import pytest

from engine.bpmn import Program
from engine.check import facts_of
from engine.deployment import ResolvedDeployment, resolve
from engine.drawing import parse_drawing
from engine.errors import CasetableError
from engine.operator import catalogue
from engine.proof import event
from engine.proof.effect import Effects
from engine.proof.explorer import Beginning
from engine.proof.marking import Board
from engine.proof.matching import asked_after
from engine.proof.net import net_of
from engine.proof.rulebook import rules_of
from engine.proof.semantics import Semantics
from engine.proof.start import beginnings
from engine.settings import ROOT
from tests.goal import Figure
from tests.proof.conformance import Conformance, MismatchError, Tally
from tests.proof.model import Drawn, drawn_model
from tests.proof.shrink import shrunk

TORTURE = os.environ.get("CASETABLE_TORTURE") == "yes"
MODELS = 2_000 if TORTURE else 100
TRANSITIONS = 80
FIRST = int(os.environ.get("CASETABLE_SEED", "0"))
SHIPPED = 1_000_000 if TORTURE else 300
WALKS = 0 if TORTURE else 6
STEPS = 40
ROOTS = ("reopening", "retention", "case_management")


def compared(model: Drawn, transitions: int = TRANSITIONS) -> Tally:
    """Compare the nearest markings of a model; raise MismatchError with the way to it."""
    program = Program.compile({"main.bpmn": model.content}, "main", key="test")
    drawing = parse_drawing(model.content, file="main.bpmn")
    net = net_of({process.id: process for process in drawing.processes}, "main")
    effects = Effects(model.forms, model.tables, model.operators, {})
    conformance = Conformance(net, program, effects)
    conformance.explore([Beginning(None, {})], transitions)
    return conformance.tally


def smallest(model: Drawn) -> str:
    """Return the smallest diagram that the explorer and the engine still differ on."""

    def differs(content: bytes) -> bool:
        try:
            compared(replace(model, content=content))
        except MismatchError:
            return True
        except CasetableError:
            return False
        return False

    return shrunk(model.content, differs).decode()


def test_explorer_and_engine_agree_on_random_models(figure: Figure) -> None:
    started, total = perf_counter(), Tally()
    for seed in range(FIRST, FIRST + MODELS):
        model = drawn_model(seed)
        try:
            total += compared(model)
        except MismatchError as mismatch:
            pytest.fail(f"seed {seed}: {mismatch}\n{smallest(model)}")
    figure("R11", models=MODELS, **total.figures, seconds=perf_counter() - started)
    assert total.transitions > 30 * MODELS
    assert total.unreached < total.transitions // 10


@pytest.fixture(scope="module")
def shipped() -> ResolvedDeployment:
    return resolve(ROOT / "processes", "base")


@pytest.mark.parametrize("root", ROOTS)
def test_explorer_and_engine_agree_on_shipped_processes(
    shipped: ResolvedDeployment, root: str, figure: Figure
) -> None:
    """R11: all markings under torture; else the nearest, and what random walks meet."""
    started = perf_counter()
    net = net_of(shipped.processes, root)
    names = {"profile": shipped.profile.values}
    effects = Effects(shipped.forms, shipped.decisions, facts_of(catalogue()), names)
    checks = tuple(check for rule in rules_of(shipped) for check in rule.checks)
    checks = tuple(check for check in checks if check.process == root)
    asked = {node.key: frozenset[str]() for node in net.nodes} | asked_after(net, checks)
    conformance = Conformance(net, shipped.program(root), effects, asked, handlers=1)
    conformance.explore(beginnings(shipped, net), SHIPPED)
    rng = random.Random(FIRST)
    for _ in range(WALKS):
        first = rng.choice(conformance.begin(beginnings(shipped, net)))
        conformance.walk(rng, first, STEPS)
    tally = conformance.tally
    figure("R11", processes=1, **tally.figures, seconds=perf_counter() - started)
    assert tally.states > 0
    assert 5 * tally.unreached < tally.transitions


def test_explorer_that_forgets_an_event_is_caught_and_the_model_is_made_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def deaf(_semantics: Semantics, _board: Board, _kind: str, _name: str) -> bool:
        return False

    monkeypatch.setattr(event, "broadcast", deaf)
    for seed in range(20):
        model = drawn_model(seed)
        try:
            compared(model)
        except MismatchError:
            small = smallest(model)
            assert len(small) < len(model.content) // 2
            return
    pytest.fail("nobody noticed that no message is heard")
