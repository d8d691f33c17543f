"""A draft is played by hand through the real engine, in a world of its own, from a journal."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from engine.application import Application
from engine.clock import TestClock
from engine.errors import ConflictError, InputError, NotFoundError
from engine.models import (
    Account,
    Case,
    Job,
    ProcessInstance,
    WorkshopAct,
    WorkshopPlay,
)
from engine.scenario import read_scenario
from engine.settings import ROOT
from engine.workshop import draft as drafts
from engine.workshop import play, room
from engine.workshop.sandbox import Sandbox
from tasks.worker import look

INTAKE = "signal_intake.bpmn"
SHIPPED = ROOT / "processes" / "scenarios"


def person(application: Application, username: str) -> UUID:
    with application.database.reading() as session:
        return session.scalars(select(Account.id).where(Account.username == username)).one()


@pytest.fixture
def me(application: Application) -> UUID:
    return person(application, "owner.olga")


@pytest.fixture
def draft_id(application: Application, me: UUID) -> UUID:
    return drafts.open_draft(application, me, "base", "Trying")


def do(application: Application, draft_id: UUID, me: UUID, *steps: dict[str, object]) -> None:
    for step in steps:
        with play.playing(application, draft_id, me) as played:
            number = played.number
        assert play.act(application, draft_id, me, step, number) == []


def edit(application: Application, draft_id: UUID, me: UUID, path: str, old: str, new: str) -> None:
    with application.database.reading() as session:
        text = drafts.files(session, drafts.load(session, draft_id))[path]
    assert old.encode() in text
    content = text.replace(old.encode(), new.encode())
    drafts.save(application, draft_id, me, path, content, drafts.hash_of(text))


def told(name: str) -> list[dict[str, object]]:
    """Return the acts of a shipped scenario: what people do and not what is expected."""
    steps = read_scenario(SHIPPED / f"{name}.toml").steps
    return [step for step in steps if not {"expect", "refused"} & set(step)]


START: dict[str, object] = {"start": "signal_received"}


def owed(application: Application, draft_id: UUID, me: UUID) -> list[str]:
    with play.playing(application, draft_id, me) as played:
        return [one.element for one in played.sandbox.standing().owed]


def test_play_goes_the_way_of_the_draft_and_touches_no_case(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    with application.database.reading() as session:
        before = [session.scalar(select(func.count()).select_from(m)) for m in (Case, Job)]
    do(application, draft_id, me, *told("intake_multi_agency"))
    with play.playing(application, draft_id, me) as played:
        found = played.sandbox.standing()
        assert found.state == "open"
        assert found.stage == "analysis"
        assert found.owed
        assert played.sandbox.marks("signal_intake")["decide_route"]["mark"] == "gone"
        assert found.diagrams[-1] == "case_analysis"
    with application.database.reading() as session:
        after = [session.scalar(select(func.count()).select_from(m)) for m in (Case, Job)]
        assert session.scalar(select(func.count()).select_from(ProcessInstance)) == 0
    assert before == after


def test_world_that_is_gone_is_played_again_from_the_journal(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    do(application, draft_id, me, *told("intake_multi_agency"))
    before = owed(application, draft_id, me)
    play.forget(draft_id, me)
    begun = time.perf_counter()
    assert owed(application, draft_id, me) == before
    assert time.perf_counter() - begun < 20


def test_one_act_is_taken_back_and_all_are(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    do(application, draft_id, me, START)
    first = owed(application, draft_id, me)
    do(application, draft_id, me, *told("intake_multi_agency")[1:2])
    assert owed(application, draft_id, me) != first
    play.back(application, draft_id, me, 1)
    assert owed(application, draft_id, me) == first
    play.back(application, draft_id, me, 0)
    with play.playing(application, draft_id, me) as played:
        assert played.acts == ()
        with pytest.raises(NotFoundError):
            played.sandbox.standing()


def test_act_that_the_form_refuses_is_not_kept(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    do(application, draft_id, me, START)
    problems = play.act(application, draft_id, me, {"do": "check_source", "answers": {}}, 1)
    assert problems
    with play.playing(application, draft_id, me) as played:
        assert played.number == 1
        assert not played.stopped


def test_play_says_where_a_changed_draft_no_longer_goes_on(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    do(application, draft_id, me, *told("intake_multi_agency")[:2])
    edit(application, draft_id, me, INTAKE, '"check_source"', '"look_at_source"')
    edit(application, draft_id, me, INTAKE, ">check_source<", ">look_at_source<")
    edit(application, draft_id, me, INTAKE, "check_source,", "look_at_source,")
    edit(application, draft_id, me, INTAKE, 'value="look_at_source"', 'value="check_source"')
    with play.playing(application, draft_id, me) as played:
        assert played.stopped.startswith("Act 2 no longer goes: nobody owes this now")
        assert [one.element for one in played.sandbox.standing().owed] == ["look_at_source"]


def test_draft_with_an_error_is_not_handed_to_the_engine(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    edit(application, draft_id, me, INTAKE, 'value="check_source"', 'value="no_such_form"')
    with (
        pytest.raises(InputError, match=r"cannot be played yet: .*no_such_form"),
        play.playing(application, draft_id, me),
    ):
        pass


def test_two_windows_do_not_mix_their_acts(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    do(application, draft_id, me, START)
    with pytest.raises(ConflictError):
        play.act(application, draft_id, me, {"after": "P1D"}, 0)
    with play.playing(application, draft_id, me) as played:
        assert played.number == 1


def test_plays_of_two_people_are_their_own(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    do(application, draft_id, me, START)
    other = person(application, "intake.anna")
    with play.playing(application, draft_id, other) as played:
        assert played.acts == ()


@pytest.mark.parametrize("element", ["check_source"])
def test_next_date_is_reached_exactly(
    application: Application, draft_id: UUID, me: UUID, element: str
) -> None:
    do(application, draft_id, me, START)
    for _ in range(2):
        with play.playing(application, draft_id, me) as played:
            target = played.sandbox.standing().next_at
            assert target is not None
            step = {"after": played.sandbox.until(target)}
        do(application, draft_id, me, step)
        with play.playing(application, draft_id, me) as played:
            assert abs((played.sandbox.now - target).total_seconds()) < 1
    assert element in owed(application, draft_id, me)


def test_duration_across_summer_time_is_exact(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    do(application, draft_id, me, START)
    target = datetime(2026, 4, 2, 7, 0, tzinfo=UTC)
    with play.playing(application, draft_id, me) as played:
        assert played.sandbox.until(target) == "P77D"


def test_acts_are_limited(
    application: Application, draft_id: UUID, me: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "MOST_ACTS", 1)
    do(application, draft_id, me, START)
    with pytest.raises(InputError, match="at most 1 acts"):
        play.act(application, draft_id, me, {"after": "P1D"}, 1)


def test_plays_that_nobody_goes_on_with_are_erased_by_the_worker(
    application: Application, draft_id: UUID, me: UUID, clock: TestClock
) -> None:
    do(application, draft_id, me, START)
    other = drafts.open_draft(application, me, "base", "Another")
    clock.advance(play.KEPT - timedelta(days=1))
    do(application, other, me, START)
    play.sweep(application)
    assert _played(application) == {draft_id, other}
    drafts.discard(application, other, me)
    with pytest.raises(ConflictError), play.playing(application, other, me):
        pass
    look(application)
    assert _played(application) == {draft_id}
    clock.advance(timedelta(days=2))
    play.sweep(application)
    assert _played(application) == set()
    with application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(WorkshopAct)) == 0
    # Whoever has the page open still is told, and begins anew instead of in the middle.
    with pytest.raises(ConflictError):
        play.act(application, draft_id, me, {"after": "P1D"}, 1)


def _played(application: Application) -> set[UUID]:
    with application.database.reading() as session:
        return set(session.scalars(select(WorkshopPlay.draft_id)))


def test_few_worlds_are_kept(application: Application, me: UUID) -> None:
    for number in range(play.LIVE + 2):
        one = drafts.open_draft(application, me, "base", f"Draft {number}")
        do(application, one, me, START)
    assert len(play._LIVE) == play.LIVE


# -- what takes too much ---------------------------------------------------------------------------

LAST = 'intake_outcome = "multi_agency"'
"""What the script does at the end of the intake, which the last act of the scenario comes to."""


ROUND = "\n".join([LAST, *["c = count(for n in 1..999 return n+n+n+n+n)"] * 80])
"""Half a second of processor time."""


def endless(drawing: str) -> str:
    """Return the intake with a circle at its end that goes round for minutes, each step allowed."""
    where = 'sourceRef="pass_to_table" targetRef="multi_agency" />'
    gateway = """sourceRef="pass_to_table" targetRef="once_more" />
    <bpmn:exclusiveGateway id="once_more" name="Once more?" default="out">
      <bpmn:incoming>flow_pass_to_table_multi_agency</bpmn:incoming>
      <bpmn:outgoing>out</bpmn:outgoing><bpmn:outgoing>again</bpmn:outgoing>
    </bpmn:exclusiveGateway>
    <bpmn:sequenceFlow id="out" name="no" sourceRef="once_more" targetRef="multi_agency" />
    <bpmn:sequenceFlow id="again" name="yes" sourceRef="once_more" targetRef="begin_round">
      <bpmn:conditionExpression>c &gt; 0</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:exclusiveGateway id="begin_round">
      <bpmn:incoming>flow_check_consent_pass_to_table</bpmn:incoming>
      <bpmn:incoming>again</bpmn:incoming><bpmn:outgoing>into</bpmn:outgoing>
    </bpmn:exclusiveGateway>
    <bpmn:sequenceFlow id="into" sourceRef="begin_round" targetRef="pass_to_table" />"""
    edge = '<bpmndi:BPMNEdge id="flow_pass_to_table_multi_agency_di"'
    drawn = f"""<bpmndi:BPMNShape id="once_more_di" bpmnElement="once_more" isMarkerVisible="true">
        <dc:Bounds x="2090" y="750" width="50" height="50" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="out_di" bpmnElement="out">
        <di:waypoint x="2140" y="775" /><di:waypoint x="2150" y="837" />
      </bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="again_di" bpmnElement="again">
        <di:waypoint x="2090" y="775" /><di:waypoint x="1960" y="775" />
      </bpmndi:BPMNEdge>
      <bpmndi:BPMNShape id="begin_round_di" bpmnElement="begin_round" isMarkerVisible="true">
        <dc:Bounds x="1910" y="750" width="50" height="50" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="into_di" bpmnElement="into">
        <di:waypoint x="1960" y="790" /><di:waypoint x="1980" y="830" />
      </bpmndi:BPMNEdge>
      {edge}"""
    into = "<bpmn:incoming>flow_check_consent_pass_to_table</bpmn:incoming>"
    to = 'sourceRef="check_consent" targetRef="pass_to_table"'
    member = "<bpmn:flowNodeRef>pass_to_table</bpmn:flowNodeRef>"
    others = "".join(member.replace("pass_to_table", one) for one in ("once_more", "begin_round"))
    for old, new in (
        (f"<bpmn:script>{LAST}<", f"<bpmn:script>{ROUND}<"),
        (where, gateway),
        (edge, drawn),
        ("<bpmn:incoming>flow_pass_to_table_multi_agency<", "<bpmn:incoming>out<"),
        (to, to.replace("pass_to_table", "begin_round")),
        (into, "<bpmn:incoming>into</bpmn:incoming>"),
        (member, member + others),
    ):
        assert old in drawing
        # What was put in first names the old flow again.
        drawing = drawing[::-1].replace(old[::-1], new[::-1], 1)[::-1]
    return drawing


def redraw(
    application: Application, draft_id: UUID, me: UUID, change: Callable[[str], str]
) -> None:
    """Save the intake of a draft as it was changed."""
    with application.database.reading() as session:
        content = drafts.files(session, drafts.load(session, draft_id))[INTAKE]
    changed = change(content.decode()).encode()
    assert changed != content
    drafts.save(application, draft_id, me, INTAKE, changed, drafts.hash_of(content))


def test_step_that_takes_too_much_is_ended_and_the_play_is_as_before(
    application: Application, draft_id: UUID, me: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PROCESSOR_SECONDS", 3)
    redraw(application, draft_id, me, endless)
    *first, last = told("intake_multi_agency")
    do(application, draft_id, me, *first)
    with play.playing(application, draft_id, me) as played:
        before, process = played.sandbox.standing(), played.sandbox.pid
    with pytest.raises(room.PlayEndedError, match="as it was before"):
        play.act(application, draft_id, me, last, len(first))
    assert process is not None
    assert not Path(f"/proc/{process}").exists()
    with play.playing(application, draft_id, me) as played:
        assert played.number == len(first)
        assert not played.stopped
        assert played.sandbox.standing() == before


def test_act_that_takes_too_much_in_a_changed_draft_stops_the_play_and_is_tried_once(
    application: Application, draft_id: UUID, me: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PROCESSOR_SECONDS", 3)
    acts = told("intake_multi_agency")
    do(application, draft_id, me, *acts)
    redraw(application, draft_id, me, endless)
    with play.playing(application, draft_id, me) as played:
        assert played.stopped.startswith(f"Act {len(acts)} no longer goes: This took more")
        assert played.sandbox.done == acts[:-1]
        process = played.sandbox.pid
    with play.playing(application, draft_id, me) as played:
        assert played.stopped
        assert played.sandbox.pid == process


def eat(sandbox: Sandbox) -> int:
    """Fill the memory of the process of a play."""
    del sandbox
    return len([bytes(10_000_000) for _ in range(100)])


def test_what_fills_the_memory_is_ended_and_the_play_is_as_before(
    application: Application, draft_id: UUID, me: UUID
) -> None:
    do(application, draft_id, me, START)
    before = owed(application, draft_id, me)
    with (
        play.playing(application, draft_id, me) as played,
        pytest.raises(room.PlayEndedError, match="as it was before"),
    ):
        played.sandbox.ask(eat)
    assert owed(application, draft_id, me) == before


def test_play_knows_no_secret_of_the_installation(
    application: Application, draft_id: UUID, me: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASETABLE_SECRET_KEY", "nobody may know")
    with play.playing(application, draft_id, me) as played:
        assert played.sandbox.ask(names_of_settings) == []


def names_of_settings(sandbox: Sandbox) -> list[str]:
    """Return which settings the process of a play knows."""
    del sandbox
    return [name for name in os.environ if name.startswith("CASETABLE_")]


def test_second_window_is_told_that_the_play_is_busy(
    application: Application, draft_id: UUID, me: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "BUSY_SECONDS", 0.01)

    def other() -> None:
        with play.playing(application, draft_id, me):
            pass

    with (
        play.playing(application, draft_id, me),
        ThreadPoolExecutor(1) as aside,
        pytest.raises(ConflictError, match="busy"),
    ):
        aside.submit(other).result()
