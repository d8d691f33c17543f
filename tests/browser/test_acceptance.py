"""What the access model promises, tried in the browser by those it is for (S1-S3, S12, S13)."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select, text

from engine.checkpoint import read_head
from engine.models import AuditEntry
from engine.models.guard import release_audit
from engine.reading.protection import VERIFIED
from tests.browser.filling import controls
from tests.browser.house import House
from tests.browser.office import Office, break_the_glass, opened, table_row
from tests.browser.person import Person
from tests.browser.prepared import Preparation, until
from tests.browser.story import answers_to, step_name, steps_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SCENARIO = "straight_path_to_closed"
CANARY = "quixotic heron"
MOTIVE = "The mother called: he left with a knife and does not answer his telephone."
YOUTH = "Youth Work Rivertown"


@pytest.fixture
def office(browser: Browser, house: House) -> Iterator[Office]:
    with opened(browser, house) as found:
        yield found


@pytest.fixture(scope="module")
def at_the_table(house: House) -> Iterator[Preparation]:
    """A case in which four partners are asked what they know."""
    with Preparation(house) as found:
        yield found.play(until(steps_of(SCENARIO), "contribute_information"))


@pytest.fixture
def reported(house: House) -> Iterator[Preparation]:
    """A case that has just been reported."""
    with Preparation(house) as found:
        yield found.play([{"start": "signal_received"}])


# -- sharing ---------------------------------------------------------------------------------------


def test_partner_shares_a_concern_without_its_reason(
    office: Office, at_the_table: Preparation
) -> None:
    yara, step = office.person("youth.yara"), step_name("contribute_information")
    yara.open(step, at_the_table.code)
    # A reason is typed at first, and then thought better of.
    yara.answer({"level": "full", "concern": "yes", "summary": CANARY, "body": CANARY})
    expect(yara.page.locator("[data-draft-state]")).to_have_attribute("data-state", "saved")
    yara.answer({"level": "concern_only", "urgency": "this_week"})
    expect(controls(yara.page, "summary")).to_be_hidden()
    today = yara.page.locator(".demo-clock strong").inner_text()
    yara.send()
    steps = list(until(steps_of(SCENARIO), "draft_action_plan"))
    at_the_table.play(steps[len(list(until(steps, "contribute_information"))) :])
    emma = office.person("content.emma")
    emma.see_case(at_the_table.code)
    told = emma.page.locator("section[aria-labelledby=concerns] li").filter(has_text=YOUTH)
    for words in ("has a concern", f"since {today}", "urgent this week", "Contact: "):
        expect(told).to_contain_text(words)
    _reads_nowhere(emma, at_the_table.code, CANARY)
    _reads_nowhere(office.person("police.peter"), at_the_table.code, CANARY)


def _reads_nowhere(person: Person, code: str, words: str) -> None:
    for part in ("", "timeline?kind=contribution", "people", "plan", "readers"):
        answer = person.context.request.get(f"/cases/{code}/{part}".rstrip("/"))
        assert words not in answer.text(), part
    person.see_case(code, "timeline?kind=contribution")
    entry = person.page.locator(".timeline-contribution").filter(has_text=YOUTH)
    expect(entry).to_contain_text("shares a concern without its reason")
    expect(entry.get_by_role("link")).to_have_count(0)


# -- strangers -------------------------------------------------------------------------------------


def test_stranger_gets_byte_for_byte_the_page_of_a_case_that_does_not_exist(
    office: Office, reported: Preparation
) -> None:
    yara = office.person("youth.yara")
    assert office.person("intake.anna").page.goto(f"/cases/{reported.code}").status == 200
    for part in ("", "timeline", "plan", "people", "diagram", "readers", "reporter", "notes/new"):
        real = _bytes(yara, reported.code, part)
        assert real == _bytes(yara, "AAAA-AAAA", part), part
        assert real[0] == 404
    page = yara.page
    page.goto(f"/cases/{reported.code}")
    title = page.title()
    page.goto("/cases/AAAA-AAAA")
    assert page.title() == title
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "This page does not exist, or it is not for you"
    )


def _bytes(person: Person, code: str, part: str) -> tuple[int, list[str], bytes]:
    """Return status, names of headers and body; only what the asker typed is made alike."""
    answer = person.context.request.get(f"/cases/{code}/{part}".rstrip("/"))
    return answer.status, sorted(answer.headers), answer.body().replace(code.encode(), b"CODE")


# -- deputies --------------------------------------------------------------------------------------


def test_deputy_acts_for_an_absent_desk_officer_and_both_names_are_shown(
    office: Office, reported: Preparation
) -> None:
    anna, bram = office.person("intake.anna"), office.person("intake.bram")
    step, code = step_name("check_source"), reported.code
    anna.open(step, code)
    anna.take()
    _goes_away(anna, "Bram Jansen")
    bram.page.goto("/")
    expect(bram.row(step, code)).to_contain_text("for Anna Visser, who is away: taken")
    bram.open(step, code)
    expect(bram.page.locator("main")).to_contain_text("You do this step for Anna Visser")
    bram.answer(answers_to(SCENARIO, "check_source"))
    bram.send()
    both = "Bram Jansen, Municipality of Rivertown, for Anna Visser"
    bram.see_case(code, "timeline?kind=step")
    expect(bram.page.locator(".timeline-step").first).to_contain_text(both)
    bram.page.get_by_role("link", name="what was answered").click()
    expect(bram.page.locator("main")).to_contain_text(both)
    anna.page.goto("/absences")
    anna.page.get_by_role("button", name="End now").click()
    expect(anna.page.get_by_text("No absence is entered for you.")).to_be_visible()


def _goes_away(person: Person, deputy: str) -> None:
    person.page.goto("/absences")
    person.page.get_by_label("Last day away").fill(person.today().isoformat())
    choice = person.page.locator("#deputy")
    chosen = choice.locator("option").filter(has_text=deputy).get_attribute("value")
    choice.select_option(chosen)
    person.page.get_by_role("button", name="Enter the absence").click()
    expect(table_row(person, deputy)).to_contain_text("now")


# -- emergencies -----------------------------------------------------------------------------------


def test_emergency_access_leaves_its_trail(
    office: Office, at_the_table: Preparation, house: House
) -> None:
    chris, code = office.person("child.chris"), at_the_table.code
    assert chris.page.goto(f"/cases/{code}").status == 404
    break_the_glass(chris.page, code, MOTIVE)
    expect(chris.page.locator("main")).not_to_contain_text(CANARY)
    clara = office.person("chair.clara")
    clara.see_case(code, "readers")
    expect(table_row(clara, "Chris Kuiper", "emergency access")).not_to_have_count(0)
    _has_mail(house, "privacy.paula", code)
    paula = office.person("privacy.paula")
    paula.page.goto("/data-protection")
    paula.page.get_by_role("link", name="Emergency accesses and their review").click()
    expect(table_row(paula, code)).to_contain_text("0 of 2")
    paula.page.get_by_role("link", name=code).click()
    expect(paula.page.locator("main")).to_contain_text(MOTIVE)
    paula.page.get_by_role("button", name="End this access now").click()
    assert chris.page.reload().status == 404
    paula.page.get_by_label("No", exact=True).check()
    paula.page.get_by_label("Why?").fill("The danger was known, and the desk could be reached.")
    paula.page.get_by_role("button", name="Record my review").click()
    expect(paula.page.get_by_role("status").first).to_contain_text("review")
    paula.page.goto("/emergency/reviews")
    expect(table_row(paula, code)).to_contain_text("1 of 2")


def _has_mail(house: House, username: str, code: str) -> None:
    """Wait for the worker's mail: it names the case by its code and nobody."""
    folder = house.data_dir / "mail"
    to = re.compile(rf"^To:.*{re.escape(username)}", re.MULTILINE)
    for _ in range(60):
        mails = [path.read_text() for path in folder.glob("*.eml")]
        found = [one for one in mails if to.search(one) and code in one]
        if found:
            assert not any("knife" in one for one in found)
            return
        time.sleep(0.5)
    raise AssertionError(f"no mail to {username} about {code}")


