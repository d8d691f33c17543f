"""What is worked out once a branch is what a search finds that looks at each marking as a whole."""

import json
import random
from collections.abc import Iterator
from functools import partial

import pytest

from engine.check.context import OperatorFacts
from engine.decision import parse_decision
from engine.deployment import resolve
from engine.drawing import parse_drawing
from engine.form import Form, parse_form
from engine.proof.effect import Effects
from engine.proof.explorer import Beginning, TooLargeError, begin, explore, explore_from
from engine.proof.graph import Graph
from engine.proof.liveness import liveness_of
from engine.proof.marking import BEGIN, END, FLAW, Board, State, freeze
from engine.proof.monitor import Monitor
from engine.proof.net import Net, net_of
from engine.proof.proof import Ruled
from engine.proof.rule import Check, Moment
from engine.proof.screening import broken_by_some_path
from engine.proof.semantics import Semantics
from engine.proof.start import beginnings
from engine.proof.stimulus import START, Stimulus, Work, stimuli
from engine.proof.waiting import never_awaits
from engine.settings import ROOT
from tests.bpmn.builder import (
    both,
    boundary,
    chain,
    diagram,
    each,
    either,
    end,
    extension,
    flow,
    message,
    process,
    rule,
    script,
    service,
    signal,
    start,
    sub,
    throw,
    user,
    xor,
)
from tests.proof.model import TABLE, drawn_model
from tests.proof.test_conformance import TORTURE

MODELS = 1_000 if TORTURE else 120
CHECKS = 6
MOST_STATES = 800
Found = tuple[list[State], list[list[tuple[object, ...]]]]
"""Markings by number, and for each what can happen."""


def plain(semantics: Semantics, first: list[Beginning]) -> Found:
    """Look at every marking as a whole, nearest first."""
    states: list[State] = [(BEGIN,)]
    edges: list[list[tuple[object, ...]]] = [[]]
    numbers = {states[0]: 0}

    def add(source: int, stimulus: Stimulus, work: Work) -> None:
        for board in work():
            state: State = (FLAW, board.flaws[0]) if board.flaws else freeze(board)
            if state not in numbers:
                numbers[state] = len(states)
                states.append(state)
                edges.append([])
            edges[source].append(
                (numbers[state], stimulus, tuple(board.events), tuple(board.choices))
            )

    for one in first:
        values = tuple(sorted(one.values.items(), key=str))
        stimulus = Stimulus(START, name=one.message or "", values=values)
        add(0, stimulus, partial(begin, semantics, one))
    for number, state in enumerate(states):
        if state[0] not in {BEGIN, END, FLAW}:
            for stimulus, work in stimuli(semantics, state):
                add(number, stimulus, work)
    return states, edges


def quick(graph: Graph) -> Found:
    numbers = range(len(graph.states))
    edges = [[(e.target, e.stimulus, e.events, e.choices) for e in graph.edges(n)] for n in numbers]
    return graph.states, list(edges)


def drawn(seed: int, *, handlers: int) -> Semantics:
    """Return how a random model runs, with its variables looked at where a branch ends."""
    model = drawn_model(seed)
    drawing = parse_drawing(model.content, file="main.bpmn")
    net = net_of({process.id: process for process in drawing.processes}, "main")
    effects = Effects(model.forms, model.tables, model.operators, {})
    names = frozenset(name for node in net.nodes for name in effects.writes(node))
    asked = {node.key: names for node in net.nodes if node.kind == "endEvent"}
    return Semantics(net, effects, liveness_of(net, effects, asked), asked, handlers=handlers)


def graphs() -> Iterator[tuple[int, Semantics, Graph]]:
    for seed in range(MODELS):
        semantics = drawn(seed, handlers=1 + seed % 2)
        try:
            graph = explore(semantics, [Beginning(None, {})], MOST_STATES)
        except TooLargeError:
            continue
        yield seed, semantics, graph


def test_quick_search_finds_what_a_plain_one_finds() -> None:
    compared = 0
    for seed, semantics, graph in graphs():
        wanted = plain(drawn(seed, handlers=semantics.handlers), [Beginning(None, {})])
        assert quick(graph) == wanted, seed
        compared += len(graph.states)
    assert compared > 20 * MODELS


