"""One case from the public report page to closed and back, seen by those who work on it."""

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.house import House
from tests.browser.person import Album, Person
from tests.browser.story import Story, answers_to, step_name, steps_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CHECKS = 4


def test_case_goes_from_report_to_closed_and_reopens(
    browser: Browser, house: House, album: Album
) -> None:
    story = Story(browser, house, album, steps_of("straight_path_to_closed"))
    referrer = Person(browser, house)
    story.people["the referrer"] = referrer
    receipt = report_a_concern(referrer, album)
    find_the_case(story)
    check_the_concern(story, referrer, receipt)
    analyse_and_plan(story)
    follow_the_plan(story)
    ask_for_opinions(story)
    sign_the_closing(story)
    hand_over(story)
    monitor(story)
    reopen(story)
    assert story.complaints() == []
    assert "Traceback" not in house.log
    assert "request failed" not in house.log


def report_a_concern(referrer: Person, album: Album) -> str:
    page = referrer.page
    page.goto("/report")
    album.take(referrer, "report", narrow=True)
    page.get_by_label("What worries you?").fill(
        "A pupil praised an attack in class and has broken with old friends. "
        "The same pupil still comes to talk to me every week."
    )
    page.get_by_label("Who is it about?").fill("Person A")
    page.get_by_label("Where can this person be met?").fill("Harbour College")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have received your report")
    receipt = page.get_by_label("Receipt code").inner_text()
    album.take(referrer, "receipt", narrow=True)
    page.reload()
    expect(page.get_by_text(receipt)).to_have_count(0)  # it is shown once
    return receipt


def ask_how_far(referrer: Person, receipt: str, says: str) -> None:
    referrer.page.goto("/report/status")
    referrer.page.get_by_label("Your receipt code").fill(receipt)
    referrer.page.get_by_role("button", name="Show").click()
    expect(referrer.page.get_by_role("status")).to_contain_text(says)


def find_the_case(story: Story) -> None:
    """The desk sees the new step, and which case it belongs to; nobody else does."""
    anna = Person(story.browser, story.house)
    anna.page.goto("/")
    story.album.take(anna, "sign-in", narrow=True)
    story.people["intake.anna"] = anna.sign_in("intake.anna")
    row = anna.row(step_name("check_source"), "")
    until_there(anna, row)
    expect(row).to_contain_text("Intake desk")
    story.album.take(anna, "worklist", narrow=True)
    story.code = row.locator("a.case-code").inner_text()
    row.get_by_role("button", name="Take").click()
    expect(anna.row(step_name("check_source"), story.code)).to_contain_text("you have taken it")
    yara = story.person("youth.yara")
    yara.page.goto("/")
    expect(yara.page.get_by_text(story.code)).to_have_count(0)
    expect(yara.page.get_by_text("You owe nothing.")).to_be_visible()
    story.album.take(yara, "worklist-empty", narrow=True)


def until_there(person: Person, row: Locator) -> None:
    """Look again until the worker has taken the report out of the letterbox."""
    for _ in range(30):
        if row.count():
            break
        person.page.wait_for_timeout(1000)
        person.page.reload()
    expect(row).to_have_count(1)


def ask_back(story: Story, referrer: Person, receipt: str) -> None:
    """The desk asks, the referrer answers with the code, and the desk reads it."""
    anna = story.person("intake.anna")
    anna.see_case(story.code)
    anna.page.get_by_role("link", name="Who reported, questions and files").click()
    anna.page.get_by_label("Ask the reporter back").fill("On which day was that?")
    story.album.take(anna, "reporter", narrow=True)
    anna.page.get_by_role("button", name="Ask").click()
    expect(anna.page.get_by_text("no answer yet")).to_be_visible()
    ask_how_far(referrer, receipt, "On which day was that?")
    story.album.take(referrer, "question", narrow=True)
    referrer.page.get_by_label("Your answer").fill("On Monday, after school.")
    referrer.page.get_by_role("button", name="Send the answer").click()
    expect(referrer.page.get_by_role("status").first).to_contain_text("has your answer")
    anna.page.reload()
    expect(anna.page.get_by_text("On Monday, after school.")).to_be_visible()
    story.album.take(anna, "reporter-answered")


