"""The proof begins where a running case stands, with what its history has done (L1-L12, M9)."""

import os

import pytest

from engine.bpmn import Program
from engine.check import facts_of
from engine.deployment import ResolvedDeployment, resolve
from engine.drawing import parse_drawing
from engine.operator import catalogue
from engine.proof.effect import Effects
from engine.proof.explorer import Beginning, explore, explore_from
from engine.proof.marking import BEGIN, END
from engine.proof.matching import asked_after
from engine.proof.net import net_of
from engine.proof.possible import OPEN
from engine.proof.proof import Ruled
from engine.proof.rule import Check
from engine.proof.rulebook import rules_of
from engine.proof.start import beginnings
from engine.proof.waiting import never_awaits
from engine.proof.whereabouts import abstract
from engine.settings import ROOT
from tests.goal import Figure
from tests.proof.conformance import Conformance, Pair, Tally
from tests.proof.model import drawn_model

TORTURE = os.environ.get("CASETABLE_TORTURE") == "yes"
MODELS = 1_000 if TORTURE else 25
SHIPPED = 2_000 if TORTURE else 120
LIFECYCLE = "case_management"


@pytest.fixture(scope="module")
def shipped() -> ResolvedDeployment:
    return resolve(ROOT / "processes", "base")


def walked(deployment: ResolvedDeployment) -> Conformance:
    """Return instances of the lifecycle, each in another place."""
    net = net_of(deployment.processes, LIFECYCLE)
    names = {"profile": deployment.profile.values}
    effects = Effects(deployment.forms, deployment.decisions, facts_of(catalogue()), names)
    checks = tuple(check for rule in rules_of(deployment) for check in rule.checks)
    checks = tuple(check for check in checks if check.process == LIFECYCLE)
    asked = {node.key: frozenset[str]() for node in net.nodes} | asked_after(net, checks)
    program = deployment.program(LIFECYCLE)
    found = Conformance(net, program, effects, asked, handlers=1)
    found.explore(beginnings(deployment, net), SHIPPED)
    return found


@pytest.fixture(scope="module")
def cases(shipped: ResolvedDeployment) -> Conformance:
    return walked(shipped)


def running(conformance: Conformance) -> list[Pair]:
    return [pair for pair in conformance.pairs.values() if pair.state[0] not in {"end", "flaw"}]


def test_running_instance_of_a_random_model_stands_where_it_is_said_to(figure: Figure) -> None:
    """What can happen from its marking is what the engine does with it, and nothing else."""
    total = Tally()
    for seed in range(MODELS):
        model = drawn_model(seed)
        program = Program.compile({"main.bpmn": model.content}, "main", key="test")
        drawing = parse_drawing(model.content, file="main.bpmn")
        net = net_of({process.id: process for process in drawing.processes}, "main")
        effects = Effects(model.forms, model.tables, model.operators, {})
        conformance = Conformance(net, program, effects)
        conformance.explore([Beginning(None, {})], 40)
        for pair in running(conformance):
            total += conformance.from_where_it_stands(pair)
    figure("R11", running_models=MODELS, **total.figures)
    assert total.transitions > 10 * MODELS


def test_running_case_of_the_shipped_lifecycle_stands_where_it_is_said_to(
    cases: Conformance, figure: Figure
) -> None:
    total = Tally()
    for pair in running(cases)[:: 1 if TORTURE else 4]:
        total += cases.from_where_it_stands(pair)
    figure("R11", running_cases=total.states, **total.figures)
    assert total.transitions > total.states > 5


def test_message_is_also_to_be_heard_where_the_case_stands_now(
    shipped: ResolvedDeployment,
) -> None:
    semantics = Ruled(shipped).semantics("retention")
    whole = explore(semantics, beginnings(shipped, semantics.net))
    waiting = next(one for one in whole.states if one[0] not in {BEGIN, END})
    ahead = explore_from(semantics, waiting)
    for message, unheard in (("case_reopened", []), ("nothing_of_the_kind", [()])):
        check = Check("awaits", process="retention", message=message)
        paths = [path for path, _ in never_awaits(semantics.net, ahead, check, {})]
        assert paths == unheard


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (None, None),
        (True, True),
        ("multi_agency", "multi_agency"),
        ("6", "6"),
        ("2026-01-15", OPEN),
        ("P30D", "P30D"),
        ("3f2b1c1e-0000-4000-8000-000000000000", OPEN),
        (3, OPEN),
        (["a"], OPEN),
        ({"a": 1}, OPEN),
    ],
)
def test_value_that_the_proof_leaves_open_is_open_where_a_case_stands(
    value: object, known: object
) -> None:
    found = abstract(value)
    assert found is known or (type(found) is type(known) and found == known)
