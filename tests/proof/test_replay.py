"""A path is shown only when the engine has gone it, with real values and dates (V3)."""

from dataclasses import replace
from time import perf_counter

import pytest
from click.testing import CliRunner

from engine.bpmn import Program
from engine.commandline import UNCONFIRMED, casetable
from engine.drawing import parse_drawing
from engine.proof.effect import Effects
from engine.proof.explorer import Beginning, TooLargeError, explore
from engine.proof.graph import Edge, Graph
from engine.proof.liveness import liveness_of
from engine.proof.net import net_of
from engine.proof.replay import Replay, ReplayError
from engine.proof.semantics import Semantics
from engine.proof.soundness import Paths
from tests.bpmn.builder import ZONE, after, both, catch, chain, diagram, end, process, start, user
from tests.goal import Figure
from tests.proof.model import Drawn, drawn_model
from tests.proof.test_conformance import TORTURE

MODELS = 300 if TORTURE else 25
PATHS = 6
MOST_STATES = 1_500


class Explored:
    """A drawn model with all its markings."""

    def __init__(self, model: Drawn) -> None:
        drawing = parse_drawing(model.content, file="main.bpmn")
        self.net = net_of({process.id: process for process in drawing.processes}, "main")
        effects = Effects(model.forms, model.tables, model.operators, {})
        self.semantics = Semantics(self.net, effects, liveness_of(self.net, effects, {}), {})
        self.graph: Graph = explore(self.semantics, [Beginning(None, {})], MOST_STATES)
        self.program = Program.compile({"main.bpmn": model.content}, "main", key="test")

    def confirm(self, edges: tuple[Edge, ...]) -> None:
        Replay(self.program, self.semantics, self.graph.states, ZONE).confirm(edges, "L0")

    def path(self, *names: str) -> tuple[Edge, ...]:
        """Return the edges on which these steps are done, one after the other."""
        found = [self.graph.edges(0)[0]]
        for name in names:
            found.append(
                next(
                    edge
                    for edge in self.graph.edges(found[-1].target)
                    if self.net.nodes[edge.stimulus.node or 0].element.id == name
                )
            )
        return tuple(found)


def waits(*between: str) -> Explored:
    """Draw a long wait beside a short one that comes after some steps."""
    content = process(
        "main",
        *(start(), both("split"), catch("long", after("P10D")), catch("short", after("P1D"))),
        *(end("end_long"), end("end_short"), *map(user, between)),
        *(chain("begin", "split"), chain("split", "long", "end_long")),
        chain("split", *between, "short", "end_short"),
    )
    return Explored(Drawn(diagram(content)))


def test_timers_come_in_the_order_of_the_path() -> None:
    found = waits("ask")
    found.confirm(found.path("ask", "short", "long"))
    found.confirm(found.path("ask", "long", "short"))
    found.confirm(found.path("long", "ask", "short"))


def test_order_that_no_dates_allow_is_not_confirmed() -> None:
    found = waits()
    found.confirm(found.path("short", "long"))
    with pytest.raises(ReplayError, match=r"L0: no dates let its timers come in this order"):
        found.confirm(found.path("long", "short"))


def test_path_that_the_engine_does_not_go_names_rule_and_step() -> None:
    found = waits("ask")
    first, second, third = found.path("ask", "short")
    with pytest.raises(ReplayError, match=r"L0: step 2 of 2 \(timer short\) goes elsewhere"):
        found.confirm((first, third))
    wrong = replace(second, target=first.target)
    with pytest.raises(ReplayError, match=r"L0: step 2 of 2 \(complete ask\) goes elsewhere"):
        found.confirm((first, wrong))


def test_paths_of_random_models_are_played_through(figure: Figure) -> None:
    started, played, undated, unplayed = perf_counter(), 0, 0, 0
    for seed in range(MODELS):
        try:
            found = Explored(drawn_model(seed))
        except TooLargeError:
            continue
        paths = Paths(found.graph)
        count = len(found.graph.states)
        for number in {count - 1 - at * count // PATHS for at in range(PATHS)} - {0}:
            try:
                found.confirm(paths.to(number))
                played += 1
            except ReplayError as error:
                undated += "no dates" in str(error)
                unplayed += "no dates" not in str(error)
    figure(
        "V3",
        played_through=played,
        against_the_clock=undated,
        not_played=unplayed,
        seconds=perf_counter() - started,
    )
    assert played > 3 * (undated + unplayed)


def test_unconfirmed_path_ends_the_command_with_its_own_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wrong(_deployment: object) -> None:
        raise ReplayError("L1: step 2 of 5 (complete decide_closure) goes elsewhere")

    monkeypatch.setattr("engine.proof.proof.prove", wrong)
    result = CliRunner().invoke(casetable, ["verify"])
    assert result.exit_code == UNCONFIRMED
    assert "BROKEN" not in result.output
    assert "L1: step 2 of 5" in result.output
