"""What happened in a turn is told in the drawing's own ids."""

from engine.bpmn import Instance, Program, Scope
from tests.bpmn.builder import (
    START,
    ZONE,
    Recorder,
    Run,
    after,
    boundary,
    call,
    chain,
    diagram,
    each,
    end,
    flow,
    process,
    script,
    start,
    sub,
    user,
    xor,
)

NESTED = diagram(
    process(
        "main",
        start(),
        xor("merge"),
        sub(
            "inner",
            start("ib"),
            call("phase", "other"),
            end("ie"),
            chain("ib", "phase", "ie"),
        ),
        boundary("late", "inner", after("P1D")),
        end("too_late"),
        xor("again", "finish"),
        end(),
        chain("begin", "merge", "inner", "again"),
        chain("late", "too_late"),
        flow("again", "merge", "more"),
        flow("again", "finish"),
    ),
    process(
        "other",
        start("ob"),
        script("count", "n = 1"),
        user("ask", each("people", "person")),
        end("oe"),
        chain("ob", "count", "ask", "oe"),
    ),
)


def test_steps_name_process_path_and_item_in_order() -> None:
    run = Run(NESTED, people=["a", "b"])
    told = [(s.process_id, s.element_id, s.kind, s.path) for s in run.history]
    assert told == [
        ("main", "begin", "startEvent", ()),
        ("main", "merge", "exclusiveGateway", ()),
        ("main", "ib", "startEvent", ("inner",)),
        ("other", "ob", "startEvent", ("inner", "phase")),
        ("other", "count", "scriptTask", ("inner", "phase")),
    ]
    assert [s.sequence for s in run.history] == sorted({s.sequence for s in run.history})
    task = run.task("ask", "b")
    assert (task.process_id, task.path, task.item) == ("other", ("inner", "phase"), "b")
    seen = len(run.history)
    run.complete("ask", "b").complete("ask", "a", more=False)
    assert [(s.element_id, s.kind, s.item) for s in run.history[seen:]] == [
        ("ask", "userTask", "b"),
        ("ask", "userTask", "a"),
        ("oe", "endEvent", None),
        ("phase", "callActivity", None),
        ("ie", "endEvent", None),
        ("inner", "subProcess", None),
        ("again", "exclusiveGateway", None),
        ("finish", "endEvent", None),
    ]
    assert {s.state for s in run.history} == {"completed"}


def test_flows_taken_are_told_once_each() -> None:
    run = Run(NESTED, people=["a"])
    run.complete("ask", more=True).complete("ask", more=False)
    assert run.flows.count("flow_begin_merge") == 1
    assert run.flows.count("flow_again_merge") == 1
    assert run.flows.count("flow_again_finish") == 1
    assert run.flows.count("flow_merge_inner") == 2
    assert run.flows.count("flow_ask_oe") == 2
    assert "flow_late_too_late" not in run.flows


def test_active_elements_show_where_the_case_is() -> None:
    run = Run(NESTED, people=["a", "b"])
    places = {(p.process_id, p.element_id, p.path) for p in run.load().active()}
    assert places == {
        ("main", "inner", ()),
        ("main", "phase", ("inner",)),
        ("other", "ask", ("inner", "phase")),
    }


def test_token_of_an_open_step_stays_the_same_over_turns() -> None:
    run = Run(NESTED, people=["a", "b"])
    token = run.task("ask", "a").token
    run.complete("ask", "b").wait()
    assert run.task("ask").token == token
    assert len(token) == 32


def test_program_of_several_files_runs_across_them() -> None:
    other = diagram(process("other", start("ob"), user("ask"), end("oe"), chain("ob", "ask", "oe")))
    caller = diagram(
        process("main", start(), call("phase", "other"), end(), chain("begin", "phase", "finish"))
    )
    program = Program.compile({"a.bpmn": caller, "b.bpmn": other}, "main", key="k")
    instance = Instance.start(program, Recorder(), Scope(START, ZONE), data={})
    instance.advance()
    assert [(task.process_id, task.element_id) for task in instance.user_tasks()] == [
        ("other", "ask")
    ]


def test_program_ignores_diagrams_that_it_does_not_call() -> None:
    other = diagram(process("other", start("ob"), user("ask"), end("oe"), chain("ob", "ask", "oe")))
    drawing = diagram(process("foreign", user("floating")), process("foreign"))
    files = {"a.bpmn": other, "foreign.bpmn": drawing}
    assert Program.compile(files, "other", key="k").process_id == "other"