def field(key: str, **more: object) -> dict[str, object]:
    answers = [{"label": one, "value": one} for one in ("0", "1", "2")]
    always = {"validate": {"required": True}, "properties": {"class": "process"}}
    return {"type": "radio", "key": key, "label": key, "id": key, "values": answers} | always | more


def form(id_: str, *fields: dict[str, object]) -> Form:
    content = {"type": "default", "id": id_, "schemaVersion": 16, "components": [*fields]}
    return parse_form(json.dumps(content).encode(), file=f"{id_}.form")


def asks(id_: str, *content: str) -> str:
    reference = f'<spiffworkflow:property name="formRef" value="{id_}"/>'
    return user(
        id_,
        extension(f"<spiffworkflow:properties>{reference}</spiffworkflow:properties>"),
        *content,
    )


def parted(join: str) -> str:
    """Draw two branches, of which one answers x anew and one y."""
    return both("split") + join + asks("ask_x") + asks("ask_y") + chain("split", "ask_x")


HIDES = {"conditional": {"hide": '=x = "1"'}}
LOOKS: dict[str, tuple[str, str, str]] = {
    "script": (script("look", "z = x"), "look", "look"),
    "table": (rule("look", "look"), "look", "look"),
    "one way": (
        xor("look", "b")
        + user("a")
        + user("b")
        + xor("merge")
        + flow("look", "a", 'x = "1"')
        + chain("look", "b", "merge")
        + chain("a", "merge"),
        "look",
        "merge",
    ),
    "some ways": (
        either("look", "b")
        + user("a")
        + user("b")
        + either("merge")
        + flow("look", "a", 'x = "1"')
        + chain("look", "b", "merge")
        + chain("a", "merge"),
        "look",
        "merge",
    ),
    "hidden question": (asks("ask_hidden"), "ask_hidden", "ask_hidden"),
    "same question": (asks("ask_x"), "ask_x", "ask_x"),
    "joined": (
        parted(both("join")) + chain("split", "ask_y", "join") + chain("ask_x", "join"),
        "split",
        "join",
    ),
    "ended": (
        sub(
            "inner",
            start("inner_begin")
            + parted(end("end_x") + end("end_y"))
            + chain("inner_begin", "split", "ask_y", "end_y")
            + chain("ask_x", "end_x"),
        ),
        "inner",
        "inner",
    ),
    "open twice": (
        parted(xor("merge") + user("twice"))
        + chain("split", "ask_y", "merge", "twice")
        + chain("ask_x", "merge"),
        "split",
        "twice",
    ),
    "as long as": (
        service("partners", "test/partners")
        + asks("ask_each", each("partners", "partner", "votes", "vote", until='x = "1"'))
        + chain("partners", "ask_each"),
        "partners",
        "ask_each",
    ),
    "answers of many": (
        service("partners", "test/partners")
        + asks("ask_each", each("partners", "partner", "x", "vote", until='y = "1"'))
        + chain("partners", "ask_each"),
        "partners",
        "ask_each",
    ),
    "signal": (
        user("meet")
        + boundary("news", "meet", message("news"), interrupts=False)
        + boundary("back", "meet", signal("back"))
        + asks("ask_x")
        + user("again")
        + throw("call_back", signal("back"))
        + end("told")
        + xor("merge")
        + chain("news", "ask_x", "call_back", "told")
        + chain("meet", "merge")
        + chain("back", "again", "merge"),
        "meet",
        "merge",
    ),
}


@pytest.mark.parametrize("inside", [False, True], ids=["in the root", "in a sub-process"])
@pytest.mark.parametrize("looks", LOOKS)
def test_variable_that_is_looked_at_is_not_taken_for_one_that_is_carried_along(
    looks: str, *, inside: bool
) -> None:
    """Each marking of `wait` has the same shape and other answers, and some of them matter."""
    parts, first, last = LOOKS[looks]
    body = user("wait") + parts + user("after") + chain("wait", first) + chain(last, "after")
    if inside:
        body = sub(
            "around",
            start("inside") + body + end("over") + chain("inside", "wait") + chain("after", "over"),
        )
    ends = ("around", "around") if inside else ("wait", "after")
    content = diagram(
        process(
            "main",
            start() + asks("ask") + body + end(),
            chain("begin", "ask", ends[0]) + chain(ends[1], "finish"),
        ),
        messages=("news",),
        signals=("back",),
    )
    drawing = parse_drawing(content, file="main.bpmn")
    net = net_of({one.id: one for one in drawing.processes}, "main")
    table = TABLE.format(id="look", reads="x", gives="z")
    effects = Effects(
        {
            "ask": form("ask", field("x"), field("y")),
            "ask_x": form("ask_x", field("x")),
            "ask_y": form("ask_y", field("y")),
            "ask_hidden": form("ask_hidden", field("z", **HIDES)),
            "ask_each": form("ask_each", field("vote")),
        },
        {"look": parse_decision(table.encode())},
        {"test/partners": OperatorFacts("test/partners", outputs={"partners": "dict"})},
        {},
    )
    asked = {net.node("main", "finish").key: frozenset({"x", "y", "z", "vote"})}
    for handlers in (1, 2):
        graph, wanted = (
            look(
                Semantics(net, effects, liveness_of(net, effects, asked), asked, handlers=handlers),
                [Beginning(None, {})],
            )
            for look in (explore, plain)
        )
        assert quick(graph) == wanted


