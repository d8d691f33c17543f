"""What goes wrong in offices: two at once, lost sessions, the back button, curiosity."""

import re
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from engine.application import open_application
from engine.challenge import NUMBERS
from engine.models import Account, FormSubmission, Signal, WebSession
from tests.browser.filling import controls, fill
from tests.browser.house import House
from tests.browser.person import Person
from tests.browser.prepared import Preparation, until
from tests.browser.story import answers_to, step_name, steps_of, worked_out

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SCENARIO = "straight_path_to_closed"
SUMMARY = "A teacher who has known the person for two years."


@pytest.fixture
def case(house: House) -> Iterator[Preparation]:
    """A case that has just been reported."""
    with Preparation(house) as found:
        yield found.play([{"start": "signal_received"}])


def visitor(browser: Browser, house: House, username: str, **options: Any) -> Person:
    return Person(browser, house, **options).sign_in(username)


def summary(page: Page) -> Any:
    return page.get_by_label("What does the check say, in short?")


def saved(page: Page) -> None:
    state = page.locator("[data-draft-state]")
    expect(state).to_have_attribute("data-state", "saved")
    expect(state).to_have_text(re.compile(r"^Saved \d\d:\d\d$"))  # as all other times here


def test_second_answer_to_a_step_is_told_who_was_first_and_when(
    browser: Browser, house: House, case: Preparation
) -> None:
    anna = visitor(browser, house, "intake.anna")
    bram = visitor(browser, house, "intake.bram")
    for person in (anna, bram):
        person.open(step_name("check_source"), case.code)
        person.answer(answers_to(SCENARIO, "check_source"))
        saved(person.page)
    bram.page.reload()
    expect(bram.page.get_by_text("Anna Visser has begun to answer this step")).to_be_visible()
    anna.send()
    with bram.page.expect_navigation() as answered:
        bram.press()
    assert answered.value.status == 409
    said = bram.page.get_by_role("alert")
    expect(said).to_contain_text("Somebody else was first")
    expect(said).to_contain_text("Anna Visser")
    today = anna.page.locator(".demo-clock strong").inner_text()
    expect(said.locator("time")).to_contain_text(today)
    assert anna.complaints + bram.complaints == []


def test_draft_survives_reload_and_sign_out_and_stays_ones_own(
    browser: Browser, house: House, case: Preparation
) -> None:
    anna = visitor(browser, house, "intake.anna")
    anna.open(step_name("check_source"), case.code)
    summary(anna.page).fill(SUMMARY)
    saved(anna.page)
    anna.page.reload()
    expect(summary(anna.page)).to_have_value(SUMMARY)
    anna.sign_out()
    anna.sign_in("intake.anna")
    anna.open(step_name("check_source"), case.code)
    expect(summary(anna.page)).to_have_value(SUMMARY)
    bram = visitor(browser, house, "intake.bram")
    bram.open(step_name("check_source"), case.code)
    expect(summary(bram.page)).to_have_value("")
    assert anna.complaints + bram.complaints == []


def test_form_says_all_errors_at_once_and_leads_to_them(
    browser: Browser, house: House, case: Preparation
) -> None:
    anna = visitor(browser, house, "intake.anna")
    page = anna.page
    anna.open(step_name("check_source"), case.code)
    page.get_by_label("What was the reporter told?").fill("Thanked.")
    anna.press()
    problems = page.locator(".error-summary")
    expect(problems).to_be_focused()
    expect(problems.get_by_role("link")).to_have_count(4)
    assert page.title().startswith("There is a problem")
    expect(page.get_by_label("What was the reporter told?")).to_have_value("Thanked.")
    problems.get_by_role("link", name="What does the check say").click()
    expect(summary(page)).to_be_focused()
    expect(summary(page)).to_have_attribute("aria-invalid", "true")
    anna.answer(answers_to(SCENARIO, "check_source"))
    anna.send()
    assert anna.complaints == []