# -- the record ------------------------------------------------------------------------------------


def test_officer_verifies_the_record_and_finds_one_changed_row(
    office: Office, reported: Preparation
) -> None:
    paula = office.person("privacy.paula")
    page, trail = paula.page, paula.page.locator("section[aria-labelledby=trail]")
    page.goto("/data-protection")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Seal now, take the line along").click()
    line = taken.value.path().read_text()
    page.get_by_label("Line that you kept").fill(line.strip())
    page.get_by_role("button", name="Check the record").click()
    expect(trail).to_contain_text("whole")
    expect(trail).to_contain_text("by Paula Vries, against a line that was kept elsewhere")
    number = _change_one_row(reported)
    page.get_by_role("button", name="Check the record").click()
    expect(trail).to_contain_text(f"Case {reported.code}: entry {number} was changed")
    expect(trail).to_contain_text("Tell the operator")
    key = reported.application.settings.audit_key
    assert read_head(key, line).sequence >= 1
    assert _verifications(reported) == [0, 1]


def _change_one_row(case: Preparation) -> int:
    """Change who did something, behind the application's back and past the triggers."""
    with case.application.database.transaction() as session:
        release_audit(session.connection())
        newest = select(func.max(AuditEntry.sequence)).where(AuditEntry.case_id == case._case_id)
        number: int = session.scalars(newest).one()
        changed = "UPDATE audit_entry SET subject = 'x' WHERE case_id = :case AND sequence = :n"
        session.execute(text(changed), {"case": case._case_id.hex, "n": number})
    return number


def _verifications(case: Preparation) -> list[int]:
    """Return what each check of the officer found, as it is on record."""
    with case.application.database.reading() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.event == VERIFIED).order_by(AuditEntry.sequence)
        )
        return [entry.detail["broken"] for entry in entries]