def test_search_from_a_marking_finds_what_the_whole_search_found_behind_it() -> None:
    for seed, semantics, graph in graphs():
        here = len(graph.states) // 2
        if graph.states[here][0] in {BEGIN, END, FLAW}:
            continue
        ahead = explore_from(semantics, graph.states[here], MOST_STATES)
        numbers = {state: number for number, state in enumerate(graph.states)}
        for number, state in enumerate(ahead.states):
            behind = [(e.stimulus, graph.states[e.target]) for e in graph.edges(numbers[state])]
            assert [(e.stimulus, ahead.states[e.target]) for e in ahead.edges(number)] == behind, (
                seed
            )


def test_shipped_lifecycle_is_worked_out_once_and_not_in_every_marking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = 0
    settle = Semantics.settle

    def counted(semantics: Semantics, board: Board) -> list[Board]:
        nonlocal runs
        runs += 1
        return settle(semantics, board)

    monkeypatch.setattr(Semantics, "settle", counted)
    deployment = resolve(ROOT / "processes", "base")
    semantics = Ruled(deployment).semantics("case_management")
    graph = explore(semantics, beginnings(deployment, semantics.net))
    assert graph.transitions > 30_000
    assert runs < graph.transitions / 10


def moments(rng: random.Random, net: Net, most: int) -> tuple[Moment, ...]:
    said = sorted(pair for pair in net.saying if pair[0] in {"form", "operator", "decision"})
    return tuple(Moment(**dict([rng.choice(said)])) for _ in range(rng.randint(0, most)) if said)


def check(rng: random.Random, net: Net) -> Check:
    needs = tuple(moments(rng, net, 2) for _ in range(rng.randint(0, 2)))
    return Check(
        rng.choice(("before", "never")),
        process="main",
        at=(*moments(rng, net, 2), *rng.choice(((), (Moment(ends="main"),)))),
        needs=needs,
        since=moments(rng, net, 1),
        after=moments(rng, net, 1),
        until=moments(rng, net, 1),
        unless=moments(rng, net, 1),
    )


def test_rules_followed_together_are_broken_where_each_alone_is() -> None:
    broken = kept = 0
    for seed, semantics, graph in graphs():
        rng = random.Random(seed)
        net = semantics.net
        monitors = [Monitor(net, check(rng, net), {}) for _ in range(CHECKS)]
        facts = [rng.choice((None, rng.randrange(1 << one.width))) for one in monitors]
        alone = {
            one.check
            for one, known in zip(monitors, facts, strict=True)
            if one.search(graph, known) is not None
        }
        assert broken_by_some_path(graph, monitors, facts) == alone, seed
        broken += len(alone)
        kept += CHECKS - len(alone)
    assert broken > MODELS // 2
    assert kept > MODELS // 2


def test_message_that_is_not_heard_somewhere_is_found_together_with_the_rules() -> None:
    unheard = 0
    for seed, semantics, graph in graphs():
        rng = random.Random(seed)
        net = semantics.net
        names = sorted({node.event_name for node in net.nodes if node.event == "message"})
        for name in (*names, "nothing_of_the_kind"):
            asks = Check("awaits", process="main", message=name, until=moments(rng, net, 1))
            wanted = {asks} if any(never_awaits(net, graph, asks, {})) else set()
            assert broken_by_some_path(graph, [Monitor(net, asks, {})]) == wanted, seed
            unheard += len(wanted)
    assert unheard > MODELS // 2
