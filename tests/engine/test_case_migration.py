"""Running cases move to another drawing with everything that is under way (V4)."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from lxml import etree
from sqlalchemy import select, update

from benchmarks.migrating import copy_cases
from engine import due, worklist
from engine.access import able_accounts
from engine.application import Application
from engine.errors import ConflictError, InputError
from engine.migrating import run as runs
from engine.migrating.places import pairs
from engine.models import (
    Account,
    AuditEntry,
    Case,
    Draft,
    Incident,
    InstanceMove,
    InstanceState,
    MigrationOutcome,
    ProcessInstance,
    StepHistory,
    WorkItem,
    WorkItemState,
)
from engine.running import past
from tests.engine.moving import House, duration, rename, set_property, verdicts
from tests.proof.edit import BPMN, Sheet
from tests.proof.keeping import _note_after
from tests.webui.site import Site
from tests.webui.story import steps, tell

ANALYSIS = ("intake_to_multi_agency", "analysis_to_plan")
PLAN = (*ANALYSIS, "plan_to_implementation")
CLOSURE = (*PLAN, "implementation_to_closure", "closure_to_monitoring")
STANDING: dict[str, tuple[tuple[str, ...], str]] = {
    "decide_closure": (CLOSURE, "decide_closure"),
    "monitoring_check_due": (CLOSURE, ""),
    "give_closing_opinion": (CLOSURE, "give_closing_opinion"),
    "check_in_due": (PLAN, ""),
    "accept_actions": (PLAN, "accept_actions"),
    "plan_case_conference": (ANALYSIS, "plan_case_conference"),
    "contribute_information": (ANALYSIS, "contribute_information"),
    "declare_sharing": (ANALYSIS, "declare_sharing"),
    "decide_route": (("intake_to_multi_agency",), "decide_route"),
    "check_source": (("signal_to_route",), "check_source"),
}
"""Where a case stands, by the step or timer that is open there: how it comes there.

