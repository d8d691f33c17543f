"""The editors in a real browser: what a process owner changes, saves, and reads about it."""

import json
import os
import random
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from engine.comparison import Side, compare, marked
from engine.demo import PASSWORD
from engine.models import Account
from engine.settings import ROOT
from engine.workshop import draft as drafts
from tests.browser.accessibility import AXE, too_wide, violations
from tests.webui.site import Site
from webui.asset import asset

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(asset("editor_bpmn.js") is None, reason="needs the built editors"),
]
CLOSING = "closure_decision.bpmn"
FOREIGN = ROOT / "tests/foreign/windows_bom_crlf.bpmn"
FADING = "fade_out_monitoring.bpmn"
EDITED = (".bpmn", ".dmn", ".form")
OF_EACH_KIND = (FADING, "decisions/monitoring_schedule.dmn", "forms/change_partners.form")
ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
SOME_FORMS = 10
"""All drawings and tables are opened on every run, of the forms some others each time."""
MOST_STEPS = 40
"""Tables keep each letter as a step of its own."""
UNASKED = {"findings": [], "refused": "nobody asked"}
PROOF = 90_000
"""A proof shares two cores with the browser and whoever else is at work."""


class Bench:
    """One process owner at the editor of one file."""

    def __init__(self, page: Page, draft: UUID) -> None:
        self.page = page
        self.draft = draft

    def sign_in(self, username: str = "owner.olga") -> "Bench":
        self.page.goto("/sign-in")
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.locator("details.account")).to_be_visible()
        return self

    def open(self, path: str, anchor: str = "") -> "Bench":
        self.page.goto(f"/workshop/drafts/{self.draft}/files/{path}{anchor}")
        expect(self.page.locator("[data-editor]")).to_have_attribute("data-ready", "yes")
        return self

    def text(self) -> str:
        """Return the file as the editor would save it now."""
        found: str = self.page.evaluate(
            "() => document.querySelector('[data-editor]').bench.editor.text()"
        )
        return found

    @property
    def state(self) -> Locator:
        return self.page.locator("[data-state]")

    @property
    def problems(self) -> Locator:
        return self.page.locator("[data-problems]")

    @property
    def rules(self) -> Locator:
        return self.page.locator("[data-rules]")

    def save(self) -> None:
        self.page.get_by_role("button", name="Save", exact=True).click()
        expect(self.state).to_have_text("Saved in the draft")

    def choose(self, element: str) -> None:
        """Select an element in the outline; its settings take the focus when they are shown."""
        self.page.locator(f"[data-outline] [data-element='{element}']").click()
        expect(self.page.locator("[data-panel] :focus")).to_have_count(1)
        expect(self.page.locator("[data-panel]").get_by_label("Id", exact=True)).to_have_value(
            element
        )

    def fill(self, label: str, words: str) -> None:
        self.page.locator("[data-panel]").get_by_label(label, exact=True).fill(words)

    def pick(self, label: str, value: str) -> None:
        panel = self.page.locator("[data-panel]")
        panel.get_by_label(label, exact=True).select_option(value)

    def shape(self, element: str) -> Locator:
        return self.page.locator(f"[data-canvas] [data-element-id='{element}'] .djs-hit").first


@pytest.fixture
def draft(site: Site) -> UUID:
    return drafts.open_draft(site.application, owner(site), "base", "Longer monitoring")


