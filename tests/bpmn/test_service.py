"""Operators in the turn and after it, decisions, modelled errors, step budget."""

from typing import Any

import pytest

from engine.bpmn import Instance, Program
from engine.errors import (
    BpmnError,
    ConflictError,
    EngineStoppedError,
    InputError,
    OperatorError,
)
from tests.bpmn.builder import (
    Recorder,
    Run,
    boundary,
    chain,
    diagram,
    end,
    error,
    flow,
    process,
    rule,
    script,
    service,
    start,
    sub,
    user,
    xor,
)

MAIL = diagram(
    process(
        "main",
        start(),
        service("send_mail", "mail/send", recipient="contact.code", days="days + 1"),
        boundary("bounced", "send_mail", error("bounced")),
        user("call_up"),
        xor("merge"),
        user("go_on"),
        end(),
        chain("begin", "send_mail", "merge", "go_on", "finish"),
        chain("bounced", "call_up", "merge"),
    ),
    errors=("bounced",),
)
GIVEN: dict[str, Any] = {"contact": {"code": "c7"}, "days": 1}


def refuse(code: str) -> Any:
    def operator(**_inputs: Any) -> dict[str, Any]:
        raise BpmnError(code)

    return operator


def test_service_gives_evaluated_inputs_and_merges_outputs() -> None:
    port = Recorder({"mail/send": lambda **inputs: {"sent_to": inputs["recipient"]}})
    run = Run(MAIL, port=port, **GIVEN)
    assert port.calls == [("mail/send", {"recipient": "c7", "days": 2})]
    assert run.task("go_on").data == {**GIVEN, "sent_to": "c7"}


def test_service_error_becomes_the_modelled_event() -> None:
    run = Run(MAIL, port=Recorder({"mail/send": refuse("bounced")}), **GIVEN)
    assert run.owed == ["call_up"]
    assert run.done("cancelled") == ["send_mail"]
    assert run.complete("call_up").owed == ["go_on"]


def test_service_error_that_nobody_catches_is_not_retried() -> None:
    with pytest.raises(OperatorError, match="main:send_mail") as caught:
        Run(MAIL, port=Recorder({"mail/send": refuse("other")}), **GIVEN)
    assert not caught.value.retryable


def test_service_error_reaches_the_sub_process_around_it() -> None:
    content = diagram(
        process(
            "main",
            start(),
            sub("part", start("pb"), service("do", "x/y"), end("pe"), chain("pb", "do", "pe")),
            boundary("failed", "part", error("refused")),
            user("mend"),
            end("mended"),
            end(),
            chain("begin", "part", "finish"),
            chain("failed", "mend", "mended"),
        ),
        errors=("refused",),
    )
    run = Run(content, port=Recorder({"x/y": refuse("refused")}))
    assert run.owed == ["mend"]


@pytest.mark.parametrize("failure", [OperatorError("no"), ValueError("broken")])
def test_service_failure_reaches_the_caller_as_it_is(failure: Exception) -> None:
    def operator(**_inputs: Any) -> dict[str, Any]:
        raise failure

    with pytest.raises(type(failure)) as caught:
        Run(MAIL, port=Recorder({"mail/send": operator}), **GIVEN)
    assert caught.value is failure


@pytest.mark.parametrize("outputs", [{"typename": "UUID"}, {"when": object()}, {"profile": 1}])
def test_service_outputs_that_cannot_be_stored_are_refused(outputs: dict[str, Any]) -> None:
    port = Recorder({"mail/send": lambda **_inputs: outputs})
    with pytest.raises(InputError, match="main:send_mail"):
        Run(MAIL, port=port, names={"profile": {}}, **GIVEN)


def test_effect_stays_open_until_it_is_confirmed_once() -> None:
    run = Run(MAIL, port=Recorder(deferred=frozenset({"mail/send"})), **GIVEN)
    (effect,) = run.load().effects()
    assert (effect.element_id, effect.operator) == ("send_mail", "mail/send")
    assert effect.inputs == {"recipient": "c7", "days": 2}
    assert run.owed == []
    assert run.load().effects()[0].token == effect.token
    run.confirm("send_mail", message_id="m1")
    assert run.load().effects() == []
    assert run.task("go_on").data["message_id"] == "m1"
    with pytest.raises(ConflictError):
        run.load().confirm(effect.token, {})


def test_effect_that_failed_takes_the_modelled_way() -> None:
    run = Run(MAIL, port=Recorder(deferred=frozenset({"mail/send"})), **GIVEN)
    with pytest.raises(OperatorError):
        run.fail("send_mail", "unknown")
    assert run.fail("send_mail", "bounced").owed == ["call_up"]
    assert run.load().effects() == []


def test_decision_sees_variables_and_scope_and_gives_variables() -> None:
    seen: list[dict[str, Any]] = []

    def decide(context: Any) -> dict[str, Any]:
        seen.append(dict(context))
        return {"route": "multi_agency"}

    content = diagram(
        process(
            "main",
            start(),
            rule("propose", "propose_route"),
            user("act"),
            end(),
            chain("begin", "propose", "act", "finish"),
        )
    )
    port = Recorder(decisions={"propose_route": decide})
    run = Run(content, port=port, names={"profile": {"minimum": 3}}, minor=True)
    assert seen == [{"minor": True, "profile": {"minimum": 3}}]
    assert run.task("act").data == {"minor": True, "route": "multi_agency"}


ENDLESS = diagram(
    process(
        "main",
        start(),
        xor("merge"),
        script("count", "n = n + 1"),
        xor("again", "finish"),
        end(),
        chain("begin", "merge", "count", "again"),
        flow("again", "merge", "n > 0"),
        flow("again", "finish"),
    )
)


def test_endless_automatic_loop_stops_at_its_budget() -> None:
    with pytest.raises(EngineStoppedError, match="more than 2000 automatic steps"):
        Run(ENDLESS, n=0)
    program = Program.compile({"main.bpmn": ENDLESS}, "main", key="test")
    scope = Run(MAIL, port=Recorder({"mail/send": lambda **_: {}}), **GIVEN).scope
    instance = Instance.start(program, Recorder(), scope, data={"n": -3})
    instance.advance(budget=20)
    assert instance.completed


def test_completing_what_is_not_open_is_a_conflict() -> None:
    run = Run(MAIL, port=Recorder({"mail/send": lambda **_inputs: {}}), **GIVEN)
    token = run.task("go_on").token
    run.complete("go_on")
    for stale in (token, "0" * 32, "", "not a token"):
        with pytest.raises(ConflictError):
            run.load().complete(stale, {})
