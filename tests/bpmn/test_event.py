"""Timers by the calendar, starts by message, errors and escalations in their own scope."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.bpmn import Instance, Program
from engine.errors import DiagramError, ExpressionError, InputError
from tests.bpmn.builder import (
    START,
    TERMINATE,
    Recorder,
    Run,
    after,
    at,
    both,
    boundary,
    call,
    catch,
    chain,
    diagram,
    end,
    error,
    escalation,
    events,
    flow,
    message,
    node,
    process,
    script,
    start,
    sub,
    throw,
    user,
    xor,
)


def waiting(definition: str) -> bytes:
    return diagram(
        process(
            "main",
            start(),
            catch("wait", definition),
            user("act"),
            end(),
            chain("begin", "wait", "act", "finish"),
        )
    )


@pytest.mark.parametrize(
    ("definition", "due"),
    [
        (after("P1M"), datetime(2026, 2, 28, 9, 0, tzinfo=UTC)),
        (after("PT36H"), datetime(2026, 2, 1, 21, 0, tzinfo=UTC)),
        (after("interval"), datetime(2026, 4, 30, 8, 0, tzinfo=UTC)),
        (after("profile.monitoring"), datetime(2026, 3, 31, 8, 0, tzinfo=UTC)),
        (at("2026-07-01"), datetime(2026, 6, 30, 22, 0, tzinfo=UTC)),
        (at("2026-07-01T12:00:00"), datetime(2026, 7, 1, 10, 0, tzinfo=UTC)),
        (at("2026-07-01T12:00:00Z"), datetime(2026, 7, 1, 12, 0, tzinfo=UTC)),
        (at("day"), datetime(2026, 5, 4, 22, 0, tzinfo=UTC)),
        (at('date(day) + duration("P1D")'), datetime(2026, 5, 5, 22, 0, tzinfo=UTC)),
    ],
)
def test_timer_is_due_by_the_calendar_of_its_zone(definition: str, due: datetime) -> None:
    names = {"profile": {"monitoring": "P2M"}}
    run = Run(waiting(definition), names=names, interval="P3M", day="2026-05-05")
    (timer,) = run.load().timers()
    assert (timer.element_id, timer.process_id, timer.due_at) == ("wait", "main", due)
    run.wait(due - START - timedelta(seconds=1))
    assert run.owed == []
    run.wait(timedelta(seconds=1))
    assert run.owed == ["act"]
    assert run.load().timers() == []


def test_timer_without_value_names_its_element() -> None:
    with pytest.raises(ExpressionError, match="main:wait"):
        Run(waiting(after("nothing_here")))
    with pytest.raises(ExpressionError, match="main:wait"):
        Run(waiting(after("count")), count=5)


def test_timer_in_the_past_fires_in_the_same_turn() -> None:
    assert Run(waiting(at("2020-01-01"))).owed == ["act"]


def test_timer_moves_when_its_date_is_amended() -> None:
    run = Run(waiting(at("day")), day="2026-05-05")
    run.amend(day="2026-03-05")
    assert run.load().timers()[0].due_at == datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    run.amend(day="2026-01-05")
    assert run.owed == ["act"]


def test_timer_counted_from_today_does_not_move_with_the_days() -> None:
    run = Run(waiting(at('today() + duration("P30D")')))
    (armed,) = run.load().timers()
    for _ in range(5):
        run.wait(timedelta(days=5))
        assert run.load().timers() == [armed]
    assert run.wait(timedelta(days=5)).owed == ["act"]


def test_timer_on_a_host_follows_what_changes_inside_the_host() -> None:
    run = Run(
        diagram(
            process(
                "main",
                start(),
                sub(
                    "host",
                    start("hb"),
                    user("plan"),
                    user("work"),
                    end("he"),
                    chain("hb", "plan", "work", "he"),
                ),
                boundary("late", "host", after("term")),
                user("escalate"),
                end("late_end"),
                end(),
                chain("begin", "host", "finish"),
                chain("late", "escalate", "late_end"),
            )
        ),
        term="P1Y",
    )
    token = run.load().timers()[0].token
    run.wait(timedelta(days=10))
    run.complete("plan", term="P30D")
    (timer,) = run.load().timers()
    assert timer.token == token
    # Counted from the day on which the host began, not from the change.
    assert timer.due_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    run.wait(timedelta(days=20))
    assert run.owed == ["escalate"]


def test_overdue_timers_fire_in_the_order_of_their_due_dates() -> None:
    run = Run(
        diagram(
            process(
                "main",
                start(),
                user("host"),
                boundary("deadline", "host", after("P14D")),
                boundary("reminder", "host", after("P7D"), interrupts=False),
                boundary("much_later", "host", after("P20D"), interrupts=False),
                end("reminded"),
                end("noticed"),
                user("decide"),
                end("decided"),
                end(),
                chain("begin", "host", "finish"),
                chain("reminder", "reminded"),
                chain("much_later", "noticed"),
                chain("deadline", "decide", "decided"),
            )
        )
    )
    run.wait(timedelta(days=60))
    assert run.owed == ["decide"]
    assert run.done() == ["begin", "reminder", "reminded", "deadline"]


def race() -> bytes:
    return diagram(
        process(
            "main",
            start(),
            xor("merge"),
            events("race"),
            catch("due", after("P1M")),
            catch("come", message("event")),
            user("check_in"),
            user("review"),
            xor("joined"),
            xor("again", "finish"),
            end(),
            chain("begin", "merge", "race"),
            flow("race", "due"),
            flow("race", "come"),
            chain("due", "check_in", "joined", "again"),
            chain("come", "review", "joined"),
            flow("again", "merge", "go_on"),
            flow("again", "finish"),
        ),
        messages=("event",),
    )


def test_event_gateway_takes_what_comes_first_many_times() -> None:
    run = Run(race())
    for count in range(12):
        assert [timer.element_id for timer in run.load().timers()] == ["due"]
        assert run.load().awaited_messages() == {"event"}
        if count % 2:
            run.deliver("event")
            assert not run.deliver("event")
            assert run.owed == ["review"]
            run.complete("review", go_on=True)
        else:
            run.wait(timedelta(days=31))
            assert run.owed == ["check_in"]
            run.complete("check_in", go_on=True)
    assert run.done().count("due") == 6
    assert max(run.sizes) <= max(run.sizes[:4]) + 8


def starts() -> bytes:
    return diagram(
        process(
            "main",
            start(),
            start("by_signal", message("signal_received")),
            start("by_return", message("returnee_announced")),
            user("plain"),
            user("assess"),
            user("prepare"),
            end(),
            end("assessed"),
            end("prepared"),
            chain("begin", "plain", "finish"),
            chain("by_signal", "assess", "assessed"),
            chain("by_return", "prepare", "prepared"),
        ),
        messages=("signal_received", "returnee_announced"),
    )


@pytest.mark.parametrize(
    ("name", "owed"),
    [(None, "plain"), ("signal_received", "assess"), ("returnee_announced", "prepare")],
)
def test_start_by_one_message_excludes_the_others(name: str | None, owed: str) -> None:
    run = Run(starts(), message=name, case_id="c1")
    assert run.owed == [owed]
    assert run.task(owed).data == {"case_id": "c1"}
    assert run.load().awaited_messages() == frozenset()
    run.complete(owed)
    assert run.completed


def test_start_by_an_unknown_message_names_the_known_ones() -> None:
    program = Program.compile({"main.bpmn": starts()}, "main", key="k")
    run = Run(starts())
    with pytest.raises(InputError, match="returnee_announced, signal_received"):
        Instance.start(program, Recorder(), run.scope, message="other", data={})


def failing(code: str | None = "refused") -> bytes:
    """Two equal sub-processes side by side; only the one that fails may be interrupted."""

    def part(name: str) -> str:
        return (
            sub(
                name,
                start(f"{name}_begin"),
                user(f"{name}_work"),
                xor(f"{name}_ok", f"{name}_good"),
                end(f"{name}_good"),
                end(f"{name}_bad", error("refused")),
                chain(f"{name}_begin", f"{name}_work", f"{name}_ok"),
                flow(f"{name}_ok", f"{name}_good"),
                flow(f"{name}_ok", f"{name}_bad", "bad"),
            )
            + boundary(f"{name}_caught", name, error(code))
            + user(f"{name}_mend")
            + xor(f"{name}_merge")
            + chain(name, f"{name}_merge")
            + chain(f"{name}_caught", f"{name}_mend", f"{name}_merge")
        )

    return diagram(
        process(
            "main",
            start(),
            both("split"),
            part("left"),
            part("right"),
            both("join"),
            end(),
            chain("begin", "split"),
            flow("split", "left"),
            flow("split", "right"),
            chain("left_merge", "join"),
            chain("right_merge", "join", "finish"),
        ),
        errors=("refused",),
    )


@pytest.mark.parametrize("code", ["refused", None])
def test_error_is_caught_in_its_own_scope_only(code: str | None) -> None:
    run = Run(failing(code))
    run.complete("left_work", bad=True)
    assert run.owed == ["left_mend", "right_work"]
    run.complete("right_work", bad=False)
    run.complete("left_mend")
    assert run.completed


def test_error_that_nobody_catches_names_its_place() -> None:
    content = diagram(
        process(
            "main",
            start(),
            sub("part", start("pb"), end("bad", error("refused")), chain("pb", "bad")),
            end(),
            chain("begin", "part", "finish"),
        ),
        errors=("refused",),
    )
    with pytest.raises(DiagramError, match="part:bad"):
        Run(content)


def test_escalation_tells_the_caller_and_lets_the_step_go_on() -> None:
    run = Run(
        diagram(
            process(
                "main",
                start(),
                call("part", "phase"),
                boundary("told", "part", escalation("late"), interrupts=False),
                user("supervise"),
                end("supervised"),
                end(),
                chain("begin", "part", "finish"),
                chain("told", "supervise", "supervised"),
            ),
            process(
                "phase",
                start("pb"),
                user("work"),
                throw("tell", escalation("late")),
                user("go_on"),
                end("pe"),
                chain("pb", "work", "tell", "go_on", "pe"),
            ),
            escalations=("late",),
        )
    )
    run.complete("work")
    assert run.owed == ["go_on", "supervise"]


def test_terminate_ends_its_own_process_only() -> None:
    run = Run(
        diagram(
            process(
                "main",
                start(),
                both("split"),
                call("part", "phase"),
                user("other"),
                both("join"),
                end(),
                chain("begin", "split"),
                flow("split", "part"),
                flow("split", "other"),
                chain("part", "join"),
                chain("other", "join", "finish"),
            ),
            process(
                "phase",
                start("pb"),
                both("ps"),
                user("vote"),
                sub("deep", start("db"), user("slow"), end("de"), chain("db", "slow", "de")),
                end("stop", TERMINATE),
                end("pe"),
                chain("pb", "ps"),
                flow("ps", "vote"),
                flow("ps", "deep"),
                chain("vote", "stop"),
                chain("deep", "pe"),
            ),
        )
    )
    run.complete("vote", agreed=True)
    assert run.owed == ["other"]
    assert run.done("cancelled") == ["slow", "deep"]
    run.complete("other")
    assert run.completed
    assert run.variables == {"agreed": True}


def test_message_thrown_is_caught_inside_or_handed_out() -> None:
    content = diagram(
        process(
            "main",
            start(),
            script("note", "step = 1"),
            throw("send", message("news")),
            user("act"),
            end(),
            chain("begin", "note", "send", "act", "finish"),
        ),
        messages=("news",),
    )
    program = Program.compile({"main.bpmn": content}, "main", key="k")
    instance = Instance.start(program, Recorder(), Run(content).scope, data={})
    instance.advance()
    assert [(sent.name, sent.data) for sent in instance.sent()] == [("news", {"step": 1})]


def test_signal_start_event_is_refused() -> None:
    content = diagram(
        process(
            "main",
            node("startEvent", "begin", '<bpmn:signalEventDefinition signalRef="signal_news"/>'),
            end(),
            chain("begin", "finish"),
        ),
        signals=("news",),
    )
    with pytest.raises(DiagramError, match=r"main\.bpmn:begin: startEvent with signal"):
        Run(content)


def test_event_gateway_waits_for_a_signal_and_a_timer_at_once() -> None:
    ways = [catch("heard", node("signalEventDefinition", "d", signalRef="signal_s"))]
    ways += [catch("late", after("P2D"))]
    content = diagram(
        process(
            "main",
            *(start(), events("race"), *ways, end("end_heard"), end("end_late")),
            *(flow("race", "heard"), flow("race", "late"), chain("begin", "race")),
            *(chain("heard", "end_heard"), chain("late", "end_late")),
        ),
        signals=("s",),
    )
    run = Run(content)
    (timer,) = run.load().timers()
    assert (timer.element_id, timer.due_at) == ("late", START + timedelta(days=2))
    assert run.wait(timedelta(days=2)).completed
    assert run.load().end_events == ("end_late",)
