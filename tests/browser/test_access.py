"""Every page for every body: rules of accessibility, the keyboard alone, a narrow screen."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import AXE, too_wide, violations
from tests.browser.house import House
from tests.browser.office import break_the_glass
from tests.browser.person import Person
from tests.browser.prepared import Preparation
from tests.browser.story import answers_to, person_for, step_name, steps_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
NOBODYS = UUID(int=0)


class Inspector:
    """Visits pages as several people and keeps what is wrong with them."""

    def __init__(self, browser: Browser, house: House) -> None:
        self._browser = browser
        self._house = house
        self.people: dict[str, Person] = {}
        self.found: list[str] = []

    def page(self, username: str) -> Page:
        if username not in self.people:
            person = Person(self._browser, self._house, bypass_csp=True)
            self.people[username] = person.sign_in(username) if username else person
        return self.people[username].page

    def visit(self, username: str, *paths: str) -> None:
        for path in paths:
            self.page(username).goto(path)
            self.look(username)

    def look(self, username: str) -> None:
        page = self.page(username)
        self.found += violations(page) + too_wide(page)

    def look_in_the_dark(self, username: str, path: str) -> None:
        page = self.page(username)
        page.emulate_media(color_scheme="dark")
        page.goto(path)
        self.found += violations(page)
        page.emulate_media(color_scheme="light")


@pytest.fixture
def inspector(browser: Browser, house: House) -> Iterator[Inspector]:
    if not AXE.exists():
        pytest.skip("axe-core is missing: cd webui/frontend && npm ci")
    found = Inspector(browser, house)
    yield found
    for person in found.people.values():
        person.leave()


def test_pages_break_no_accessibility_rule_and_fit_a_narrow_screen(
    inspector: Inspector, house: House
) -> None:
    inspector.visit("", "/report", "/report/status", "/sign-in", "/nowhere")
    with Preparation(house) as case:
        case.play(
            steps_of("straight_path_to_closed"), before=_looking_at_each_form(inspector, case)
        )
        _look_at_the_closed_case(inspector, case)
        inspector.visit("intake.anna", f"/cases/{case.code}/reporter")
    inspector.visit("intake.anna", "/", "/cases", "/signals/new", "/sessions")
    inspector.visit("head.greta", "/incidents", "/holds", "/holds/new")
    inspector.visit("privacy.paula", "/data-protection", "/disclosures", "/disclosures/new")
    _look_at_errors(inspector, house)
    complaints = [text for one in inspector.people.values() for text in one.complaints]
    assert inspector.found == []
    assert complaints == []


def test_pages_of_an_erasure_break_no_rule_and_lead_to_no_case(
    inspector: Inspector, house: House
) -> None:
    words = "The papers are about somebody else of the same name."
    review = {"retention_decision": "erase", "reasons": "r", "neutral_words": words}
    with Preparation(house) as case:
        case.play(one for one in steps_of("intake_transfer") if one.keys() & {"start", "do"})
        assert case.take("erase", {"erase": "wrong_person", "as": "chair.clara"}) == []
        inspector.visit("head.greta", *case.owed("review_retention"))
        done = {"do": "review_retention", "as": "head.greta", "answers": review}
        assert case.take("do", done) == []
        inspector.visit("chair.clara", f"/cases/{case.code}", "/erasures/new")
        inspector.visit("privacy.paula", "/", "/erasures", "/erasures/new")
        inspector.visit("privacy.paula", *case.owed("agree_erasure"))
        page = inspector.page("privacy.paula")
        assert words in page.inner_text("main")
        assert page.locator(f"main a[href*='{case.code}']").count() == 0
        page.get_by_role("button", name="Record my answer").click()
        inspector.look("privacy.paula")
        page.get_by_label("Yes, erase it").check()
        page.get_by_role("button", name="Record my answer").click()
        expect(page.get_by_text("“Agree to the erasure” is recorded.")).to_be_visible()
        inspector.visit("privacy.paula", "/erasures")
        row = page.get_by_role("row").filter(has_text=case.code)
        expect(row).to_contain_text("agreed to")
    complaints = [text for one in inspector.people.values() for text in one.complaints]
    assert inspector.found == []
    assert complaints == []


def _looking_at_each_form(
    inspector: Inspector, case: Preparation
) -> Callable[[Mapping[str, Any]], None]:
    """Return what looks at the form of each new step, and at the case before the mayor decides."""
    seen: set[str] = set()

    def look(step: Mapping[str, Any]) -> None:
        element = step.get("do", "")
        if not element or element in seen:
            return
        seen.add(element)
        address = case.owed(element)[0]
        inspector.visit(_who(case, element), address)
        if element == "decide_closure":
            _look_at_the_open_case(inspector, case, address)

    return look


def _who(case: Preparation, element: str) -> str:
    item = case._open_items(element)[0]
    return person_for(element, item.organisation.code if item.organisation else "")


def _look_at_the_open_case(inspector: Inspector, case: Preparation, decision: str) -> None:
    root = f"/cases/{case.code}"
    inspector.visit(
        "content.emma",
        *(root + part for part in ("", "/timeline", "/plan", "/people", "/diagram", "/readers")),
        "/what-i-opened",
        *(root + part for part in ("/events/urgent_danger", "/notes/new")),
        "/",
    )
    hugo = inspector.page("health.hugo")
    hugo.goto(f"{root}/people")
    hugo.get_by_role("link", name="Who reads how much").click()
    inspector.look("health.hugo")
    _look_at_what_guards_access(inspector, case.code)
    _look_at_the_printing(inspector, root)
    for username, path in (
        ("content.emma", root),
        ("content.emma", "/"),
        ("mayor.fatima", decision),
    ):
        inspector.look_in_the_dark(username, path)


def _look_at_what_guards_access(inspector: Inspector, code: str) -> None:
    """Look at membership, absences, emergencies and the own account, as those they are for."""
    root = f"/cases/{code}"
    inspector.visit("chair.clara", f"{root}/people/new", f"{root}/people/history")
    inspector.visit("youth.yara", f"{root}/conflict", f"{root}/hand-on", "/part", "/known")
    inspector.visit("youth.yara", "/known/allowance", "/profile")
    inspector.visit("youth.yara", "/account/password", "/account/second-factor")
    inspector.visit("lead.lars", "/memberships")
    inspector.visit("head.greta", "/absences", "/absences/others")
    break_the_glass(inspector.page("child.chris"), code, "Somebody called: " + "danger " * 8)
    inspector.look("child.chris")
    inspector.look_in_the_dark("child.chris", "/emergency")
    inspector.visit("privacy.paula", "/emergency/reviews")
    inspector.page("privacy.paula").get_by_role("link", name=code).click()
    inspector.look("privacy.paula")


def _look_at_the_printing(inspector: Inspector, root: str) -> None:
    """Look at how the whole file is asked for, agreed to and shown to be printed."""
    emma, daan = inspector.page("content.emma"), inspector.page("process.daan")
    inspector.visit("content.emma", f"{root}/printing")
    emma.get_by_label("What is the paper for?").fill("For the hearing, in which no screen is.")
    emma.get_by_role("button", name="Ask to print the file").click()
    inspector.look("content.emma")
    inspector.visit("process.daan", "/agreements")
    daan.get_by_role("button", name="Agree: it is printed once").click()
    emma.goto(f"{root}/printing")
    emma.get_by_role("button", name="Open the file to print it").click()
    expect(emma.get_by_role("heading", level=1)).to_contain_text("File of case")
    inspector.look("content.emma")
    emma.emulate_media(media="print")
    expect(emma.locator(".watermark")).to_be_visible()
    expect(emma.locator("header.site")).to_be_hidden()
    emma.emulate_media(media="screen")


def _look_at_the_closed_case(inspector: Inspector, case: Preparation) -> None:
    root = f"/cases/{case.code}"
    inspector.visit("content.emma", root, f"{root}/reopening")
    done = next(item for item in case.work_items() if item.element_id == "draft_action_plan")
    inspector.visit("content.emma", f"/work/{done.id}")


def _look_at_errors(inspector: Inspector, house: House) -> None:
    with Preparation(house) as case:
        case.play([{"start": "signal_received"}])
        address = case.owed("check_source")[0]
    inspector.visit("intake.anna", f"/work/{NOBODYS}", address)
    inspector.people["intake.anna"].press()
    expect(inspector.page("intake.anna").locator(".error-summary")).to_be_focused()
    inspector.look("intake.anna")


def test_inspection_finds_planted_mistakes(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>t</title><main><h1>h</h1><img src=x></main>")
    assert [one for one in violations(page) if "image-alt" in one]
    page.set_content("<main><p><input size=200></p></main>")
    assert too_wide(page)
    page.close()


def test_step_can_be_taken_and_opened_by_keyboard_alone(browser: Browser, house: House) -> None:
    with Preparation(house) as case:
        case.play([{"start": "signal_received"}])
    bram = Person(browser, house)
    page = bram.page
    page.goto("/sign-in")
    _tab_to(page, "#username")
    page.keyboard.type("intake.bram")
    _tab_to(page, "#password")
    page.keyboard.type("demonstration only")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    name = f"{step_name('check_source')}, case {case.code}"
    _tab_to(page, f'button[aria-label="Take: {name}"]')
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=f"Give back: {name}")).to_be_visible()
    _tab_to(page, f'tr:has([aria-label="Give back: {name}"]) a.row-link')
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(step_name("check_source"))
    _answer_by_keyboard(page)
    expect(page.get_by_role("status").first).to_contain_text("is recorded")
    assert bram.complaints == []
    bram.leave()


@pytest.mark.parametrize("where", ["worklist", "step"])
def test_tab_key_reaches_everything_once_in_the_order_of_the_page(
    browser: Browser, house: House, where: str
) -> None:
    with Preparation(house) as case:
        case.play([{"start": "signal_received"}])
    bram = Person(browser, house).sign_in("intake.bram")
    page = bram.page
    page.goto("/" if where == "worklist" else case.owed("check_source")[0])
    if where == "step":
        expect(page.locator(".drawer .diagram")).to_have_attribute("data-state", "drawn")
    names = [control.evaluate(NAMED) for control in page.locator("main table button").all()]
    assert len(set(names)) == len(names)  # a button says which row it is for
    wanted: list[str] = page.evaluate(STOPS)
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in wanted:
        page.keyboard.press("Tab")
        focused = page.locator("*:focus")
        assert focused.evaluate(SHOWS_FOCUS), focused.evaluate("it => it.outerHTML.slice(0, 200)")
        reached.append(focused.evaluate("it => it.dataset.stop"))
    assert reached == wanted
    assert bram.complaints == []
    bram.leave()


NAMED = "it => it.getAttribute('aria-label') || it.textContent.trim().replace(/\\s+/g, ' ')"

# Numbers what a person can act on, in the order of the page; a group of radio buttons is one stop.
STOPS = """() => {
    const groups = new Set();
    const can = 'a[href], button, input:not([type=hidden]), select, textarea, summary, ' +
        '[tabindex="0"]';
    const name = (it, number) => `${number} ${it.tagName} ${it.name || it.textContent.trim()}`;
    return [...document.querySelectorAll(can)]
        .filter(it => it.checkVisibility() && !it.disabled && it.tabIndex >= 0)
        .filter(it => it.type !== 'radio' || !groups.has(it.name) && groups.add(it.name))
        .map((it, number) => (it.dataset.stop = name(it, number)));
}"""


def _answer_by_keyboard(page: Page) -> None:
    """Fill in the required answers with Tab, Space and letters, and send with the last button."""
    answers = answers_to("straight_path_to_closed", "check_source")
    for name in ("first_hand", "source_reliability", "conflict_behind"):
        # A group of radio buttons is one stop: the space bar takes the first of them.
        _tab_to(page, f'input[name="{name}"]')
        page.keyboard.press("Space")
    _tab_to(page, 'textarea[name="source_summary"]')
    page.keyboard.type(answers["source_summary"])
    _tab_to(page, ".form-actions button[value=submit]")
    page.keyboard.press("Enter")


def _tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the element has the focus; on the way every stop must show its focus."""
    for _ in range(90):
        page.keyboard.press("Tab")
        focused = page.locator("*:focus")
        if focused.count() == 0:
            continue
        assert focused.evaluate(SHOWS_FOCUS), focused.evaluate("it => it.outerHTML.slice(0, 200)")
        if focused.evaluate("(it, wanted) => it.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} is never reached by the Tab key")


SHOWS_FOCUS = """it => {
    const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(it);
    return parseFloat(outlineWidth) > 0 && outlineStyle !== 'none' || boxShadow !== 'none';
}"""