Those first whose story takes months: no deadline of a later one passes meanwhile.
"""


@pytest.fixture
def house(application: Application) -> House:
    return House(application)


@pytest.fixture
def site(application: Application) -> Site:
    return Site(application, None)  # type: ignore[arg-type]


def told(site: Site, *names: str) -> dict[str, Case]:
    return {name: tell(site, *STANDING[name][0], until=STANDING[name][1]) for name in names}


def account(site: Site, username: str) -> Account:
    with site.application.database.reading() as session:
        return session.scalars(select(Account).where(Account.username == username)).unique().one()


def state_of(house: House, case: Case) -> tuple[Any, ...]:
    """Return all that has to be the same again after a case was moved and brought back."""
    row = house.instance(case)
    items = sorted(
        (one.id, one.element_id, one.name, one.role, one.due_at, one.remind_at, one.form_id)
        for one in house.items(case).values()
    )
    timers = sorted((one.id, one.element_id, one.rule, one.due_at) for one in _timers(house, case))
    return (row.deployment_id, row.blob, row.active, row.awaited, row.timers, items, timers)


def _timers(house: House, case: Case) -> list[Any]:
    return list(house.timers(case).values())


def outcome(house: House, case: Case, run_id: UUID) -> MigrationOutcome:
    with house.application.database.reading() as session:
        return session.scalars(
            select(MigrationOutcome).where(
                MigrationOutcome.case_id == case.id, MigrationOutcome.run_id == run_id
            )
        ).one()


def renamed(house: House) -> dict[str, bytes]:
    files = {}
    for file in house.shipped.diagrams:
        sheet = house.sheet(file)
        for task in sheet.all("userTask"):
            task.set("name", f"Now: {task.get('name')}")
        files[file] = sheet.content
    return files


def reworded(house: House) -> dict[str, bytes]:
    return {
        path: content.replace(b'"label": "', b'"label": "New: ')
        for path, content in house.shipped.files.items()
        if path.endswith(".form")
    }


def renamed_everywhere(house: House) -> str:
    return house.stored(renamed(house))


def other_forms(house: House) -> str:
    return house.stored(reworded(house))


def other_words(house: House) -> str:
    """Rename all steps and questions, and touch all tables: nothing runs otherwise by it."""
    tables = {
        path: content.replace(b"<annotationEntry", b"<annotationEntry ", 1)
        for path, content in house.shipped.files.items()
        if path.endswith(".dmn")
    }
    return house.stored(renamed(house) | reworded(house) | tables)


def step_added(house: House) -> str:
    files = {}
    for file, step in (
        ("case_analysis.bpmn", "hold_case_conference"),
        ("closure_decision.bpmn", "reassess_risk"),
    ):
        sheet = house.sheet(file)
        _note_after(sheet, step)
        files[file] = sheet.content
    return house.stored(files)


def longer_times(house: House) -> str:
    implementation = house.sheet("implementation.bpmn")
    duration(implementation, "check_in_due_definition", "P50D")
    monitoring = house.sheet("fade_out_monitoring.bpmn")
    duration(monitoring, "monitoring_check_due_definition", "P200D")
    return house.stored(
        {
            "implementation.bpmn": implementation.content,
            "fade_out_monitoring.bpmn": monitoring.content,
        }
    )


RUNNING = ProcessInstance.status == InstanceState.RUNNING.value
ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
EDITS: tuple[Callable[[House], str], ...] = (
    other_words,
    step_added,
    longer_times,
)
"""An ordinary run tries the first two on SQLite and the last one on PostgreSQL."""


def test_case_in_every_wait_state_moves_and_comes_back_exactly(house: House, site: Site) -> None:
    cases = told(site, *STANDING)
    for name, case in cases.items():
        assert name in {*house.items(case), *house.timers(case)}, name
    before = {name: state_of(house, case) for name, case in cases.items()}
    tokens = {name: _tokens(house, case) for name, case in cases.items()}
    some = EDITS[2:] if site.application.database.engine.name == "postgresql" else EDITS[:2]
    for edit in EDITS if ALL else some:
        run = house.moved(edit(house))
        assert {verdict for verdict, _ in verdicts(run)} == {"moved"}, (edit, run.result)
        assert run.done == len(STANDING)
        for name, case in cases.items():
            assert house.instance(case).deployment_id == run.to_id
            assert _tokens(house, case) == tokens[name], (edit, name)
        back = house.reverted(run.id)
        assert {verdict for verdict, _ in verdicts(back)} == {"moved"}
        for name, case in cases.items():
            assert state_of(house, case) == before[name], (edit, name)


def _tokens(house: House, case: Case) -> set[str]:
    open_items = select(WorkItem.token).where(
        WorkItem.case_id == case.id, WorkItem.state == WorkItemState.OPEN.value
    )
    with house.application.database.reading() as session:
        found = set(session.scalars(open_items))
    return found | {one.token for one in _timers(house, case)}


def test_step_keeps_claim_draft_and_identity_and_gets_the_new_rule(
    house: House, site: Site
) -> None:
    case = told(site, "decide_route")["decide_route"]
    before = house.items(case)["decide_route"]
    clara, now = account(site, "chair.clara"), site.application.clock.now()
    with site.application.database.transaction() as session:
        item = session.get_one(WorkItem, before.id)
        item.assignee_id, item.claimed_at = clara.id, now
        session.add(
            Draft(
                work_item_id=item.id,
                account_id=clara.id,
                case_id=case.id,
                values={"route": "multi_agency"},
                saved_at=now,
            )
        )
    sheet = house.sheet("signal_intake.bpmn")
    rename(sheet, "decide_route", "Choose the way")
    set_property(sheet, "decide_route", "dueIn", "P2D")
    run = house.moved(house.edited("signal_intake.bpmn", sheet))
    after = house.items(case)["decide_route"]
    assert (after.id, after.token, after.assignee_id) == (before.id, before.token, clara.id)
    assert after.name == "Choose the way"
    assert after.due_at == before.created_at + timedelta(days=2)
    with site.application.database.reading() as session:
        draft = session.get_one(Draft, (before.id, clara.id))
        assert draft.values == {"route": "multi_agency"}
        entry = session.scalars(
            select(AuditEntry).where(
                AuditEntry.case_id == case.id, AuditEntry.event == "case:process:move"
            )
        ).one()
        assert entry.actor_id == house.owner()
        assert (entry.detail["old"], entry.detail["new"]) == (run.from_id, run.to_id)


def test_timer_counts_from_where_it_began_and_a_shorter_one_fires_at_once(
    house: House, site: Site
) -> None:
    case = told(site, "check_in_due")["check_in_due"]
    before = house.timers(case)["check_in_due"]
    clock: Any = site.application.clock
    began = clock.now()
    due.advance(site.application, clock, began + timedelta(days=10))
    sheet = house.sheet("implementation.bpmn")
    duration(sheet, "check_in_due_definition", "P40D")
    house.moved(house.edited("implementation.bpmn", sheet))
    longer = house.timers(case)["check_in_due"]
    assert longer.id == before.id
    assert abs((longer.due_at - began) - timedelta(days=40)) < timedelta(hours=2)
    assert "record_check_in" not in house.items(case)
    house.shipped = _deployment(house, case)
    sheet = house.sheet("implementation.bpmn")
    duration(sheet, "check_in_due_definition", "P5D")
    house.moved(house.edited("implementation.bpmn", sheet))
    assert house.timers(case)["check_in_due"].due_at < clock.now()
    due.run_due(site.application)
    assert "record_check_in" in house.items(case)


def _deployment(house: House, case: Case) -> Any:
    with house.application.database.reading() as session:
        found = house.instance(case).deployment_id
        return house.application.deployments.get(session, found)


def test_answers_of_partners_and_those_still_owed_go_along(house: House, site: Site) -> None:
    case = told(site, "declare_sharing")["declare_sharing"]
    open_before = _open(house, case, "declare_sharing")
    peter = account(site, "police.peter")
    mine = next(one for one in open_before if one.organisation_id == peter.organisation_id)
    answers = _answers("analysis_to_plan", "declare_sharing")
    assert isinstance(
        worklist.complete(site.application, mine.id, peter.id, answers, uuid4().hex),
        worklist.Completed,
    )
    left = {one.id for one in _open(house, case, "declare_sharing")}
    house.moved(renamed_everywhere(house))
    assert {one.id for one in _open(house, case, "declare_sharing")} == left
    for item in _open(house, case, "declare_sharing"):
        person = _able(house, item)
        worklist.complete(site.application, item.id, person, answers, uuid4().hex)
    assert _open(house, case, "declare_sharing") == []
    assert house.items(case)["contribute_information"].name.startswith("Now: ")


def _able(house: House, item: WorkItem) -> UUID:
    with house.application.database.reading() as session:
        return able_accounts(session, session.get_one(WorkItem, item.id))[0].id


def _answers(fragment: str, element: str) -> Any:
    return next(one["answers"] for one in steps(fragment) if one.get("do") == element)


def _open(house: House, case: Case, element: str) -> list[WorkItem]:
    with house.application.database.reading() as session:
        rows = session.scalars(
            select(WorkItem).where(
                WorkItem.case_id == case.id,
                WorkItem.element_id == element,
                WorkItem.state == WorkItemState.OPEN.value,
            )
        )
        return list(rows.unique())


def test_step_that_is_gone_needs_a_place_and_then_moves_there(house: House, site: Site) -> None:
    cases = told(site, "plan_case_conference", "decide_route")
    case = cases["plan_case_conference"]
    sheet = house.sheet("case_analysis.bpmn")
    sheet.take_out(sheet.named("plan_case_conference"))
    to = house.edited("case_analysis.bpmn", sheet)
    plan = house.planned(to)
    assert verdicts(plan, "plan") == [("moves", 1), ("name", 1)]
    (need,) = plan.plan["needs"].values()
    assert need["element"] == "plan_case_conference"
    assert "hold_case_conference" in {one["element"] for one in need["choices"]}
    assert house.instance(case).deployment_id == house.shipped.id, "a plan stores nothing"
    refused = house.moved(to)
    assert verdicts(refused) == [("moved", 1), ("refused", 1)]
    with house.application.database.reading() as session:
        incident = session.scalars(select(Incident).where(Incident.case_id == case.id)).one()
    assert incident.owner_role == "desk_head"
    assert need["label"] in incident.message
    before = house.items(case)["plan_case_conference"]
    run = house.moved(to, pairs(["plan_case_conference=hold_case_conference"]))
    assert verdicts(run) == [("moved", 1)]
    assert house.items(case)["hold_case_conference"].id == before.id
    with house.application.database.reading() as session:
        assert session.get_one(Incident, incident.id).state == "resolved"


def test_fifty_cases_in_six_positions_move_and_one_group_stays(house: House, site: Site) -> None:
    if site.application.database.engine.name == "postgresql" and not ALL:
        return  # batches on PostgreSQL: test_migration_together.py
    positions = (
        *("give_closing_opinion", "check_in_due", "declare_sharing"),
        *("plan_case_conference", "decide_route", "check_source"),
    )
    cases = told(site, *positions)
    copy_cases(house.application, 50)
    before = state_of(house, cases["give_closing_opinion"])
    intake, closing = house.sheet("signal_intake.bpmn"), house.sheet("closure_decision.bpmn")
    rename(intake, "decide_route", "Choose the route")
    # Behind this deadline partners count as silent: without it they would be waited for for ever.
    closing.cut_off(closing.named("opinion_deadline_passed"))
    to = house.stored(
        {"signal_intake.bpmn": intake.content, "closure_decision.bpmn": closing.content}
    )
    plan = house.planned(to)
    assert plan.total == 50
    assert len(plan.plan["groups"]) == len(positions)
    runs.begin(house.application, plan.id, house.owner(), by_worker=False)
    run = house.worked(plan.id)
    groups = {one["places"]: (one["verdict"], one["count"]) for one in run.result["groups"]}
    assert len(groups) == len(positions)
    assert sum(count for _, count in groups.values()) == 50
    (stay,) = (one for one in run.result["groups"] if one["verdict"] == "refused")
    assert "gone" in stay["sentence"]
    assert stay["count"] >= 8
    assert state_of(house, cases["give_closing_opinion"]) == before
    with house.application.database.reading() as session:
        standing = Counter(session.scalars(select(ProcessInstance.deployment_id).where(RUNNING)))
        outcomes = Counter(session.scalars(select(MigrationOutcome.state)))
        called = session.scalars(select(Incident.case_id)).all()
    assert standing[to] == outcomes["moved"] == 50 - stay["count"]
    assert len(set(called)) == outcomes["refused"] == stay["count"]
    assert house.items(cases["decide_route"])["decide_route"].name == "Choose the route"


def test_case_stays_where_the_accountable_step_is_gone(house: House, site: Site) -> None:
    case = told(site, "give_closing_opinion")["give_closing_opinion"]
    before = state_of(house, case)
    sheet = house.sheet("closure_decision.bpmn")
    sheet.take_out(sheet.named("decide_closure"))
    run = house.moved(house.edited("closure_decision.bpmn", sheet))
    told_ = outcome(house, case, run.id)
    assert told_.state == "refused"
    assert "An obligation would be lost" in told_.sentence
    assert state_of(house, case) == before


def test_history_counts_for_the_rules_over_both_drawings(house: House, site: Site) -> None:
    case = told(site, "monitoring_check_due")["monitoring_check_due"]
    run = house.moved(renamed_everywhere(house))
    row = house.instance(case)
    with house.application.database.reading() as session:
        parts = past(
            house.application.deployments, session, session.get_one(ProcessInstance, row.id)
        )
        move = session.scalars(select(InstanceMove).where(InstanceMove.run_id == run.id)).one()
    assert [part.deployment.id for part in parts] == [run.from_id, run.to_id]
    assert len(parts[0].happened) > 20
    assert parts[1].happened == ()
    assert move.step_count == row.step_count
    with house.application.database.transaction() as session:
        # As if the agreement had never been given: the new drawing owes it and cannot get it.
        mine = StepHistory.instance_id == row.id
        session.execute(
            update(StepHistory)
            .where(mine, StepHistory.element_id == "decide_closure")
            .values(element_id="nothing_at_all")
        )
    house.shipped = _deployment(house, case)
    again = house.moved(other_forms(house))
    assert "rule L1" in outcome(house, case, again.id).sentence


def test_case_that_moved_on_is_brought_back_by_its_position(house: House, site: Site) -> None:
    case = told(site, "decide_route")["decide_route"]
    run = house.moved(renamed_everywhere(house))
    item, clara = house.items(case)["decide_route"], account(site, "chair.clara")
    answers = _answers("intake_to_multi_agency", "decide_route")
    worklist.complete(site.application, item.id, clara.id, answers, uuid4().hex)
    back = house.reverted(run.id)
    assert verdicts(back) == [("moved", 1)]
    (after,) = house.items(case).values()
    assert after.element_id != "decide_route"
    assert not after.name.startswith("Now: ")
    assert house.instance(case).deployment_id == house.shipped.id
    with pytest.raises(ConflictError):
        runs.revert(house.application, run.id, house.owner())


def test_case_that_fails_while_it_is_written_stays_whole(
    house: House, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = told(site, "decide_route")["decide_route"]
    before = state_of(house, case)

    def broken(*_: Any) -> None:
        raise RuntimeError("A secret that no message may carry.")

    monkeypatch.setattr("engine.migrating.writing._rewrite_timers", broken)
    run = house.moved(renamed_everywhere(house))
    assert verdicts(run) == [("refused", 1)]
    assert "secret" not in outcome(house, case, run.id).sentence
    assert state_of(house, case) == before


def test_wrong_place_is_refused_in_words(house: House, site: Site) -> None:
    del site
    to = renamed_everywhere(house)
    for chosen, words in (
        ({"nothing": "decide_route"}, "has no element"),
        ({"decide_route": "nothing"}, "cannot take the place"),
        ({"decide_route": "is_multi_agency"}, "cannot take the place"),
    ):
        with pytest.raises(InputError, match=words):
            runs.ask(house.application, house.owner(), house.shipped.id, to, chosen)
    with pytest.raises(InputError, match="already"):
        runs.ask(house.application, house.owner(), to, to, {})
    with pytest.raises(InputError, match="--map old=new"):
        pairs(["decide_route"])


def test_case_stays_where_a_timer_would_have_no_value(house: House, site: Site) -> None:
    """A new drawing may set it in a step that the case has passed already."""
    cases = told(site, "check_in_due", "decide_route")
    sheet = house.sheet("implementation.bpmn")
    sheet.named("check_in_due_definition")[0].text = "day_that_is_set_before"
    run = house.moved(house.edited("implementation.bpmn", sheet))
    assert "has no value" in outcome(house, cases["check_in_due"], run.id).sentence
    ahead = outcome(house, cases["decide_route"], run.id)
    assert (ahead.state, "without day_that_is_set_before" in ahead.sentence) == ("refused", True)


def test_border_event_that_is_new_listens_at_once(house: House, site: Site) -> None:
    case = told(site, "decide_route")["decide_route"]
    assert house.timers(case) == {}
    sheet = house.sheet("signal_intake.bpmn")
    _border_timer(sheet, "decide_route", "P3D")
    run = house.moved(house.edited("signal_intake.bpmn", sheet))
    assert verdicts(run) == [("moved", 1)], run.result
    timer = house.timers(case)["late"]
    assert timer.due_at == site.application.clock.now() + timedelta(days=3)
    back = house.reverted(run.id)
    assert verdicts(back) == [("moved", 1)]
    assert house.timers(case) == {}


def _border_timer(sheet: Sheet, host: str, time: str) -> None:
    """Put a deadline on a step that only ends beside it."""
    event = etree.Element(BPMN + "boundaryEvent", id="late", name="late", attachedToRef=host)
    event.set("cancelActivity", "false")
    etree.SubElement(event, BPMN + "outgoing").text = "late_on"
    definition = etree.SubElement(event, BPMN + "timerEventDefinition", id="late_rule")
    etree.SubElement(definition, BPMN + "timeDuration").text = time
    over = etree.Element(BPMN + "endEvent", id="late_over", name="late")
    etree.SubElement(over, BPMN + "incoming").text = "late_on"
    onward = etree.Element(BPMN + "sequenceFlow", id="late_on", sourceRef="late")
    onward.set("targetRef", "late_over")
    for one in (onward, over, event):
        sheet.named(host).addnext(one)
