"""What would not run as drawn is refused by name, with the mend, before the library sees it."""

import pytest

from engine.bpmn import Program, subset
from engine.errors import CasetableError, DiagramError
from tests.bpmn.builder import (
    after,
    at,
    both,
    boundary,
    call,
    catch,
    chain,
    diagram,
    each,
    either,
    end,
    error,
    events,
    extension,
    flow,
    message,
    node,
    process,
    script,
    service,
    signal,
    start,
    sub,
    throw,
    user,
    xor,
)

TAIL = end() + chain("step", "finish")


def main(*content: str, **declared: tuple[str, ...]) -> bytes:
    return diagram(process("main", start(), *content), **declared)


def step(content: str, **declared: tuple[str, ...]) -> bytes:
    """A process with `content`, which holds an element `step`, between start and end."""
    return main(content, chain("begin", "step"), TAIL, **declared)


def defined(kind: str) -> str:
    return f"<bpmn:{kind}EventDefinition/>"


TWO_TIMERS = (
    events("step")
    + catch("soon", after("P1D"))
    + catch("late", after("P2D"))
    + end("first")
    + end("second")
    + flow("step", "soon")
    + flow("step", "late")
    + chain("soon", "first")
    + chain("late", "second")
)
REFUSED: dict[str, tuple[bytes, str]] = {
    **{
        f"element {kind}": (step(node(kind, "step")), f"{kind}.*{mend}")
        for kind, mend in subset.ELEMENTS.items()
        if mend is not None
    },
    "unknown element": (step(user("step") + node("teleport", "x")), "x: teleport"),
    "link event": (step(throw("step", defined("link"))), "step: .*link"),
    "compensation": (step(throw("step", defined("compensate"))), "step: .*compensate"),
    "signal end": (
        main(end("step", signal("s")), chain("begin", "step"), signals=("s",)),
        "step: .*signal",
    ),
    "conditional boundary": (
        step(
            user("step")
            + boundary("edge", "step", defined("conditional"))
            + end("e2")
            + chain("edge", "e2")
        ),
        "edge: .*conditional",
    ),
    "event sub-process": (
        step(
            user("step")
            + node(
                "subProcess",
                "sub",
                start("sb"),
                end("se"),
                chain("sb", "se"),
                triggeredByEvent="true",
            )
        ),
        "sub: an event sub-process",
    ),
    "time cycle": (
        step(
            catch(
                "step",
                "<bpmn:timerEventDefinition><bpmn:timeCycle>R3/P1M</bpmn:timeCycle>"
                "</bpmn:timerEventDefinition>",
            )
        ),
        "step: a repeating timer",
    ),
    "broken date": (step(catch("step", at("2026-02-30"))), "step: .*2026-02-30"),
    "empty timer": (step(catch("step", after(""))), "step: give the timer"),
    "python condition": (
        main(
            xor("step", "finish"),
            end("other"),
            chain("begin", "step"),
            flow("step", "other", "x == 1"),
            TAIL,
        ),
        "flow_step_other: ",
    ),
    "condition behind a task": (
        main(user("step"), end(), chain("begin", "step"), flow("step", "finish", "x")),
        "flow_step_finish: a condition here would be ignored",
    ),
    "two flows out of a task": (
        main(user("step"), end("other"), chain("begin", "step", "other"), TAIL),
        "step: several flows",
    ),
    "no end event": (main(user("step"), chain("begin", "step")), "main: draw an end event"),
    "dead end": (step(user("step") + user("stuck") + chain("begin", "stuck")), "stuck: the way"),
    "unreachable": (step(user("step") + user("lost") + chain("lost", "finish")), "lost: no flow"),
    "no default": (
        main(xor("step"), end("other"), chain("begin", "step"), flow("step", "other", "x"), TAIL),
        "step: choose the default",
    ),
    "inclusive without default": (
        main(
            either("step"),
            end("other"),
            chain("begin", "step"),
            flow("step", "other", "x"),
            flow("step", "finish", "y"),
            end(),
        ),
        "step: choose the default",
    ),
    "flow without condition": (
        main(
            xor("step", "finish"), end("other"), chain("begin", "step"), flow("step", "other"), TAIL
        ),
        "flow_step_other: write the condition",
    ),
    "joins and splits": (
        main(
            xor("choose", "step"),
            both("step"),
            end("a"),
            chain("begin", "choose", "step"),
            chain("step", "a"),
            user("u"),
            flow("choose", "u", "x"),
            chain("u", "step"),
            TAIL,
        ),
        "step: it joins and splits",
    ),
    "two timers": (main(TWO_TIMERS, chain("begin", "step")), "step: keep one timer"),
    "reserved id": (
        main(user("Start"), end(), chain("begin", "Start", "finish")),
        "Start: the id is reserved",
    ),
    "reserved ending": (
        main(user("main.EndJoin"), end(), chain("begin", "main.EndJoin", "finish")),
        "main.EndJoin: the id is reserved",
    ),
    "quoted id": (
        main(user('a" or "1'), end(), chain("begin", "finish")),
        "write the id with letters",
    ),
    "id used twice": (step(user("step") + user("step")), "step: the id is used twice"),
    "id used twice across a sub-process": (
        step(sub("step", start("begin"), end("se"), chain("begin", "se"))),
        "begin: the id is used twice",
    ),
    "data input": (
        step(node("userTask", "step", "<bpmn:dataInputAssociation/>")),
        "step: dataInputAssociation",
    ),
    "pre-script": (
        step(user("step", extension("<spiffworkflow:preScript>x = 1</spiffworkflow:preScript>"))),
        "step: preScript",
    ),
    "script": (step(script("step", "import os")), "step: "),
    "empty script": (step(node("scriptTask", "step")), "step: write lines"),
    "service without operator": (step(node("serviceTask", "step")), "step: choose the operator"),
    "parameter": (step(service("step", "a/b", x="1 +")), "step: "),
    "decision": (step(node("businessRuleTask", "step")), "step: choose the decision"),
    "cardinality": (
        step(
            user(
                "step",
                "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3"
                "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>",
            )
        ),
        "step: repeat over a collection",
    ),
    "half a result": (step(user("step", each("many", "one", "all"))), "step: name both"),
    "multi-instance script": (
        step(node("scriptTask", "step", "<bpmn:script>x = 1</bpmn:script>", each("many", "one"))),
        "step: only user tasks",
    ),
    "missing process": (step(call("step", "nowhere")), "step: nowhere is not a process"),
    "recursion": (
        diagram(
            process("main", start(), call("step", "other"), chain("begin", "step"), TAIL),
            process(
                "other", start("ob"), call("back", "main"), end("oe"), chain("ob", "back", "oe")
            ),
        ),
        "calls itself",
    ),
    "called by message only": (
        diagram(
            process("main", start(), call("step", "other"), chain("begin", "step"), TAIL),
            process("other", start("ob", message("m")), end("oe"), chain("ob", "oe")),
            messages=("m",),
        ),
        "step: other needs one plain start",
    ),
    "message that is a signal": (
        step(user("step"), messages=("news",), signals=("news",)),
        "news is also a message",
    ),
    "undeclared message": (step(catch("step", message("m"))), "step: the message 'message_m'"),
    "chosen by a quote": (
        step(catch("step", '<bpmn:messageEventDefinition messageRef="z&quot; or @id=&quot;M2"/>')),
        "step: the message",
    ),
    "error that goes on": (
        step(
            user("step")
            + boundary("edge", "step", error(), interrupts=False)
            + end("e2")
            + chain("edge", "e2")
        ),
        "edge: an error always interrupts",
    ),
    "attached to a gateway": (
        step(
            xor("step") + boundary("edge", "step", after("P1D")) + end("e2") + chain("edge", "e2")
        ),
        "edge: attach it",
    ),
    "join in a handler": (
        step(
            user("step")
            + boundary("edge", "step", message("m"), interrupts=False)
            + both("split")
            + user("a")
            + user("b")
            + both("join")
            + end("e2")
            + chain("edge", "split", "a", "join", "e2")
            + chain("split", "b", "join"),
            messages=("m",),
        ),
        "split: it can be reached from the non-interrupting event edge",
    ),
    "several definitions": (
        step(catch("step", after("P1D") + signal("s")), signals=("s",)),
        "step: an event with several",
    ),
    "flow across": (
        step(sub("step", start("sb"), end("se"), chain("sb", "se"), chain("sb", "finish"))),
        "flow_sb_finish: the flow must join",
    ),
    "too many": (
        step(user("step") + "".join(user(f"u{number}") for number in range(301))),
        "main: more than 300",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_not_run_is_refused_with_place_and_mend(case: str) -> None:
    content, expected = REFUSED[case]
    with pytest.raises(DiagramError, match=expected) as caught:
        Program.compile({"main.bpmn": content}, "main", key="k")
    assert str(caught.value).startswith("main.bpmn:")


def test_missing_process_is_refused() -> None:
    with pytest.raises(DiagramError, match="there is no such process"):
        Program.compile({"main.bpmn": step(user("step"))}, "other", key="k")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<x",
        b"<x/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        diagram(),
        diagram(process("main")),
        diagram(process("main", start())),
        diagram(process("main", user("a"), chain("a", "a"))),
        step(user("step")).replace(b'id="step"', b""),
        step(user("step")).replace(b'sourceRef="begin"', b""),
        step(user("step")).replace(b'targetRef="step"', b'targetRef="nowhere"'),
        step(user("step")).replace(b'process id="main"', b"process"),
        step(call("step", "main")),
    ],
)
def test_broken_diagrams_are_refused_and_never_crash(content: bytes) -> None:
    with pytest.raises(CasetableError):
        Program.compile({"main.bpmn": content}, "main", key="k")


def test_long_diagram_within_the_limit_is_read() -> None:
    names = [f"u{number}" for number in range(295)]
    content = main(*map(user, names), end(), chain("begin", *names, "finish"))
    assert Program.compile({"main.bpmn": content}, "main", key="k").start_messages == {None}


def test_lanes_and_artifacts_are_drawn_only() -> None:
    lanes = '<bpmn:laneSet id="lanes"><bpmn:lane id="lane" name="Coordinator">'
    lanes += "<bpmn:flowNodeRef>step</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    drawn = lanes + '<bpmn:textAnnotation id="note"><bpmn:text>x</bpmn:text></bpmn:textAnnotation>'
    assert Program.compile({"main.bpmn": step(drawn + user("step"))}, "main", key="k")