def test_back_button_and_double_click_record_nothing_twice(
    browser: Browser, house: House, case: Preparation
) -> None:
    anna = visitor(browser, house, "intake.anna")
    page = anna.page
    anna.open(step_name("check_source"), case.code)
    anna.answer(answers_to(SCENARIO, "check_source"))
    page.locator(".form-actions button[value='submit']").dblclick()
    expect(page.get_by_role("status").first).to_contain_text("is recorded")
    page.go_back()
    expect(page.get_by_role("heading", name="What was answered")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
    with case.application.database.reading() as session:
        ids = [item.id for item in case.work_items()]
        found = session.scalars(
            select(FormSubmission).where(FormSubmission.work_item_id.in_(ids))
        ).all()
    assert len(found) == 1
    assert anna.complaints == []


def test_stranger_cannot_tell_a_case_from_one_that_does_not_exist(
    browser: Browser, house: House, case: Preparation
) -> None:
    yara = visitor(browser, house, "youth.yara")
    item = case.owed("check_source")[0]
    pairs = (
        (f"/cases/{case.code}", "/cases/AAAA-AAAA"),
        (f"/cases/{case.code}/timeline", "/cases/AAAA-AAAA/timeline"),
        (f"/cases?code={case.code}", "/cases?code=AAAA-AAAA"),
        (item, "/work/00000000-0000-4000-8000-000000000000"),
    )
    for real, invented in pairs:
        seen = [_seen(yara, path) for path in (real, invented)]
        assert seen[0] == seen[1]
    assert yara.complaints == []


def _seen(person: Person, path: str) -> tuple[int, str]:
    answer = person.page.goto(path)
    assert answer is not None
    code = path.rpartition("=")[2]
    return answer.status, person.page.locator("main").inner_html().replace(code, "CODE")


def test_expired_session_says_so_and_returns_to_the_page_after_sign_in(
    browser: Browser, house: House, case: Preparation
) -> None:
    anna = visitor(browser, house, "intake.anna")
    page = anna.page
    anna.open(step_name("check_source"), case.code)
    address = page.url
    summary(page).fill(SUMMARY)
    saved(page)
    _let_sessions_expire(case, "intake.anna")
    summary(page).press_sequentially(" More.")
    expect(page.locator("[data-draft-state]")).to_contain_text("You are signed out")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    anna.sign_in("intake.anna")
    expect(page).to_have_url(address)
    expect(summary(page)).to_have_value(SUMMARY)
    assert [text for text in anna.complaints if not text.startswith("401 ")] == []


def _let_sessions_expire(case: Preparation, username: str) -> None:
    with case.application.database.transaction() as session:
        accounts = select(Account.id).where(Account.username == username)
        theirs = select(WebSession).where(WebSession.account_id.in_(accounts))
        for one in session.scalars(theirs).unique():
            one.seen_at -= timedelta(hours=1)


# -- without scripts -------------------------------------------------------------------------------


def test_intake_works_without_scripts(browser: Browser, house: House) -> None:
    referrer = Person(browser, house, java_script_enabled=False)
    page = referrer.page
    page.goto("/report")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("alert")).to_contain_text("Say in a few words what worries you")
    page.get_by_label("What worries you?").fill("Somebody I know praises an attack.")
    page.get_by_label("Who is it about?").fill("Person B")
    _send_without_scripts(referrer)
    expect(page.get_by_label("Receipt code")).to_be_visible()
    _taken_up(house)
    code = _newest_case(browser, house)
    for username, element in (
        ("intake.anna", "check_source"),
        ("intake.bram", "assess_signal"),
        ("chair.clara", "decide_route"),
    ):
        person = visitor(browser, house, username, java_script_enabled=False)
        person.open(step_name(element), code)
        fill_without_scripts(person, answers_to(SCENARIO, element))
        person.send()
        person.leave()


def _send_without_scripts(referrer: Person) -> None:
    """Answer the written question, too quickly at first."""
    page = referrer.page
    asked = page.locator("label[for=answer]").inner_text()
    words = asked.removeprefix("How much is ").removesuffix("?").split(" and ")
    page.locator("#answer").fill(str(sum(NUMBERS.index(word) for word in words)))
    page.get_by_role("button", name="Send the report").click()
    if page.get_by_label("Receipt code").count() == 0:
        expect(page.get_by_role("alert")).to_contain_text("Please wait")
        page.wait_for_timeout(6_000)
        page.get_by_role("button", name="Send the report").click()


def _taken_up(house: House) -> None:
    """Wait until the worker has given every report its case."""
    application = open_application(house.settings)
    for _ in range(120):
        with application.database.reading() as session:
            if session.scalar(select(Signal.id).where(Signal.case_id.is_(None)).limit(1)) is None:
                return
        time.sleep(0.5)
    raise AssertionError(house.log[-3000:])


def _newest_case(browser: Browser, house: House) -> str:
    anna = visitor(browser, house, "intake.anna", java_script_enabled=False)
    anna.page.goto("/cases")
    code: str = anna.page.locator("a.case-code").first.inner_text()
    anna.leave()
    return code


def fill_without_scripts(person: Person, answers: Mapping[str, Any]) -> None:
    """Give the answers; what only an earlier answer asks appears after saving the draft."""
    left = dict(answers)
    for _ in range(3):
        there = {name: value for name, value in left.items() if controls(person.page, name).count()}
        fill(person.page, there)
        left = {name: value for name, value in left.items() if name not in there}
        if not left:
            return
        person.page.get_by_role("button", name="Save the draft").click()
    raise AssertionError(f"never asked: {', '.join(left)}")


def test_rows_are_added_and_removed_without_scripts(browser: Browser, house: House) -> None:
    with Preparation(house) as case:
        case.play(until(steps_of(SCENARIO), "draft_action_plan"))
        emma = visitor(browser, house, "content.emma", java_script_enabled=False)
        emma.open(step_name("draft_action_plan"), case.code)
        emma.page.get_by_label("Why this plan, or why this change?").fill("Contact is good now.")
        answers = worked_out(answers_to(SCENARIO, "draft_action_plan"), emma.today())
        fill(emma.page, {"goals": [*answers["goals"], answers["goals"][0]]})
        emma.page.get_by_role("button", name="Remove goal 3").click()
        expect(controls(emma.page, "goals-2-title")).to_have_count(0)
        expect(controls(emma.page, "goals-1-title")).to_have_value(answers["goals"][1]["title"])
        reason = emma.page.get_by_label("Why this plan, or why this change?")
        expect(reason).to_have_value("Contact is good now.")
        fill(emma.page, {name: value for name, value in answers.items() if name != "goals"})
        emma.send()
        assert case.owed("accept_actions") != []
