"""Two bodies at their pages: one hands over, each sees its own file; a play goes through both."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from engine.clock import TestClock
from engine.database import Database
from engine.models import CaseMember
from engine.workshop import draft as drafts
from tests.browser.visiting import photograph, visitors, wrong
from tests.conftest import START
from tests.engine.apart import Bodies, open_application, structure
from tests.engine.test_play import do, person
from tests.webui.site import Site
from tests.webui.test_play_files import speak_to, to_handing_over
from webui.application import create_app

pytestmark = pytest.mark.browser
GROUP, CELL = "File of the security group", "File of the cell"
WORDS = "Needs somebody to talk to; school is a good place to meet."


@pytest.fixture
def bodies(tmp_path: Path, empty_file: Path) -> Iterator[Bodies]:
    shutil.copyfile(empty_file, tmp_path / "browser.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'browser.sqlite'}")
    clock = TestClock(START)
    application = open_application(database, tmp_path, clock)
    for username in ("intake.anna", "mayor.fatima", "owner.olga"):
        speak_to(application, username, "en")
    yield Bodies(application, clock)
    database.close()


@pytest.fixture
def site(bodies: Bodies) -> Site:
    return Site(bodies.application, create_app(bodies.application))


def _takes_part_in_both(bodies: Bodies, username: str) -> tuple[str, str]:
    """Let somebody take part in each file; return the code of each, that of the cell last."""
    first, care = bodies.files()
    with bodies.application.database.transaction() as session:
        account, now = bodies.named(session, username), bodies.application.now(session)
        for case in (first, care):
            session.add(
                CaseMember(
                    case_id=case.id, account_id=account.id, function="accountable_person", since=now
                )
            )
    return first.code, care.code


def _item(bodies: Bodies, element: str) -> str:
    [item] = bodies._open_items(element)
    return f"/work/{item.id}"


def test_what_is_handed_over_opens_a_file_that_the_other_body_reads(
    browser: Browser, address: str, bodies: Bodies
) -> None:
    bodies.tell("intake_to_handing_over")
    with visitors(browser, address) as sign_in:
        anna = sign_in("intake.anna")
        anna.goto(_item(bodies, "hand_over"))
        anna.locator('[name="crossing_level"][value="summary"]').check()
        anna.locator('[name="crossing_words"]').fill(WORDS)
        anna.locator('[name="crossing_basis"]').fill("Circular of 2014")
        found = wrong(anna)
        photograph(anna, "hand_over")
        anna.locator("form.form .form-actions button[value='submit']").click()
        expect(anna.get_by_role("status").first).to_contain_text("is recorded")
        first, care = _takes_part_in_both(bodies, "mayor.fatima")
        anna.goto(f"/cases/{first}")
        expect(anna.locator(".page-head")).to_contain_text(GROUP)
        expect(anna.locator("main")).not_to_contain_text(care)
        found += wrong(anna)
        fatima = sign_in("mayor.fatima")
        fatima.goto(f"/cases/{first}")
        fatima.get_by_role("link", name=care).click()
        expect(fatima.locator(".page-head")).to_contain_text(CELL)
        expect(fatima.locator("main")).to_contain_text(WORDS)
        found += wrong(fatima)
        photograph(fatima, "file_of_the_cell")
    assert found == []


def test_play_is_gone_on_with_in_the_other_file(
    browser: Browser, address: str, bodies: Bodies
) -> None:
    application = bodies.application
    me = person(application, "owner.olga")
    draft_id = drafts.open_draft(application, me, structure().profile.code, "Two files")
    do(application, draft_id, me, *to_handing_over())
    with visitors(browser, address) as sign_in:
        olga = sign_in("owner.olga")
        olga.goto(f"/workshop/drafts/{draft_id}/play")
        expect(olga.locator(".page-facts")).to_contain_text(f"In this file: {GROUP}")
        found = wrong(olga)
        photograph(olga, "play_of_the_group")
        olga.get_by_role("button", name=f"Go on in: {CELL}").click()
        expect(olga.locator(".page-facts")).to_contain_text(f"In this file: {CELL}")
        found += wrong(olga)
        photograph(olga, "play_of_the_cell")
    assert found == []
