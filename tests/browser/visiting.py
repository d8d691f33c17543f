"""People who sign in at the pages alone, in tabs into which axe-core may come."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from engine.demo import PASSWORD
from tests.browser.accessibility import too_wide, violations

REFUSED = "422 (UNPROCESSABLE"


@contextmanager
def visitors(browser: Browser, address: str) -> Iterator[Callable[[str], Page]]:
    """Give a function that signs somebody in; in the end no script and no policy complained."""
    contexts, complaints = [], []

    def sign_in(username: str) -> Page:
        context = browser.new_context(base_url=address, bypass_csp=True, reduced_motion="reduce")
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto("/sign-in")
        tab.get_by_label("User name").fill(username)
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Sign in", exact=True).click()
        expect(tab.locator("details.account")).to_be_visible()
        return tab

    yield sign_in
    for context in contexts:
        context.close()
    # A refused form leaves its line in the console; nothing else may.
    assert [text for text in complaints if REFUSED not in text] == []


def wrong(page: Page) -> list[str]:
    """Return what is wrong with a page for who sees, hears or holds it otherwise."""
    return violations(page) + too_wide(page)


def photograph(page: Page, name: str) -> None:
    """Save a picture of the whole page where somebody wants to look at it."""
    folder = os.environ.get("CASETABLE_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
