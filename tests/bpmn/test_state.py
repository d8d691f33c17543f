"""Stored states: small, flat over the years, ours alone."""

import zlib
from typing import Any

import orjson
import pytest

from engine.bpmn import Instance, Program, seal, unseal
from engine.bpmn.codec import VERSION
from engine.errors import StateError
from tests.bpmn.builder import (
    Recorder,
    Run,
    boundary,
    call,
    chain,
    diagram,
    end,
    flow,
    message,
    process,
    script,
    start,
    user,
    xor,
)

PHASES = ("intake", "analysis", "plan", "implementation", "closure")


def phase(name: str) -> str:
    steps = (f"{name}_assess", f"{name}_discuss")
    return process(
        name,
        start(f"{name}_begin"),
        xor(f"{name}_merge"),
        *(user(step) for step in steps),
        script(f"{name}_count", f"{name}_rounds = if {name}_rounds = null then 1 else 2"),
        xor(f"{name}_again", f"{name}_end"),
        end(f"{name}_end"),
        chain(f"{name}_begin", f"{name}_merge", *steps, f"{name}_count", f"{name}_again"),
        flow(f"{name}_again", f"{name}_merge", "more"),
        flow(f"{name}_again", f"{name}_end"),
    )


def lifecycle() -> bytes:
    """About 55 elements: five phases as call activities, each with two boundary messages."""
    parts = [start(), xor("merge"), xor("again", "finish"), end(), xor("left"), user("decide")]
    parts += [end("withdrawn"), chain("begin", "merge", *PHASES, "again")]
    parts += [flow("again", "merge", "relapse"), flow("again", "finish")]
    parts.append(chain("left", "decide", "withdrawn"))
    for name in PHASES:
        parts += [
            call(name, f"do_{name}"),
            boundary(f"{name}_informed", name, message("new_information"), interrupts=False),
            user(f"{name}_triage"),
            end(f"{name}_noted"),
            boundary(f"{name}_left", name, message("consent_withdrawn")),
            chain(f"{name}_informed", f"{name}_triage", f"{name}_noted"),
            chain(f"{name}_left", "left"),
        ]
    return diagram(
        process("main", *parts),
        *(phase(f"do_{name}") for name in PHASES),
        messages=("new_information", "consent_withdrawn"),
    )


CASE: dict[str, Any] = {
    "case_id": "0197c3f2-8a51-7c3e-9d14-6b0f2e8a4c11",
    "file_id": "0197c3f2-8a51-7c3e-9d14-6b0f2e8a4c12",
    "route": "multi_agency",
    "partners": {f"organisation_{number}": f"organisation_{number}" for number in range(6)},
    "opened_on": "2026-01-31",
    "next_check_in": "2026-04-30",
    "minor": False,
}


def one_phase(run: Run, name: str, *, noise: bool) -> None:
    if noise:
        assert run.deliver("new_information")
        run.complete(f"{name}_triage", act="later")
    run.complete(f"do_{name}_assess").complete(f"do_{name}_discuss", more=False, relapse=True)


def test_state_of_a_long_case_stays_small_and_flat() -> None:
    run = Run(lifecycle(), **CASE)
    for count in range(12):
        for name in PHASES:
            one_phase(run, name, noise=count % 2 == 1)
    rounds = 8 * len(PHASES)
    assert max(run.sizes) < 4_000
    assert max(run.sizes[-rounds:]) <= max(run.sizes[rounds : 2 * rounds])


def test_state_is_flat_over_two_thousand_rounds() -> None:
    content = diagram(
        process(
            "main",
            start(),
            xor("merge"),
            user("check_in"),
            script("count", "n = n + 1"),
            xor("again", "finish"),
            end(),
            chain("begin", "merge", "check_in", "count", "again"),
            flow("again", "merge", "n < 2000"),
            flow("again", "finish"),
        )
    )
    run = Run(content, n=0)
    for _ in range(2_000):
        run.complete("check_in")
    assert run.completed
    assert run.variables == {"n": 2_000}
    assert max(run.sizes) <= run.sizes[0] + 100