@pytest.fixture
def bench(page: Page, draft: UUID) -> Bench:
    return Bench(page, draft).sign_in()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Page]:
    """A tab into which axe may be let; what it complains about is not looked at."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": 1280, "height": 900},
        bypass_csp=True,
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def owner(site: Site, username: str = "owner.olga") -> UUID:
    with site.application.database.reading() as session:
        found = session.scalars(select(Account).where(Account.username == username)).unique().one()
        return found.id


def stored(site: Site, draft: UUID) -> dict[str, bytes]:
    with site.application.database.reading() as session:
        return drafts.files(session, drafts.load(session, draft))


def told(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """Return the differences as `casetable diff` says them."""
    found = compare(Side("before", before), Side("after", after))
    return [marked(change.sentence) for change in found if change.weight != "layout"]


# -- nothing is lost -------------------------------------------------------------------------


def test_every_shipped_file_opened_and_written_again_is_no_change(
    site: Site, bench: Bench, draft: UUID
) -> None:
    # What is judged here is what the editors write; more than fifty proofs would say nothing of it.
    for asked in ("check", "verify"):
        bench.page.route(f"**/{asked}/**", lambda route: route.fulfill(json=UNASKED))
    files = stored(site, draft)
    edited = [path for path in files if path.endswith(EDITED)]
    assert len(edited) > 50
    if not ALL:
        forms = [path for path in edited if path.endswith(".form")]
        left_out = {*forms} - {*random.sample(forms, SOME_FORMS)}
        edited = [path for path in edited if path not in left_out]
    written = {path: bench.open(path).text().encode() for path in edited}
    assert compare(Side("before", files), Side("after", {**files, **written})) == ()


def test_change_that_is_undone_and_saved_is_no_change(
    site: Site, bench: Bench, draft: UUID
) -> None:
    files = stored(site, draft)
    deeds: dict[str, Any] = {".bpmn": rename_step, ".dmn": rename_table, ".form": rename_question}
    for path in OF_EACH_KIND:
        bench.open(path)
        deeds[path[path.rindex(".") :]](bench)
        expect(bench.state).to_have_text("Not saved yet")
        assert told(files, {**files, path: bench.text().encode()}), path
        for _ in range(MOST_STEPS):
            if not told(files, {**files, path: bench.text().encode()}):
                break
            bench.page.get_by_role("button", name="Undo").click()
        bench.save()
    assert compare(Side("before", files), Side("after", stored(site, draft))) == ()


def rename_step(bench: Bench) -> None:
    bench.choose("record_monitoring_check")
    bench.fill("Name", "Look whether all is well")
    expect(bench.page.locator("[data-outline]")).to_contain_text("Look whether all is well")


def rename_table(bench: Bench) -> None:
    cell = bench.page.locator("td.input-cell .content-editable, td.input-cell [contenteditable]")
    cell.first.click()
    bench.page.keyboard.press("Control+a")
    bench.page.keyboard.type('"signal","other"')
    bench.page.keyboard.press("Tab")


def rename_question(bench: Bench) -> None:
    bench.page.locator(".fjs-form-field-select").first.click()
    bench.page.get_by_label("Help above the field").fill("One that is at the table.")
    bench.page.keyboard.press("Tab")


def test_leaving_with_unsaved_changes_is_asked_about(bench: Bench) -> None:
    asked: list[str] = []
    bench.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    bench.open(FADING)
    bench.page.reload()
    assert asked == []
    bench.choose("record_monitoring_check")
    bench.fill("Name", "Look whether all is well")
    # Not even the pause after the last key has passed.
    bench.page.reload()
    assert asked == ["beforeunload"]


# -- what a process owner does ---------------------------------------------------------------


def test_interval_of_the_monitoring_is_lengthened_in_the_table(
    site: Site, bench: Bench, draft: UUID
) -> None:
    before = stored(site, draft)
    bench.open("decisions/monitoring_schedule.dmn")
    cell = bench.page.locator("td.output-cell").first
    cell.click()
    bench.page.keyboard.press("Control+a")
    bench.page.keyboard.press("Delete")
    bench.page.keyboard.type('"P6M"')
    bench.page.keyboard.press("Control+s")
    expect(bench.state).to_have_text("Saved in the draft")
    expect(bench.rules).to_contain_text("All 47 rules hold", timeout=PROOF)
    (sentence,) = told(before, stored(site, draft))
    assert "is **6 months** instead of **profile.monitoring_interval**" in sentence


def test_problem_of_a_table_leads_to_its_row(bench: Bench) -> None:
    bench.open("decisions/propose_route.dmn")
    cell = bench.page.locator("td.output-cell").nth(2)
    row = cell.get_attribute("data-row-id")
    cell.click()
    bench.page.keyboard.press("Control+a")
    bench.page.keyboard.press("Delete")
    bench.page.keyboard.type('"nowhere"')
    bench.page.locator("td.input-cell").first.click()
    place = bench.problems.locator(f"button[data-element='{row}']").first
    expect(place).to_be_visible(timeout=PROOF)
    place.click()
    expect(bench.page.locator(f"td[data-row-id='{row}']:focus-within")).to_have_count(1)


def test_step_is_added_by_keyboard_and_list_alone(site: Site, bench: Bench, draft: UUID) -> None:
    drafts.new_from_template(site.application, draft, owner(site), "form", "inform_school")
    before = stored(site, draft)
    bench.open(CLOSING)
    bench.choose("inform_surroundings")
    bench.page.get_by_role("button", name="Put a step behind").press("Enter")
    bench.fill("Name", "Inform the school")
    bench.fill("Id", "End")
    expect(bench.page.get_by_text("The engine keeps the id End to itself")).to_be_visible()
    bench.fill("Id", "inform_school")
    expect(bench.page.locator("[data-outline] [data-element='inform_school']")).to_be_visible()
    expect(bench.problems).to_contain_text("has no due date")
    bench.pick("Form", "inform_school")
    bench.fill("Due in", "two weeks")
    expect(bench.page.get_by_text("Due in: Write P7D, PT12H or P3M")).to_have_attribute(
        "role", "status"
    )
    shown = bench.page.locator(".bio-properties-panel-error")
    expect(shown.get_by_text("Write P7D, PT12H or P3M")).to_be_visible()
    bench.fill("Due in", "P14D")
    bench.pick("When overdue, tell", "chair")
    bench.fill("Words on the button", "Record that the school knows")
    bench.fill("Guidance", "Say what the school may know, and whom to call.")
    expect(bench.problems).to_contain_text("1 remark.")
    expect(bench.problems).to_contain_text("its answers stay with the step")
    expect(bench.rules).to_contain_text("All 47 rules hold", timeout=PROOF)
    bench.save()
    sentences = told(before, stored(site, draft))
    assert any("Inform the school" in one and "Process coordinator" in one for one in sentences)
    assert not [one for one in sentences if "removed" in one]


def test_problem_leads_to_its_element_and_to_other_files(bench: Bench) -> None:
    bench.open(FADING)
    bench.choose("record_monitoring_check")
    bench.fill("Due in", "")
    problem = bench.problems.get_by_role("button", name="Record the monitoring check")
    bench.choose("relapse")
    problem.click()
    expect(bench.page.locator("[data-outline] [aria-current]")).to_contain_text(
        "Record the monitoring check"
    )
    bench.pick("Form", "inform_surroundings")
    other = bench.problems.get_by_role("link", name="forms/record_monitoring_check.form")
    expect(other).to_have_attribute(
        "href", f"/workshop/drafts/{bench.draft}/files/forms/record_monitoring_check.form"
    )


def test_step_of_the_accountable_person_cannot_be_taken_out_unnoticed(bench: Bench) -> None:
    bench.open(CLOSING)
    bench.choose("decide_closure")
    bench.page.get_by_role("button", name="Take out").click()
    broken = bench.rules.locator(".rule--broken")
    expect(broken.first).to_be_visible(timeout=PROOF)
    expect(broken.filter(has_text="L2 broken")).to_contain_text(
        "no step is what this rule is about; somebody took it away"
    )
    expect(broken.filter(has_text="L11 broken")).to_contain_text("no path leads to this step")
    bench.page.get_by_role("button", name="Undo").click()
    expect(bench.rules).to_contain_text("All 47 rules hold", timeout=PROOF)


def test_agreement_moved_to_another_lane_is_told_step_by_step_on_the_drawings(
    bench: Bench,
) -> None:
    bench.open(CLOSING)
    drag(bench, "decide_closure", "lane_process_coordinator")
    broken = bench.rules.locator(".rule--broken")
    expect(broken).to_have_count(1, timeout=PROOF)
    expect(broken).to_contain_text("L1 broken No episode ends as closed unless")
    broken.get_by_text("steps that lead there").click()
    expect(broken.locator("ol li").first).to_contain_text("The case begins")
    expect(broken).to_contain_text("Played through in the engine, step by step.")
    broken.get_by_role("button", name="Show it on the drawing").click()
    player = bench.page.get_by_role("region", name="The path that breaks the rule")
    expect(player).to_contain_text("1 of 6: The case begins")
    file = player.locator("[data-player-file]")
    for number in range(2, 7):
        player.get_by_role("button", name="Next").click()
        expect(player).to_contain_text(f"{number} of 6: ")
        if "Decide on closing" in player.locator("[data-player-step]").inner_text():
            expect(file).to_have_text(CLOSING)
            expect(player.locator("[data-element-id='decide_closure'].played-now")).to_have_count(1)
    expect(file).to_have_text(FADING)
    expect(player).to_contain_text("6 of 6: Close the case is reached although")
    expect(player.locator("[data-element-id='close_episode'].played-end")).to_have_count(1)
    expect(player.get_by_role("button", name="Next")).to_be_disabled()
    bench.page.keyboard.press("Escape")
    expect(player).to_be_hidden()
    expect(bench.state).to_have_text("Not saved yet")


def drag(bench: Bench, element: str, lane: str) -> None:
    """Move a step down into a lane with the pointer."""
    page = bench.page
    step, target = bench.shape(element).bounding_box(), bench.shape(lane).bounding_box()
    assert step is not None
    assert target is not None
    x = step["x"] + step["width"] / 2
    page.mouse.move(x, step["y"] + step["height"] / 2)
    page.mouse.down()
    page.mouse.move(x, step["y"] + step["height"], steps=4)
    page.mouse.move(x, target["y"] + target["height"] / 2, steps=8)
    page.mouse.up()
    expect(bench.state).to_have_text("Not saved yet")


def test_question_gets_its_class_and_options_from_the_directory(
    site: Site, bench: Bench, draft: UUID
) -> None:
    path = "forms/record_monitoring_check.form"
    before = stored(site, draft)
    bench.open(path)
    expect(bench.page.locator(".fjs-palette-field[data-field-type='textfield']")).to_be_visible()
    expect(bench.page.locator(".fjs-palette-field[data-field-type='iframe']")).to_have_count(0)
    bench.page.locator(".fjs-palette-field[data-field-type='select']").press("Enter")
    bench.page.locator(".fjs-form-field-select").last.click()
    bench.page.get_by_label("Where the answer goes").select_option("case")
    bench.page.get_by_label("Options from the directory").select_option("partners")
    bench.save()
    sentences = told(before, stored(site, draft))
    assert sentences == ["Question *Select* of the form *Monitoring check* is new."]
    added = json.loads(stored(site, draft)[path])["components"][-1]
    assert added["properties"] == {"class": "case", "options": "partners"}
    assert "values" not in added


# -- expressions and names while they are typed ----------------------------------------------


def spoil_condition(bench: Bench) -> Locator:
    """Break a condition of a drawing; return where that is said."""
    bench.open(CLOSING)
    bench.choose("ask_evidence_to_record_effect_evaluation")
    bench.fill("Taken when", "closure_agreed = ")
    return bench.page.locator("[data-entry-id='condition'] .bio-properties-panel-error")


def spoil_cell(bench: Bench) -> Locator:
    """Break a cell of a table; return where that is said."""
    bench.open("decisions/propose_route.dmn")
    cell = bench.page.locator("td.output-cell").first
    cell.click()
    bench.page.keyboard.press("Control+a")
    bench.page.keyboard.press("Delete")
    bench.page.keyboard.type('"urgent" +')
    return cell.locator(".cell-problem")


def spoil_question(bench: Bench) -> Locator:
    """Break the condition of a question of a form; return where that is said."""
    bench.open(OF_EACH_KIND[2])
    bench.page.locator(".fjs-form-field-select").first.click()
    bench.page.get_by_text("Condition", exact=True).click()
    entry = bench.page.locator("[data-entry-id='conditional-hide']")
    entry.get_by_role("textbox").click()
    bench.page.keyboard.type("partners = ")
    return entry.locator(".bio-properties-panel-error")


@pytest.mark.parametrize("spoil", [spoil_condition, spoil_cell, spoil_question])
def test_expression_is_judged_where_it_is_typed(
    bench: Bench, spoil: Callable[[Bench], Locator]
) -> None:
    said = spoil(bench)
    expect(said).to_contain_text("it ends too early; complete it.")
    told = bench.page.get_by_role("status").and_(bench.page.locator("[data-told]"))
    expect(told).to_contain_text(said.inner_text())
    bench.page.keyboard.type(" null")
    expect(said).to_have_count(0)
    expect(told).to_have_text("")


def test_head_of_a_column_is_judged_too(bench: Bench) -> None:
    bench.open("decisions/propose_route.dmn")
    head = bench.page.locator("th.input-cell").first
    head.dblclick()
    bench.page.locator(".ref-text .cm-content").click()
    bench.page.keyboard.press("End")
    bench.page.keyboard.type(" +")
    expect(head.locator(".cell-problem")).to_contain_text("it ends too early")


SPOILT: dict[str, dict[str, Any]] = {
    "why": {
        "type": "textfield",
        "label": "=why",
        "description": "Not {{why}}",
        "readonly": "=why +",
        "conditional": {"hide": "=why +"},
        "validate": {"minLength": "=why +", "maxLength": "=profile.no_such_value"},
        "properties": {"class": "case", "prefill": "why", "help": "={{why}}"},
    },
    "many": {"type": "number", "label": "", "validate": {"min": "=many +", "max": "=many +"}},
    "which": {"type": "select", "label": "Which", "valuesExpression": "=which +"},
    "sum": {"type": "expression", "label": "Sum", "expression": "=sum +"},
    "rows": {"type": "table", "label": "Rows", "dataSource": "=rows +", "columns": []},
    "words": {"type": "text", "text": "={{words}}"},
    "day": {
        "type": "datetime",
        "subtype": "date",
        "dateLabel": "=day",
        "properties": {"class": "case", "earliest": "soon", "latest": "=today() +"},
    },
}
"""Keys of questions -> what is wrong with each."""
PLACES = {
    "why": {"label", "description", "readonly", "conditional-hide", "minLength", "maxLength"}
    | {"own-prefill", "own-help"},
    "many": {"min", "max"},
    "which": {"optionsExpression-expression"},
    "sum": {"undefined-expression"},
    "rows": {"dataSource"},
    "words": {"text"},
    "day": {"date-label", "own-earliest", "own-latest"},
}
"""Keys of questions -> the entries of the panel that say what is wrong."""


def test_every_place_of_a_form_says_what_is_wrong_with_it(
    site: Site, bench: Bench, draft: UUID
) -> None:
    components = [{"id": key, "key": key, **one} for key, one in SPOILT.items()]
    form = {"type": "default", "id": "spoilt", "components": components}
    path = "forms/spoilt.form"
    content = json.dumps(form).encode()
    drafts.save(site.application, draft, owner(site), path, content, None)
    bench.open(path)
    for key, places in PLACES.items():
        assert bench.page.evaluate(
            "key => document.querySelector('[data-editor]').bench.select(key)", key
        )
        for place in places:
            entry = bench.page.locator(f"[data-entry-id='{place}']")
            expect(entry.locator(".bio-properties-panel-error"), place).to_have_count(1)
    assert stored(site, draft)[path] == content


def test_own_setting_of_a_question_is_judged_before_it_is_left(bench: Bench) -> None:
    bench.open(OF_EACH_KIND[2])
    bench.page.locator(".fjs-form-field-select").first.click()
    first = bench.page.get_by_label("First value")
    first.fill("partner")
    expect(first).to_have_accessible_description("Begin the expression with =.")
    expect(first).to_be_focused()
    expect(bench.page.locator("[data-told]")).to_have_text(
        "First value: Begin the expression with =."
    )
    first.fill("=partner")
    expect(first).to_have_accessible_description("")


def test_names_are_offered_and_others_can_be_typed(site: Site, bench: Bench, draft: UUID) -> None:
    path = "case_management.bpmn"
    before = stored(site, draft)[path].decode()
    bench.open(path)
    panel = bench.page.locator("[data-panel]")
    bench.choose("handle_danger_in_intake")
    milestone = panel.get_by_label("Milestone", exact=True)
    assert "closure_decided" in offered(milestone)
    milestone.fill("danger_handled")
    bench.choose("danger_in_intake")
    message = panel.get_by_label("Name of the message", exact=True)
    assert {"urgent_danger", "new_information"} <= set(offered(message))
    bench.choose("run_intake")
    stage = panel.get_by_label("Stage on the case page", exact=True)
    assert {"intake", "analysis", "plan"} <= set(offered(stage))
    bench.choose("back_to_analysis")
    signal = panel.get_by_label("Name of the signal", exact=True)
    assert offered(signal) == ["return_to_analysis"]
    signal.fill("return_again")
    expect(bench.page.locator("[data-state]")).to_have_text("Not saved yet")
    bench.page.keyboard.press("Tab")
    signal.fill("return_once_more")
    bench.save()
    after = stored(site, draft)[path].decode()
    assert 'name="milestone" value="danger_handled"' in after
    names = [re.findall(r'<bpmn:signal id="\S+" name="(\S+)"', text) for text in (before, after)]
    # The old name is still used by another event; the name in between is not.
    assert names == [["return_to_analysis"], ["return_to_analysis", "return_once_more"]]


def offered(field: Locator) -> list[str]:
    """Return the names that a field offers to choose from."""
    found: list[str] = field.evaluate("field => [...field.list.options].map(one => one.value)")
    return found


# -- two people ------------------------------------------------------------------------------


def test_two_who_edit_the_same_file_lose_nothing(
    site: Site, browser: Browser, address: str, draft: UUID
) -> None:
    benches = []
    for username in ("owner.olga", "owner.oscar"):
        context = browser.new_context(
            base_url=address,
            viewport={"width": 1280, "height": 900},
            bypass_csp=True,
            reduced_motion="reduce",
        )
        benches.append(Bench(context.new_page(), draft).sign_in(username).open(FADING))
    for number, bench in enumerate(benches):
        bench.choose("record_monitoring_check")
        bench.fill("Name", f"Look {number}")
    olga, oscar = benches
    olga.save()
    oscar.page.get_by_role("button", name="Save", exact=True).click()
    dialog = oscar.page.get_by_role("dialog", name="Somebody saved this file in between")
    expect(dialog).to_contain_text("Olga Prins saved this file on 15 January 2026")
    assert violations(oscar.page) + too_wide(oscar.page) == []
    oscar.page.emulate_media(color_scheme="dark")
    assert violations(oscar.page) == []
    expect(dialog.get_by_role("button", name="Keep mine as a copy")).to_be_focused()
    dialog.get_by_role("button", name="Keep mine as a copy").click()
    expect(oscar.state).to_contain_text("fade_out_monitoring_copy1.bpmn")
    expect(oscar.page.locator("[data-outline]")).to_contain_text("Look 0")
    files = stored(site, draft)
    assert b"Look 0" in files[FADING]
    assert b"Look 1" in files["fade_out_monitoring_copy1.bpmn"]
    for bench in benches:
        bench.page.context.close()


# -- for every body --------------------------------------------------------------------------


@pytest.mark.skipif(not AXE.exists(), reason="needs npm ci")
def test_editors_break_no_accessibility_rule_and_show_whose_they_are(
    open_page: Page, draft: UUID
) -> None:
    bench = Bench(open_page, draft).sign_in()
    found: list[str] = []
    for path in OF_EACH_KIND:
        bench.open(path)
        if path == FADING:
            bench.choose("record_monitoring_check")
        expect(open_page.locator(".bjs-powered-by, .fjs-powered-by-link").first).to_be_visible()
        found += violations(open_page) + too_wide(open_page)
        open_page.get_by_role("button", name="Keys").click()
        found += violations(open_page)
        open_page.emulate_media(color_scheme="dark")
        bench.open(path)
        found += violations(open_page)
        open_page.emulate_media(color_scheme="light")
    assert found == []


def test_outline_leads_into_the_settings_by_keyboard(bench: Bench) -> None:
    bench.open(FADING)
    entry = bench.page.locator("[data-outline] [data-element='relapse']")
    entry.focus()
    bench.page.keyboard.press("Enter")
    name = bench.page.locator("[data-panel]").get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_value("Back to the analysis")


NAMED = "[title]:not(a), [placeholder], .bio-properties-panel-label, .entry, small, h2, .finding"
"""What the scripts and libraries of an editor name themselves."""
LEFT = re.compile(r"(Move (Input|Output)|Remove item|\"value\".*|P\dD|.*\.(bpmn|dmn|form))\Z")
"""What dmn-js names without asking for a translation, examples and names of files."""


@pytest.mark.parametrize("path", OF_EACH_KIND)
def test_editor_says_nothing_that_cannot_be_translated(site: Site, bench: Bench, path: str) -> None:
    with site.application.database.transaction() as session:
        session.get_one(Account, owner(site)).language = "en-XA"
    bench.open(path)
    if path == FADING:
        bench.page.locator("[data-outline] [data-element='record_monitoring_check']").click()
        expect(bench.page.locator("[data-panel] :focus")).to_have_count(1)
        bench.page.locator("[data-action=replace]").click()
        expect(bench.page.locator(".djs-popup .entry")).not_to_have_count(0)
    else:
        bench.page.locator(".fjs-element, th.input-cell").last.click()
    said = bench.page.locator("[data-editor]").evaluate(
        """(root, named) => [...root.querySelectorAll(named)].map(
          (one) => one.title || one.placeholder || one.textContent.trim())""",
        NAMED,
    )
    assert len(said) > 10, "the editor shows its tools"
    plain = {one for one in said if re.search("[a-z]{2}", one) and "[" not in one}
    assert {one for one in plain if not LEFT.match(one)} == set()


def test_address_of_an_element_selects_it(bench: Bench) -> None:
    bench.open(FADING, "#element=relapse")
    expect(bench.page.locator("[data-outline] [aria-current]")).to_contain_text(
        "Back to the analysis"
    )


# -- a diagram drawn elsewhere ---------------------------------------------------------------


def test_diagram_of_another_tool_is_taken_in_mended_and_judged(bench: Bench, site: Site) -> None:
    page, home = bench.page, f"/workshop/drafts/{bench.draft}"
    page.goto(home)
    page.get_by_label("A file of bpmn.io or Camunda Modeler").set_input_files(FOREIGN)
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_text(f"Taken in as {FOREIGN.name}.")).to_be_visible()
    main = page.locator("main")
    for problem in ("has no due date", "has no form", "nobody is responsible for it"):
        expect(main).to_contain_text(problem)
    bench.open(FOREIGN.name)
    bench.choose("hand_over")
    bench.fill("Due in", "P7D")
    bench.save()
    assert b'name="dueIn" value="P7D"' in stored(site, bench.draft)[FOREIGN.name]
    page.goto(f"{home}/publish")
    page.get_by_role("button", name="Judge this draft").click()
    expect(page.get_by_role("heading", name="Problems")).to_be_visible()
    expect(main).to_contain_text("has no form")
    expect(main).not_to_contain_text("has no due date")
    assert too_wide(page, 360) == []