def check_the_concern(story: Story, referrer: Person, receipt: str) -> None:
    ask_how_far(referrer, receipt, "Received")
    story.go_on(until="check_source")
    ask_how_far(referrer, receipt, "Received")
    ask_back(story, referrer, receipt)
    story.go_on(until="assess_signal")
    bram = story.person("intake.bram")
    bram.page.goto("/")
    # Who checked and assessed does not decide (L10), so the desk only waits.
    expect(bram.row(step_name("decide_route"), story.code)).to_have_count(0)
    expect(bram.page.locator("#waiting")).to_be_visible()
    story.go_on(until="decide_route")
    expect(clara(story).page.get_by_role("status").first).to_contain_text(
        step_name("select_partners")
    )
    ask_how_far(referrer, receipt, "Closed")
    story.album.take(referrer, "receipt-status")


def clara(story: Story) -> Person:
    return story.person("chair.clara")


def emma(story: Story) -> Person:
    return story.person("content.emma")


def daan(story: Story) -> Person:
    return story.person("process.daan")


def stage(person: Person) -> str:
    said = person.page.locator(".stage-bar [aria-current=step]").inner_text()
    return said.removesuffix("you are here").strip()


def owed(person: Person) -> str:
    return person.page.locator(".owed").inner_text()


def analyse_and_plan(story: Story) -> None:
    story.go_on(until="select_partners")
    clara(story).see_case(story.code)
    assert stage(clara(story)) == step_name("run_analysis")
    assert owed(clara(story)).count(step_name("declare_sharing")) == 4
    story.album.take(clara(story), "case-analysis", narrow=True)
    story.go_on(until="contribute_information")
    clara(story).see_case(story.code, "people")
    shares = clara(story).page.locator("table").first
    expect(shares).to_contain_text("Police, Rivertown district")
    story.album.take(clara(story), "case-people", narrow=True)
    story.go_on(until="approve_action_plan")
    clara(story).see_case(story.code, "plan")
    expect(clara(story).page.locator("main")).to_contain_text("Takes part in the sports club again")
    story.album.take(clara(story), "case-plan", narrow=True)


def follow_the_plan(story: Story) -> None:
    emma(story).see_case(story.code)
    assert stage(emma(story)) == step_name("run_implementation")
    assert "comes by itself" in owed(emma(story))
    story.go_on(until="record_check_in")
    story.go_on(until="record_check_in")


def ask_for_opinions(story: Story) -> None:
    dissent = answers_to("partner_dissent_kept", "give_closing_opinion", "police")
    story.otherwise["give_closing_opinion", "police"] = dissent
    story.go_on(until="reassess_risk")
    emma(story).see_case(story.code)
    assert stage(emma(story)) == step_name("run_closure")
    assert owed(emma(story)).count(step_name("give_closing_opinion")) == 4
    story.album.take(emma(story), "case-closure")
    story.go_on(until="give_closing_opinion")
    yara = story.person("youth.yara")
    yara.change_opinion(story.code, "abstain", "Our mentor changes next month.")
    story.album.take(yara, "opinion-changed")


def sign_the_closing(story: Story) -> None:
    """The mayor reads every opinion on one page; nothing closes without the signature."""
    mayor, page = story.person("mayor.fatima"), story.person("mayor.fatima").page
    expect(daan_sees(story, "arrange_regular_care")).to_have_count(0)
    mayor.open(step_name("decide_closure"), story.code)
    opinions = page.locator(".opinions > li")
    expect(opinions).to_have_count(4)
    police = opinions.filter(has_text="Police, Rivertown district")
    expect(police).to_contain_text("disagree")
    expect(police).to_contain_text("The old friend was seen near the school last week.")
    youth = opinions.filter(has_text="Youth Work Rivertown")
    expect(youth).to_contain_text("Our mentor changes next month.")
    expect(youth).to_contain_text("Earlier: agrees")
    story.album.take(mayor, "decision-page", narrow=True)
    mayor.answer(answers_to("straight_path_to_closed", "decide_closure"))
    for password, says in (("", "Type your password"), ("wrong", "This is not your password")):
        mayor.sign(password)
        mayor.press()
        expect(page.locator(".error-summary")).to_contain_text(says)
    story.album.take(mayor, "decision-not-signed")
    expect(daan_sees(story, "arrange_regular_care")).to_have_count(0)
    mayor.sign()
    mayor.send()
    story.pass_over("decide_closure")
    expect(daan_sees(story, "arrange_regular_care")).to_have_count(1)


