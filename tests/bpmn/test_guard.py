"""Nothing that a diagram, a state or a form says is ever evaluated as Python."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.migration.version_migration import MIGRATIONS

from engine.bpmn import Instance
from engine.bpmn.gate import Refusal
from engine.bpmn.interpreter import Interpreter
from engine.errors import DiagramError, ExpressionError
from tests.bpmn.builder import (
    Recorder,
    Run,
    after,
    boundary,
    catch,
    chain,
    diagram,
    each,
    end,
    flow,
    process,
    script,
    service,
    start,
    user,
    xor,
)

ATTACK = "__import__('os').system('touch {path}')"
LOOP = (
    "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>{attack}</bpmn:loopCondition>"
    "</bpmn:standardLoopCharacteristics>"
)


def sites(attack: str) -> dict[str, str]:
    """Every place of the subset that the library would evaluate, holding `attack`."""
    plain = end() + chain("begin", "step", "finish")
    return {
        "script": script("step", f"x = {attack}") + plain,
        "script line": script("step", attack) + plain,
        "parameter": service("step", "mail/send", to=attack) + plain,
        "timer": catch("step", after(attack)) + plain,
        "boundary timer": user("step")
        + boundary("late", "step", after(attack))
        + end("stopped")
        + chain("late", "stopped")
        + plain,
        "condition": xor("step", "finish")
        + user("other")
        + end("second")
        + flow("step", "other", attack)
        + chain("other", "second")
        + plain,
        "loop": user("step", LOOP.format(attack=attack)) + plain,
        "completion": user("step", each("many", "one", "all", "each_one", until=attack)) + plain,
    }


@pytest.mark.parametrize("site", sites(""))
def test_python_is_refused_when_the_diagram_is_read(site: str) -> None:
    with pytest.raises(DiagramError, match=r"main\.bpmn:"):
        Run(diagram(process("main", start(), sites(ATTACK)[site])), many={"a": "a"})


@pytest.mark.parametrize("site", sites(""))
def test_python_is_not_evaluated_even_if_the_check_had_missed_it(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_roots: Any) -> list[Refusal]:
        return []

    monkeypatch.setattr("engine.bpmn.program.inspect", nothing)
    victim = tmp_path / "victim"
    content = diagram(process("main", start(), sites(ATTACK.format(path=victim))[site]))
    port = Recorder({"mail/send": lambda **_inputs: {}})
    with pytest.raises(ExpressionError):
        Run(content, port=port, many={"a": "a", "b": "b"}).complete("step", each_one=1)
    assert not victim.exists()


_watched: list[str] = []
_watching = False


def _listen(event: str, _arguments: Any) -> None:
    if _watching and event in {"exec", "compile"}:
        _watched.append(event)


sys.addaudithook(_listen)


def test_running_diagrams_compiles_and_executes_no_python() -> None:
    global _watching  # noqa: PLW0603 - an audit hook cannot be removed, only silenced
    content = diagram(
        process(
            "main",
            start(),
            script("step", 'x = count([1, 2])\nterm = "P" + string(x) + "D"'),
            service("send", "mail/send", to="x"),
            user("ask", each("many", "one", "all", "vote", until="x > 5")),
            boundary("late", "ask", after("term")),
            end("stopped"),
            xor("choose", "finish"),
            end(),
            end("second"),
            chain("late", "stopped"),
            chain("begin", "step", "send", "ask", "choose"),
            flow("choose", "finish"),
            flow("choose", "second", "x > 1"),
        )
    )

    def play() -> None:
        run = Run(content, port=Recorder({"mail/send": lambda **_: {}}), many={"a": "a", "b": "b"})
        run.complete("ask", "a", vote=1).complete("ask", "b", vote=2)
        assert run.completed

    play()
    _watched.clear()
    _watching = True
    try:
        play()
    finally:
        _watching = False
    assert _watched == []


def test_default_environment_of_the_library_raises() -> None:
    for engine in (PythonScriptEngine().environment, TaskDataEnvironment()):
        with pytest.raises(ExpressionError, match="never evaluated"):
            engine.evaluate("1 + 1", {})
        with pytest.raises(ExpressionError, match="never evaluated"):
            engine.execute("x = 1", {})


def test_our_own_script_engine_has_no_environment_to_escape_to() -> None:
    run = Run(diagram(process("main", start(), user("a"), end(), chain("begin", "a", "finish"))))
    engine = Interpreter(Recorder(), run.scope)
    assert isinstance(run.load(), Instance)
    calls: tuple[Callable[[], object], ...] = (
        lambda: engine.environment.evaluate("1", {}),
        lambda: engine.environment.execute("x = 1", {}),
        lambda: engine.environment.call_service({}, operation_name="x"),
        lambda: engine.validate("1"),
    )
    for call in calls:
        with pytest.raises(ExpressionError):
            call()


def test_library_serializer_migrates_nothing() -> None:
    assert MIGRATIONS == {}
    state = {"serializer_version": "1.0", "tasks": "__import__('os')"}
    BpmnWorkflowSerializer().migrate(state)
    assert state == {"tasks": "__import__('os')"}


def test_library_logs_no_process_variables(caplog: pytest.LogCaptureFixture) -> None:
    run = Run(
        diagram(process("main", start(), user("a"), end(), chain("begin", "a", "finish"))),
        secret="walnut",
    )
    run.complete("a")
    assert caplog.records == []
