"""Boundary events: again and again, beside and instead of their host, and nothing left behind."""

from datetime import timedelta

import pytest

from engine.bpmn.prune import prune
from tests.bpmn.builder import (
    Run,
    after,
    boundary,
    call,
    catch,
    chain,
    diagram,
    end,
    flow,
    message,
    process,
    script,
    signal,
    start,
    sub,
    throw,
    user,
    xor,
)

INNER = process("phase", start("pb"), user("work"), end("pe"), chain("pb", "work", "pe"))
HOSTS = {
    "user task": user("host"),
    "call activity": call("host", "phase"),
    "sub-process with call activities": sub(
        "host",
        start("hb"),
        call("first", "phase"),
        call("second", "phase"),
        end("he"),
        chain("hb", "first", "second", "he"),
    ),
}
WORK = {"user task": ["host"], "call activity": ["work"]}
BACK = ("new_information", "withdrawn")


def hosted(host: str) -> bytes:
    """A host with a repeatable and an interrupting message, and a way back into the host."""
    return diagram(
        process(
            "main",
            start(),
            xor("merge"),
            HOSTS[host],
            boundary("informed", "host", message("new_information"), interrupts=False),
            user("triage"),
            end("noted"),
            boundary("stopped", "host", message("withdrawn")),
            user("decide"),
            xor("again", "ended"),
            end("ended"),
            end(),
            chain("begin", "merge", "host", "finish"),
            chain("informed", "triage", "noted"),
            chain("stopped", "decide", "again"),
            flow("again", "merge", "back"),
            flow("again", "ended"),
        ),
        INNER,
        messages=BACK,
    )


@pytest.mark.parametrize("host", HOSTS)
def test_boundary_message_fires_again_and_again_while_its_host_is_active(host: str) -> None:
    run = Run(hosted(host))
    work = WORK.get(host, ["work"])
    for count in range(1, 6):
        assert run.deliver("new_information")
        assert run.owed == sorted(["triage"] * count + work)
    for count in (4, 3, 2, 1, 0):
        run.complete("triage")
        assert run.owed == sorted(["triage"] * count + work)
    assert run.done().count("triage") == 5


@pytest.mark.parametrize("host", HOSTS)
def test_boundary_message_leaves_no_trace_in_the_state(host: str) -> None:
    run = Run(hosted(host))
    for _ in range(30):
        run.deliver("new_information")
        run.complete("triage")
    assert run.sizes[-1] <= run.sizes[6] + 4


@pytest.mark.parametrize("host", HOSTS)
def test_boundary_message_is_not_awaited_after_the_host(host: str) -> None:
    run = Run(hosted(host))
    run.deliver("new_information")
    while run.owed != ["triage"]:
        run.complete("host" if "host" in run.owed else "work")
    assert run.load().awaited_messages() == frozenset()
    assert not run.deliver("new_information")
    run.complete("triage")
    assert run.completed
    assert run.load().end_events == ("finish", "noted")


@pytest.mark.parametrize("host", HOSTS)
def test_boundary_interrupt_withdraws_the_host_and_spares_open_handlers(host: str) -> None:
    run = Run(hosted(host))
    run.deliver("new_information")
    run.deliver("new_information")
    assert run.deliver("withdrawn")
    assert run.owed == ["decide", "triage", "triage"]
    assert run.load().awaited_messages() == frozenset()
    assert "host" in run.done("cancelled")
    run.complete("decide", back=True)
    assert run.load().awaited_messages() == frozenset(BACK)
    assert run.deliver("new_information")
    assert run.owed.count("triage") == 3


@pytest.mark.parametrize("host", HOSTS)
def test_boundary_interrupt_leaves_nothing_behind_in_a_loop(host: str) -> None:
    run = Run(hosted(host))
    for _ in range(30):
        run.deliver("new_information")
        run.deliver("withdrawn")
        run.complete("triage")
        run.complete("decide", back=True)
    assert run.sizes[-1] <= run.sizes[8] + 60
    tree = run.load()._tree
    prune(tree)
    hosts = {token.id for one in tree.trees() for token in one.live()}
    assert set(tree.subprocesses) <= hosts


def test_boundary_interrupt_deep_inside_cancels_every_open_step() -> None:
    run = Run(hosted("sub-process with call activities"))
    run.complete("work")
    run.deliver("withdrawn")
    assert run.done("cancelled") == ["work", "second", "host"]
    assert [place.element_id for place in run.load().active()] == ["decide"]


def test_boundary_signal_from_a_handler_returns_to_the_host_300_times() -> None:
    content = diagram(
        process(
            "main",
            start(),
            xor("merge"),
            HOSTS["sub-process with call activities"],
            boundary("informed", "host", message("new_information"), interrupts=False),
            user("triage"),
            xor("what", "noted"),
            throw("send_back", signal("return_to_analysis")),
            end("sent"),
            end("noted"),
            boundary("returned", "host", signal("return_to_analysis")),
            end(),
            chain("begin", "merge", "host", "finish"),
            chain("informed", "triage", "what"),
            flow("what", "send_back", 'act = "return"'),
            flow("what", "noted"),
            chain("send_back", "sent"),
            chain("returned", "merge"),
        ),
        INNER,
        messages=("new_information",),
        signals=("return_to_analysis",),
    )
    run = Run(content)
    for count in range(300):
        if count % 3 == 0:
            run.complete("work")
        run.deliver("new_information")
        run.complete("triage", act="return")
        assert run.owed == ["work"]
    assert run.sizes[-1] <= run.sizes[10] + 20
    assert max(run.sizes) < 2_000
    run.complete("work").complete("work")
    assert run.completed


def test_boundary_timer_beside_the_host_fires_once() -> None:
    run = Run(
        diagram(
            process(
                "main",
                start(),
                user("host"),
                boundary("late", "host", after("P7D"), interrupts=False),
                user("remind"),
                end("reminded"),
                end(),
                chain("begin", "host", "finish"),
                chain("late", "remind", "reminded"),
            )
        )
    )
    run.wait(timedelta(days=8))
    assert run.owed == ["host", "remind"]
    run.wait(timedelta(days=80))
    assert run.owed == ["host", "remind"]
    assert run.load().timers() == []


def test_boundary_handler_keeps_its_own_payload() -> None:
    run = Run(hosted("user task"))
    run.deliver("new_information", source="police")
    run.deliver("new_information", source="school")
    seen = [t.data["source"] for t in run.load().user_tasks() if t.element_id == "triage"]
    assert sorted(seen) == ["police", "school"]
    assert "source" not in run.task("host").data


def test_boundary_signal_reaches_a_waiting_event_in_another_branch() -> None:
    run = Run(
        diagram(
            process(
                "main",
                start(),
                sub(
                    "host",
                    start("hb"),
                    catch("wait", signal("news")),
                    user("read"),
                    end("he"),
                    chain("hb", "wait", "read", "he"),
                ),
                boundary("informed", "host", message("new_information"), interrupts=False),
                script("note", "noted = true"),
                throw("tell", signal("news")),
                end("told"),
                end(),
                chain("begin", "host", "finish"),
                chain("informed", "note", "tell", "told"),
            ),
            messages=("new_information",),
            signals=("news",),
        )
    )
    assert run.owed == []
    run.deliver("new_information")
    assert run.owed == ["read"]