def daan_sees(story: Story, element_id: str) -> Locator:
    daan(story).page.goto("/")
    return daan(story).row(step_name(element_id), story.code)


def hand_over(story: Story) -> None:
    story.go_on(until="inform_surroundings")
    emma(story).see_case(story.code)
    assert stage(emma(story)) == step_name("run_fade_out")
    story.album.take(emma(story), "case-monitoring", narrow=True)
    emma(story).see_case(story.code, "timeline")
    story.album.take(emma(story), "case-timeline", narrow=True)
    emma(story).see_case(story.code, "diagram")
    expect(emma(story).page.locator(".diagram")).to_have_attribute("data-state", "drawn")
    assert room_around_the_drawing(emma(story)) >= 0
    story.album.take(emma(story), "case-diagram", narrow=True)


def room_around_the_drawing(person: Person) -> float:
    """Return the pixels between the drawing and the nearest edge of its box."""
    drawing = person.page.locator(".diagram .viewport").bounding_box()
    frame = person.page.locator(".diagram").bounding_box()
    assert drawing is not None
    assert frame is not None
    return min(
        drawing["x"] - frame["x"],
        drawing["y"] - frame["y"],
        frame["x"] + frame["width"] - drawing["x"] - drawing["width"],
        frame["y"] + frame["height"] - drawing["y"] - drawing["height"],
    )


def monitor(story: Story) -> None:
    """Each check becomes due by itself; only after the last one the case is closed."""
    for number in range(1, CHECKS + 1):
        emma(story).see_case(story.code)
        assert "comes by itself on" in owed(emma(story))
        expect(emma(story).page.locator(".page-facts")).to_contain_text("open")
        before = emma(story).today()
        assert "became due" in story.let_time_pass("P3M")
        emma(story).see_case(story.code)
        assert (emma(story).today() - before).days in {92, 93}
        assert step_name("record_monitoring_check") in owed(emma(story))
        if number == 1:
            story.album.take(emma(story), "case-monitoring-due")
        story.pass_over("after")
        story.go_on(until="record_monitoring_check")
    emma(story).see_case(story.code)
    facts = emma(story).page.locator(".page-facts")
    expect(facts).to_contain_text("closed")
    assert "comes by itself on" in owed(emma(story))  # the time after which it is looked at again
    assert step_name("record_monitoring_check") not in owed(emma(story))
    story.album.take(emma(story), "case-closed", narrow=True)


def reopen(story: Story) -> None:
    """The desk asks, the mayor decides and signs, and the people are back at their work."""
    anna = story.person("intake.anna")
    anna.see_case(story.code)
    anna.page.get_by_role("link", name="Ask to reopen the case").click()
    story.album.take(anna, "reopening-ask")
    anna.page.get_by_role("button", name="Start the request to reopen").click()
    expect(anna.page.get_by_role("status").first).to_contain_text("under way")
    answers = answers_to("reopening_after_closing", "request_reopening")
    story.do("request_reopening", answers)
    mayor = story.person("mayor.fatima")
    mayor.open(step_name("decide_reopening"), story.code)
    mayor.answer(answers_to("reopening_after_closing", "decide_reopening"))
    mayor.sign()
    story.album.take(mayor, "decide-reopening")
    mayor.send()
    emma(story).see_case(story.code)
    facts = emma(story).page.locator(".page-facts")
    expect(facts).to_contain_text("open")
    expect(facts).to_contain_text("episode 2")
    assert stage(emma(story)) == step_name("run_implementation")
    assert emma(story).page.locator(".stage-bar").inner_text().count("not this time") == 3
    story.album.take(emma(story), "case-reopened")
    emma(story).see_case(story.code, "people")
    expect(emma(story).page.locator("table").first).to_contain_text("Police, Rivertown district")
    assert "check-in" in emma(story).page.goto(f"/cases/{story.code}").text().lower()
