"""The task page: form, draft, rows, errors, second submit, signature."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.clock import TestClock
from engine.models import Decision, FormSubmission, Job
from tests.webui.site import Site, Visitor
from tests.webui.story import tell

CHECKED = {
    "source_kind": "professional",
    "first_hand": "yes",
    "source_reliability": "reliable",
    "conflict_behind": "no",
    "source_summary": "Saw it herself.",
}
SCRIPT = {"Accept": "application/json"}


def send(visitor: Visitor, item: Any, **answers: str) -> Any:
    visitor.get(f"/work/{item.id}")
    key = visitor.hidden("_key")
    return visitor.post(f"/work/{item.id}", {"action": "submit", "_key": key, **answers})


def submissions(site: Site) -> int:
    with site.application.database.reading() as session:
        return len(session.scalars(select(FormSubmission)).unique().all())


def test_task_page_says_what_why_and_until_when(site: Site) -> None:
    item = site.item(site.report(name="Mrs B"), "check_source")
    anna = site.visit("intake.anna")
    anna.get(f"/work/{item.id}")
    for words in ("Check the source", "Intake desk", "due in", "A teacher is worried"):
        assert words in anna.text()
    assert "Who reported" in anna.text()
    assert "Mrs B" not in anna.text()
    assert anna.page is not None
    assert anna.page.xpath("//button[contains(., 'Record the source check')]")


def test_answer_is_recorded_and_the_case_goes_on(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    assert send(anna, item, **CHECKED).headers["Location"] == "/"
    anna.get("/")
    assert "is recorded" in anna.text()
    assert "Assess" in anna.text()
    anna.get(f"/work/{item.id}")
    assert "What was answered" in anna.text()
    assert "Saw it herself." in anna.text()


def test_all_errors_are_shown_at_once_with_links_to_the_fields(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    response = send(anna, item, source_motives="A quarrel, perhaps.")
    assert response.status_code == 422
    assert anna.page is not None
    links = anna.page.xpath("//div[contains(@class,'error-summary')]//a/@href")
    assert len(links) == 4
    assert all(anna.page.xpath(f"//*[@id='{link[1:]}']") for link in links)
    assert "A quarrel, perhaps." in anna.text()
    assert submissions(site) == 0


def test_same_key_again_gives_the_first_result(site: Site) -> None:
    """R16."""
    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    anna.get(f"/work/{item.id}")
    form = {"action": "submit", "_key": anna.hidden("_key"), **CHECKED}
    assert anna.post(f"/work/{item.id}", form).status_code == 302
    assert anna.post(f"/work/{item.id}", form).status_code == 302
    assert submissions(site) == 1


def test_second_submit_says_who_when_and_what_was_answered(site: Site) -> None:
    """R5: who comes too late gets 409 with the winner's answer."""
    item = site.item(site.report(), "check_source")
    anna, bram = site.visit("intake.anna"), site.visit("intake.bram")
    bram.get(f"/work/{item.id}")
    key = bram.hidden("_key")
    send(anna, item, **CHECKED)
    response = bram.post(f"/work/{item.id}", {"action": "submit", "_key": key, **CHECKED})
    assert response.status_code == 409
    for words in ("Somebody else was first", "Anna Visser", "15 January 2026", "Saw it herself."):
        assert words in bram.text()
    assert submissions(site) == 1


