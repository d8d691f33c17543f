"""Multi-instance steps over partners: keyed results, deadlines, quorums, rounds."""

import subprocess
import sys
from datetime import timedelta

import pytest

from engine.bpmn import Program
from engine.errors import ExpressionError
from tests.bpmn.builder import (
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

PARTNERS = {"police": "police", "school": "school", "youth_care": "youth_care"}


def opinions(marker: str, *, inner: str | None = None) -> bytes:
    step = inner or user("give_opinion", marker)
    return diagram(
        process(
            "main",
            start(),
            xor("merge"),
            script("reset", "opinions = {}"),
            step,
            boundary("deadline", "give_opinion", after("P14D")),
            xor("joined"),
            user("decide"),
            xor("again", "finish"),
            end(),
            chain("begin", "merge", "reset", "give_opinion", "joined", "decide", "again"),
            chain("deadline", "joined"),
            flow("again", "merge", "repeat"),
            flow("again", "finish"),
        )
    )


KEYED = opinions(each("partners", "partner", "opinions", "opinion"))


def test_multiinstance_keys_results_by_partner_whatever_the_order() -> None:
    run = Run(KEYED, partners=PARTNERS)
    assert run.owed == [f"give_opinion[{partner}]" for partner in PARTNERS]
    task = run.task("give_opinion", "school")
    assert (task.item, task.data["partner"]) == ("school", "school")
    run.complete("give_opinion", "youth_care", opinion="agree")
    run.complete("give_opinion", "police", opinion="disagree")
    run.complete("give_opinion", "school", opinion="abstain")
    assert run.task("decide").data["opinions"] == {
        "police": "disagree",
        "school": "abstain",
        "youth_care": "agree",
    }
    assert "partner" not in run.task("decide").data


def test_multiinstance_is_withdrawn_by_its_deadline() -> None:
    run = Run(KEYED, partners=PARTNERS)
    run.complete("give_opinion", "school", opinion="agree")
    run.wait(timedelta(days=14))
    assert run.owed == ["decide"]
    assert run.done("cancelled") == ["give_opinion", "give_opinion"]
    assert {step.item for step in run.history if step.state == "cancelled"} == {
        "police",
        "youth_care",
    }
    assert run.load().timers() == []


def test_multiinstance_begins_afresh_in_each_round() -> None:
    run = Run(KEYED, partners=PARTNERS)
    for round_ in range(20):
        if round_ % 2:
            run.wait(timedelta(days=15))
        else:
            for partner in PARTNERS:
                run.complete("give_opinion", partner, opinion=f"{round_}")
            assert set(run.task("decide").data["opinions"].values()) == {f"{round_}"}
        run.complete("decide", repeat=True)
        assert len(run.owed) == 3
    assert run.sizes[-1] <= run.sizes[0] + 60


def test_multiinstance_takes_no_stale_answer_for_an_empty_one() -> None:
    run = Run(KEYED, partners={"school": "school"}, opinion="agree", partner="mayor")
    run.complete("give_opinion", "school")
    assert run.task("decide").data["opinions"] == {"school": None}
    assert run.task("decide").data["partner"] == "mayor"


def test_multiinstance_over_nobody_goes_on_at_once() -> None:
    run = Run(KEYED, partners={})
    assert run.owed == ["decide"]


def test_multiinstance_without_its_collection_names_the_step() -> None:
    with pytest.raises(ExpressionError, match="main:give_opinion: `partners`"):
        Run(KEYED)


def test_multiinstance_stops_at_a_quorum_over_the_results() -> None:
    marker = each("partners", "partner", "opinions", "opinion", until="count(ids) = 2")
    marker = marker.replace("count(ids) = 2", "opinions.police = opinions.school")
    run = Run(opinions(marker), partners=PARTNERS)
    run.complete("give_opinion", "police", opinion="agree")
    assert len(run.owed) == 2
    run.complete("give_opinion", "school", opinion="agree")
    assert run.owed == ["decide"]


def test_multiinstance_in_sequence_asks_one_after_the_other() -> None:
    marker = each("partners", "partner", "opinions", "opinion", sequential=True)
    run = Run(opinions(marker), partners=PARTNERS)
    for partner in PARTNERS:
        assert run.owed == [f"give_opinion[{partner}]"]
        run.complete("give_opinion", opinion=partner)
    assert run.task("decide").data["opinions"] == PARTNERS


def test_multiinstance_over_a_list_collects_in_order_of_answers() -> None:
    marker = each("partners", "partner", "votes", "vote")
    run = Run(opinions(marker), partners=["a", "b"])
    assert run.owed == ["give_opinion[a]", "give_opinion[b]"]
    run.complete("give_opinion", "b", vote=2).complete("give_opinion", "a", vote=1)
    assert run.task("decide").data["votes"] == [2, 1]


def test_multiinstance_without_results_keeps_what_each_changed() -> None:
    run = Run(opinions(each("partners", "partner")), partners=["a", "b"], x=0, y=0)
    run.complete("give_opinion", "a", x=1).complete("give_opinion", "b", y=1)
    seen = run.task("decide").data
    assert (seen["x"], seen["y"]) == (1, 1)
    assert "partner" not in seen


@pytest.mark.parametrize("kind", ["sub-process", "call activity"])
def test_multiinstance_of_a_process_is_withdrawn_without_orphans(kind: str) -> None:
    marker = each("partners", "partner", "opinions", "opinion")
    content = (start("sb"), user("ask"), call("deeper", "deep"), end("se"))
    steps = (*content, chain("sb", "ask", "deeper", "se"))
    host = (
        sub("give_opinion", marker, *steps)
        if kind == "sub-process"
        else call("give_opinion", "ask_partner", marker)
    )
    body = opinions("", inner=host).decode().replace("</bpmn:definitions>", "")
    body += process("ask_partner", *steps) if kind == "call activity" else ""
    body += process("deep", start("db"), user("dig"), end("de"), chain("db", "dig", "de"))
    run = Run(f"{body}</bpmn:definitions>".encode(), partners=PARTNERS)
    run.complete("ask", "police", opinion="agree")
    assert run.owed == ["ask[school]", "ask[youth_care]", "dig[police]"]
    assert run.task("ask", "school").path == ("give_opinion",)
    run.wait(timedelta(days=14))
    assert run.owed == ["decide"]
    assert run.load()._tree.subprocesses == {}
    run.complete("decide", repeat=True)
    for partner in PARTNERS:
        run.complete("ask", partner, opinion=partner).complete("dig", partner)
    assert run.task("decide").data["opinions"] == PARTNERS


FINISH = """
import sys
from tests.bpmn.builder import Recorder, START, ZONE
from engine.bpmn import Instance, Program, Scope
from tests.bpmn.test_multiinstance import KEYED
program = Program.compile({"main.bpmn": KEYED}, "main", key="test")
instance = Instance.load(program, sys.stdin.buffer.read(), Recorder(), Scope(START, ZONE))
for task in instance.user_tasks():
    instance.complete(task.token, {"opinion": "agree"})
instance.advance()
print([task.element_id for task in instance.user_tasks()])
"""


def test_multiinstance_begun_in_one_process_is_finished_in_another() -> None:
    run = Run(KEYED, partners=PARTNERS)
    run.complete("give_opinion", "school", opinion="agree")
    done = subprocess.run(
        [sys.executable, "-c", FINISH], input=run.blob, capture_output=True, check=False
    )
    assert done.stdout.decode().strip() == "['decide']", done.stderr.decode()


def test_standard_loop_repeats_while_its_condition_holds() -> None:
    loop = (
        '<bpmn:standardLoopCharacteristics loopMaximum="3"><bpmn:loopCondition>more'
        "</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    )
    content = diagram(
        process("main", start(), user("ask", loop), end(), chain("begin", "ask", "finish"))
    )
    run = Run(content)
    run.complete("ask", more=True, total=1)
    assert run.task("ask").data["total"] == 1
    run.complete("ask", more=False)
    assert run.completed
    run = Run(content)
    for _ in range(3):
        run.complete("ask", more=True)
    assert run.completed


def test_program_is_compiled_once_per_content_and_process() -> None:
    first = Program.compile({"main.bpmn": KEYED}, "main", key="test")
    assert Program.compile({"main.bpmn": KEYED}, "main", key="test") is first
    assert Program.compile({"main.bpmn": KEYED}, "main", key="other") is not first
