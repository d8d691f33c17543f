"""The scripts of the pages in a real browser: drafts that save themselves, rows, diagrams."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from engine.form import parse_form
from tests.form.support import RICH, ROOT
from tests.frontend.serving import BUILD, DIAGRAM, Site, served

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
AXE = ROOT / "webui" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium"),
    pytest.mark.skipif(
        not (BUILD / "manifest.json").exists(), reason="needs python -m webui.frontend_build"
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield found
        found.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with served(Site(parse_form(RICH))) as found:
        yield found


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    tab = browser.new_page()
    complaints: list[str] = []
    tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(site.address)
    yield tab
    tab.close()
    # A refused draft leaves its line in the console; nothing else may.
    assert [text for text in complaints if "409 (CONFLICT)" not in text] == []


def state(page: Page) -> Any:
    return page.locator("[data-draft-state]")


def test_form_saves_itself_and_says_so(page: Page, site: Site) -> None:
    page.get_by_label("School, club or street").fill("Sports hall")
    expect(state(page)).to_have_attribute("data-state", "saved")
    expect(state(page)).to_contain_text("Saved")
    assert site.drafts[-1]["place"] == "Sports hall"


def test_form_asks_a_conditional_field_and_keeps_focus_and_caret(page: Page) -> None:
    place = page.get_by_label("School, club or street")
    place.fill("Sports hall")
    page.get_by_label("Doubtful").check()
    place.focus()
    page.keyboard.press("Home")
    expect(page.get_by_label("What makes the source doubtful?")).to_be_visible()
    page.keyboard.type("Old ")
    expect(place).to_be_focused()
    expect(place).to_have_value("Old Sports hall")
    page.get_by_label("Known and reliable").check()
    expect(page.get_by_label("What makes the source doubtful?")).to_have_count(0)
    names = page.locator("[data-form-fields] [data-field]").evaluate_all(
        "fields => fields.map(field => field.dataset.field)"
    )
    assert names.index("reliability") < names.index("seen_on") < names.index("email")


def test_form_adds_and_removes_rows_and_moves_the_focus(page: Page) -> None:
    page.get_by_label("What is the question?").fill("first")
    page.get_by_role("button", name="Add gap").click()
    second = page.locator("#f-gaps-1-question")
    expect(second).to_be_focused()
    second.fill("second")
    page.get_by_role("button", name="Remove gap 1").click()
    expect(page.locator("#f-gaps-1-question")).to_have_count(0)
    expect(page.locator("#f-gaps-0-question")).to_have_value("second")
    expect(page.get_by_role("button", name="Add gap")).to_be_focused()
    page.get_by_label("School, club or street").fill("x")
    expect(page.locator("#f-gap_count")).to_have_text("1")


def test_form_says_when_a_draft_was_not_kept_and_tries_again(page: Page, site: Site) -> None:
    site.fail = True
    page.get_by_label("School, club or street").fill("Sports hall")
    expect(state(page)).to_have_text("The work item was done by Bo Lind at 14:00.")
    retry = page.get_by_role("button", name="Try again")
    expect(retry).to_be_visible()
    site.fail = False
    retry.click()
    expect(state(page)).to_have_attribute("data-state", "saved")
    expect(retry).to_be_hidden()


def test_form_is_sent_whole_by_the_enter_key(page: Page) -> None:
    page.get_by_label("School, club or street").fill("Sports hall")
    with page.expect_request("**/submit") as sent:
        page.keyboard.press("Enter")
        page.wait_for_url("**/submit")
    data = sent.value.post_data_buffer or b""
    assert b'name="action"\r\n\r\nsubmit\r\n' in data
    assert b"Sports hall" in data


@pytest.mark.skipif(not AXE.exists(), reason="needs npm ci")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1100, 320])
def test_form_breaks_no_accessibility_rule(
    browser: Browser, site: Site, scheme: Any, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    tab = context.new_page()
    tab.goto(site.address)
    tab.get_by_label("Doubtful").check()
    expect(tab.get_by_label("What makes the source doubtful?")).to_be_visible()
    tab.evaluate(AXE.read_text())
    found = tab.evaluate("axe.run()")
    told = [(v["id"], [node["html"] for node in v["nodes"]]) for v in found["violations"]]
    wider = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
    context.close()
    assert told == []
    assert wider <= 0


def test_diagram_shows_the_travelled_path(browser: Browser, site: Site) -> None:
    site.diagram = DIAGRAM.read_bytes()
    tab = browser.new_page()
    refused: list[str] = []
    tab.on("console", lambda said: refused.append(said.text) if "Security" in said.text else None)
    site.path = _path(site.diagram)
    tab.goto(f"{site.address}/diagram")
    expect(tab.locator(".diagram")).to_have_attribute("data-state", "drawn")
    expect(tab.locator(".path-active")).to_have_count(1)
    expect(tab.get_by_text("You are here")).to_be_visible()
    expect(tab.locator(".path-count")).to_have_text("3\u00d7")
    # Its licence asks that the mark of bpmn.io stays fully visible.
    expect(tab.locator("a.bjs-powered-by")).to_be_visible()
    before = tab.locator(".viewport").get_attribute("transform")
    tab.locator(".diagram").focus()
    tab.keyboard.press("ArrowRight")
    assert tab.locator(".viewport").get_attribute("transform") != before
    tab.close()
    assert refused == []


def _path(diagram: bytes) -> dict[str, Any]:
    from lxml import etree

    root = etree.fromstring(diagram)
    model = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
    (first, second, *_) = [element.get("id") for element in root.iter(f"{model}userTask")]
    flow = next(element.get("id") for element in root.iter(f"{model}sequenceFlow"))
    return {"visited": {first: 3, "unknown": 1}, "active": [second, "gone"], "flows": [flow, "x"]}


def test_diagram_says_where_one_is_once_at_the_step_inside(browser: Browser, site: Site) -> None:
    site.diagram = (ROOT / "processes" / "case_management.bpmn").read_bytes()
    site.path = {"visited": {}, "active": ["multi_agency_work", "run_plan"], "flows": []}
    tab = browser.new_page()
    tab.goto(f"{site.address}/diagram")
    expect(tab.locator(".diagram")).to_have_attribute("data-state", "drawn")
    expect(tab.locator(".path-active")).to_have_count(2)
    expect(tab.get_by_text("You are here")).to_have_count(1)
    tab.close()


def test_diagram_is_shown_whole_and_in_the_middle(browser: Browser, site: Site) -> None:
    site.diagram = DIAGRAM.read_bytes()
    tab = browser.new_page()
    tab.goto(f"{site.address}/diagram")
    expect(tab.locator(".diagram")).to_have_attribute("data-state", "drawn")
    drawing = tab.locator(".viewport").bounding_box()
    frame = tab.locator(".diagram").bounding_box()
    tab.close()
    assert drawing is not None
    assert frame is not None
    for start, size in (("x", "width"), ("y", "height")):
        before = drawing[start] - frame[start]
        after = frame[start] + frame[size] - drawing[start] - drawing[size]
        assert before > 0
        assert before == pytest.approx(after, abs=4)


def test_diagram_can_begin_at_the_current_step(browser: Browser, site: Site) -> None:
    site.diagram = DIAGRAM.read_bytes()
    site.path = _path(site.diagram)
    site.zoom = "here"
    tab = browser.new_page()
    tab.goto(f"{site.address}/diagram")
    box = tab.locator(".path-active").bounding_box()
    frame = tab.locator(".diagram").bounding_box()
    tab.close()
    assert box is not None
    assert frame is not None
    assert box["width"] >= 60
    assert frame["x"] < box["x"]
    assert box["x"] + box["width"] < frame["x"] + frame["width"]


def test_diagram_that_cannot_be_read_leaves_the_page_to_the_list(
    browser: Browser, site: Site
) -> None:
    site.diagram = b"<broken"
    tab = browser.new_page()
    tab.goto(f"{site.address}/diagram")
    expect(tab.locator(".diagram")).to_have_attribute("data-state", "failed")
    expect(tab.locator(".diagram")).to_be_hidden()
    tab.close()