def test_state_holds_no_specification_and_no_history() -> None:
    run = Run(lifecycle(), **CASE)
    one_phase(run, "intake", noise=True)
    assert b"do_intake_assess" not in run.blob
    assert b"condition" not in run.blob


@pytest.mark.parametrize("size", [0, 60])
def test_state_that_is_loaded_and_dumped_is_the_same(size: int) -> None:
    run = Run(lifecycle(), **CASE)
    run.deliver("new_information", about={"deep": [1, 2, {"x": None}]}, more=["text " * 10] * size)
    # A large state is compressed.
    assert run.blob.startswith(b"x" if size else b"[")
    assert len(run.blob) < 3_000
    tokens = [task.token for task in run.load().user_tasks()]
    for _ in range(3):
        instance = run.load()
        assert [task.token for task in instance.user_tasks()] == tokens
        run.blob = instance.dump()
    first = run.blob
    assert run.load().dump() == first


@pytest.mark.parametrize(
    "change",
    [
        lambda state: [VERSION + 1, *state[1:]],
        lambda state: ["1.5", *state[1:]],
        lambda state: [state[0], "other deployment", *state[2:]],
        lambda state: [state[0], state[1], "other_process", *state[3:]],
        lambda state: state[:-1],
        lambda state: [*state[:-1], [[-1, "main", [[None, -1, "Nowhere", 64, 0, {}, None]]]]],
        lambda state: [*state[:-1], [[-1, "main", [[None, 5, "Start", 64, 0, {}, None]]]]],
        lambda state: [*state[:-1], 7],
        lambda _state: {"serializer_version": "1.0"},
        lambda _state: [],
    ],
)
def test_state_that_is_not_exactly_ours_is_refused(change: object) -> None:
    run = Run(lifecycle(), **CASE)
    assert callable(change)
    run.blob = orjson.dumps(change(orjson.loads(run.blob)))
    with pytest.raises(StateError):
        run.load()


BOMB = zlib.compress(b"[" + b" " * 50_000_000 + b"]")


@pytest.mark.parametrize(
    "blob", [b"", b"\x00", b"{", b"null", b"7", b"\xff\xfe", b"x", b"x\x9c", BOMB, BOMB[:50]]
)
def test_state_that_is_torn_is_refused(blob: bytes) -> None:
    run = Run(lifecycle(), **CASE)
    run.blob = blob
    with pytest.raises(StateError):
        run.load()


def test_state_of_another_diagram_is_refused() -> None:
    run = Run(lifecycle(), **CASE)
    other = diagram(process("main", start(), user("a"), end(), chain("begin", "a", "finish")))
    program = Program.compile({"main.bpmn": other}, "main", key="test")
    with pytest.raises(StateError, match="does not fit"):
        Instance.load(program, run.blob, Recorder(), run.scope)


KEY = b"k" * 40


def test_seal_is_opened_by_its_own_key_only() -> None:
    sealed = seal(b"state", KEY)
    assert unseal(sealed, KEY) == b"state"
    with pytest.raises(StateError):
        unseal(sealed, KEY + b"x")
    with pytest.raises(StateError, match="key"):
        seal(b"state", b"")
    assert unseal(seal(b"", b"long" * 50), b"long" * 50) == b""


@pytest.mark.parametrize("position", range(0, 40, 3))
def test_seal_notices_every_changed_byte(position: int) -> None:
    sealed = bytearray(seal(b"the state", KEY))
    sealed[min(position, len(sealed) - 1)] ^= 1
    with pytest.raises(StateError):
        unseal(bytes(sealed), KEY)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 33, b"\x02" * 60])
def test_seal_refuses_what_is_too_short_or_of_another_version(sealed: bytes) -> None:
    with pytest.raises(StateError):
        unseal(sealed, KEY)