def test_draft_is_kept_for_its_author_alone(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna, bram = site.visit("intake.anna"), site.visit("intake.bram")
    draft = {"action": "save-draft", "source_summary": "Half a thought"}
    answer = anna.post(f"/work/{item.id}/draft", draft, headers=SCRIPT).get_json()
    assert answer["saved_at"].startswith("2026-01-15T")
    assert 'name="source_summary"' in answer["fragment"]
    anna.get(f"/work/{item.id}")
    assert "Half a thought" in anna.text()
    bram.get(f"/work/{item.id}")
    assert "Half a thought" not in bram.text()
    assert "Anna Visser has begun to answer" in bram.text()


def test_draft_shows_the_fields_that_are_asked_now(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    for answer, asked in (("yes", True), ("no", False)):
        draft = {"action": "save-draft", "conflict_behind": answer}
        fragment = anna.post(f"/work/{item.id}/draft", draft, headers=SCRIPT).get_json()["fragment"]
        assert ("conflict_explained" in fragment) is asked


def test_draft_after_the_step_is_done_is_refused_in_words(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    send(anna, item, **CHECKED)
    answer = anna.post(f"/work/{item.id}/draft", {"action": "save-draft"}, headers=SCRIPT)
    assert answer.status_code in {404, 409}
    assert answer.get_json()["message"]


def test_draft_never_holds_the_password(site: Site) -> None:
    from engine.models import Draft

    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    draft = {"action": "save-draft", "_password": "demonstration only", "source_summary": "x"}
    anna.post(f"/work/{item.id}/draft", draft, headers=SCRIPT)
    with site.application.database.reading() as session:
        assert "_password" not in session.scalars(select(Draft)).one().values


def test_rows_are_added_and_removed_without_scripts(site: Site) -> None:
    case = tell(
        site,
        "intake_to_multi_agency",
        "analysis_to_plan",
        "plan_to_implementation",
        until="draft_action_plan",
    )
    item = site.item(case, "draft_action_plan")
    emma = site.visit("content.emma")
    emma.get(f"/work/{item.id}")
    before = int(emma.hidden("goals-rows"))
    form = {"goals-rows": str(before), "goals-0-title": "First goal", "action": "add-row:goals"}
    response = emma.post(f"/work/{item.id}", form)
    assert response.headers["Location"].endswith("#f-goals")
    emma.get(f"/work/{item.id}")
    assert int(emma.hidden("goals-rows")) == before + 1
    assert emma.page is not None
    assert emma.page.xpath("//input[@name='goals-0-title']/@value") == ["First goal"]
    form = {"goals-rows": str(before + 1), "action": f"remove-row:goals:{before}"}
    emma.post(f"/work/{item.id}", form)
    emma.get(f"/work/{item.id}")
    assert int(emma.hidden("goals-rows")) == before


def test_claim_and_release_are_on_page_and_worklist(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna, bram = site.visit("intake.anna"), site.visit("intake.bram")
    anna.post(f"/work/{item.id}/claim", {"back": f"/work/{item.id}"})
    bram.get("/")
    assert "Anna Visser" in bram.text()
    assert bram.post(f"/work/{item.id}/claim").status_code == 409
    anna.post(f"/work/{item.id}/release")
    assert bram.post(f"/work/{item.id}/claim").status_code == 302


def test_step_is_handed_to_a_colleague_who_can_do_it_and_is_told(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna, bram = site.visit("intake.anna"), site.visit("intake.bram")
    anna.get(f"/work/{item.id}")
    assert anna.page is not None
    offered = anna.page.xpath("//select[@name='to']/option[contains(., 'Bram')]/@value")
    assert not anna.page.xpath("//select[@name='to']/option[contains(., 'Peter')]")
    assert anna.post(f"/work/{item.id}/reassign", {"to": ""}).status_code == 400
    assert anna.post(f"/work/{item.id}/reassign", {"to": offered[0]}).status_code == 302
    bram.get(f"/work/{item.id}")
    assert bram.page is not None
    assert bram.page.xpath("//button[.='Give back']")
    with site.application.database.reading() as session:
        told = session.scalars(select(Job).where(Job.key.startswith("work_item_handed:"))).one()
        assert told.payload["work_item_id"] == str(item.id)


def test_half_written_decision_survives_a_changed_opinion(site: Site) -> None:
    case = tell(
        site,
        "intake_to_multi_agency",
        "analysis_to_plan",
        "plan_to_implementation",
        "implementation_to_closure",
        "closure_to_monitoring",
        until="decide_closure",
    )
    item = site.item(case, "decide_closure")
    mayor, peter = site.visit("mayor.fatima"), site.visit("police.peter")
    mayor.post(f"/work/{item.id}/claim")
    draft = {"action": "save-draft", "reasons": "Half a reason."}
    mayor.post(f"/work/{item.id}/draft", draft, headers=SCRIPT)
    assert isinstance(site.application.clock, TestClock)
    site.application.clock.advance(timedelta(minutes=5))
    change = {"choice": "abstain", "reasons": "On second thought."}
    assert peter.post(f"/cases/{case.code}/opinion", change).status_code == 302
    anew = site.item(case, "decide_closure")
    assert anew.id != item.id
    assert anew.assignee_id is not None
    mayor.get(f"/work/{anew.id}")
    assert "Half a reason." in mayor.text()
    assert "Something changed in the case while you were writing" in mayor.text()


@pytest.mark.parametrize("password", ["", "wrong"])
def test_decision_to_close_is_not_recorded_without_the_password(site: Site, password: str) -> None:
    case = tell(
        site,
        "intake_to_multi_agency",
        "analysis_to_plan",
        "plan_to_implementation",
        "implementation_to_closure",
        "closure_to_monitoring",
        until="decide_closure",
    )
    item = site.item(case, "decide_closure")
    mayor = site.visit("mayor.fatima")
    mayor.get(f"/work/{item.id}")
    for words in ("The dossier on one page", "Opinion of every partner", "Harbour College", "Sign"):
        assert words in mayor.text()
    answers = {"closure_decision": "agree", "reasons": "Enough.", "residual_risk": "Small."}
    response = send(mayor, item, _password=password, **answers)
    assert response.status_code == 422
    assert "password" in mayor.text()
    with site.application.database.reading() as session:
        assert not session.scalars(select(Decision).where(Decision.kind == "closure")).all()


def test_decision_to_close_is_recorded_when_signed(site: Site) -> None:
    case = tell(
        site,
        "intake_to_multi_agency",
        "analysis_to_plan",
        "plan_to_implementation",
        "implementation_to_closure",
        "closure_to_monitoring",
        until="decide_closure",
    )
    item = site.item(case, "decide_closure")
    mayor = site.visit("mayor.fatima")
    answers = {"closure_decision": "agree", "reasons": "Enough.", "residual_risk": "Small."}
    answers["dossier_read"] = "true"
    response = send(mayor, item, _password="demonstration only", **answers)
    assert response.status_code == 302, mayor.text()
