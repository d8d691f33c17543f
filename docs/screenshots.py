"""Takes the pictures of the tour in the README from a fresh demonstration.

Run `make screenshots`; Chromium must be installed. The pictures go to docs/images.
"""

import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.conftest import FLAGS, PATIENCE
from tests.browser.filling import fill
from tests.browser.house import House, started
from tests.browser.person import Person
from tests.browser.story import answers_to, step_name
from tests.browser.test_editor import Bench, drag

IMAGES = Path(__file__).resolve().parent / "images"
MOST_BYTES = 250_000
CASES_PLAYED = re.compile(r"^\d+ cases are there", re.MULTILINE)


def report(browser: Browser, house: House) -> Person:
    """Show the public page to report a concern."""
    referrer = Person(browser, house)
    referrer.page.goto("/report")
    referrer.page.get_by_label("What worries you?").fill(
        "One of my pupils praises an attack in class and has broken with old friends.\n"
        "What speaks against it: the pupil still comes to talk to me every week."
    )
    referrer.page.get_by_label("Who is it about?").fill("A pupil of the fourth year")
    return referrer


def worklist(browser: Browser, house: House) -> Person:
    """Show what a content coordinator owes."""
    emma = Person(browser, house).sign_in("content.emma")
    emma.page.goto("/")
    return emma


def task(browser: Browser, house: House) -> Person:
    """Show the page of a step half answered, with what is known and where one is."""
    clara = Person(browser, house).sign_in("chair.clara")
    _open_first(clara, "decide_route")
    answers = answers_to("straight_path_to_closed", "decide_route")
    fill(clara.page, {name: answers[name] for name in ("enough_information", "route")})
    return _on_top(clara)


def case(browser: Browser, house: House) -> Person:
    """Show a case in which a plan is carried out."""
    emma = Person(browser, house).sign_in("content.emma")
    _open_first(emma, "record_check_in")
    emma.page.locator(".page-facts a.case-code").click()
    expect(emma.page.get_by_role("heading", level=1)).to_contain_text("Case")
    return emma


def diagram(browser: Browser, house: House) -> Person:
    """Show the travelled path of that case on the drawing of the whole lifecycle."""
    emma = case(browser, house)
    emma.page.goto(f"{emma.page.url}/diagram")
    drawing = emma.page.locator(".diagram")
    expect(drawing).to_have_attribute("data-state", "drawn")
    emma.page.evaluate("document.querySelector('#drawn').scrollIntoView({block: 'start'})")
    return emma


def decision(browser: Browser, house: House) -> Person:
    """Show the dossier on one page before the accountable person decides."""
    mayor = Person(browser, house).sign_in("mayor.fatima")
    mayor.page.goto("/")
    row = mayor.row(step_name("decide_closure"), "").first
    code = row.locator("a.case-code").inner_text()
    peter = Person(browser, house).sign_in("police.peter")
    peter.change_opinion(code, "disagree", "The old friend was seen near the school last week.")
    peter.leave()
    # A changed opinion is counted again, so the step to decide begins anew.
    _open_first(mayor, "decide_closure")
    risk = mayor.page.get_by_role("heading", name="Risk, before and after")
    risk.evaluate("heading => heading.scrollIntoView({block: 'start'})")
    return mayor


def protection(browser: Browser, house: House) -> Person:
    """Show the data-protection officer's page after a check of the record."""
    paula = Person(browser, house).sign_in("privacy.paula")
    paula.page.goto("/data-protection")
    paula.page.get_by_role("button", name="Check the record").click()
    expect(paula.page.locator("section[aria-labelledby=trail]")).to_contain_text("whole")
    return _on_top(paula)


def editor(browser: Browser, house: House) -> Person:
    """Show the path on which a rule breaks once the decision to close is moved to another lane."""
    olga = Person(browser, house).sign_in("owner.olga")
    olga.page.goto("/workshop")
    olga.page.get_by_label("What is it about?").fill("Somebody else decides")
    olga.page.get_by_role("button", name="Start a draft").click()
    expect(olga.page.get_by_role("heading", level=1)).to_have_text("Somebody else decides")
    bench = Bench(olga.page, UUID(olga.page.url.rpartition("/")[2])).open("closure_decision.bpmn")
    drag(bench, "decide_closure", "lane_process_coordinator")
    broken = bench.rules.locator(".rule--broken")
    broken.get_by_role("button", name="Show it on the drawing").click()
    player = olga.page.get_by_role("region", name="The path that breaks the rule")
    step = player.locator("[data-player-step]")
    while "Decide on closing" not in step.inner_text():
        player.get_by_role("button", name="Next").click()
    return olga


TOUR: tuple[Callable[[Browser, House], Person], ...] = (
    report,
    worklist,
    task,
    case,
    diagram,
    decision,
    protection,
    editor,
)


def _open_first(person: Person, element: str) -> None:
    person.page.goto("/")
    person.page.get_by_role("link", name=step_name(element), exact=True).first.click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text(step_name(element))
    expect(person.page.locator(".drawer .diagram")).to_have_attribute("data-state", "drawn")


def _on_top(person: Person) -> Person:
    person.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    return person


def main() -> None:
    """Start a demonstration, take all pictures, say where they are."""
    expect.set_options(timeout=PATIENCE)
    IMAGES.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Chromium is needed: apt-get install chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        started(Path(folder)) as house,
        sync_playwright() as playwright,
    ):
        _wait_for_cases(house)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        for take in TOUR:
            _save(take(browser, house), IMAGES / f"{take.__name__}.png")
        browser.close()


def _save(person: Person, path: Path) -> None:
    person.page.screenshot(path=path, animations="disabled")
    person.leave()
    size = path.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{path.name} has {size} bytes; at most {MOST_BYTES} go into the repository.")
    print(f"{path.relative_to(Path.cwd())}: {size} bytes")  # noqa: T201 - a command for people


def _wait_for_cases(house: House) -> None:
    give_up = time.monotonic() + 300
    while not CASES_PLAYED.search(house.log):
        if time.monotonic() > give_up:
            sys.exit(f"The demonstration cases are not there:\n{house.log}")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
