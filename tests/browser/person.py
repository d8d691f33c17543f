"""One person at one browser: signs in, looks at the worklist, opens a step, answers it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, expect

from engine.demo import PASSWORD
from tests.browser.filling import FORM, fill
from tests.browser.house import House

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 740}


class Person:
    """A browser context; what the browser complains about is kept in `complaints`."""

    def __init__(self, browser: Browser, house: House, **options: Any) -> None:
        self.context = browser.new_context(
            base_url=house.address,
            viewport=options.pop("viewport", WIDE),
            locale="en-GB",
            reduced_motion="reduce",
            **options,
        )
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.watch(self.page)

    def watch(self, page: Page) -> None:
        """Note errors in the console, refusals of the security policy and failed requests."""
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("response", self._answered)

    def _heard(self, said: ConsoleMessage) -> None:
        # Which page answered how is judged in `_answered`.
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            self.complaints.append(said.text)

    def _answered(self, response: Response) -> None:
        is_page = response.request.resource_type == "document"
        if response.status >= (500 if is_page else 400):
            self.complaints.append(f"{response.status} {response.url}")

    # -- coming and going ---------------------------------------------------------------------

    def sign_in(self, username: str, password: str = PASSWORD) -> Self:
        """Sign in by the form; goes on to the page that was asked for before."""
        if "/sign-in" not in self.page.url:
            self.page.goto("/sign-in")
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.locator("details.account")).to_be_visible()
        return self

    def sign_out(self) -> None:
        self.page.locator("details.account summary").click()
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()

    def leave(self) -> None:
        """Close the browser."""
        self.context.close()

    # -- worklist and steps -------------------------------------------------------------------

    def row(self, step: str, code: str) -> Locator:
        """Return the row of a step that this person owes, on the worklist that is shown."""
        return (
            self.page.get_by_role("row")
            .filter(has=self.page.get_by_role("link", name=step, exact=True))
            .filter(has_text=code)
        )

    def open(self, step: str, code: str) -> None:
        """Open a step from the worklist."""
        self.page.goto("/")
        self.row(step, code).get_by_role("link", name=step, exact=True).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(step)

    def take(self) -> None:
        """Take the step that is open."""
        self.page.get_by_role("button", name="Take this step").click()
        expect(self.page.get_by_role("button", name="Give back")).to_be_visible()

    def answer(self, answers: Mapping[str, Any]) -> None:
        """Fill in the open form."""
        fill(self.page, answers)

    def sign(self, password: str = PASSWORD) -> None:
        """Type the password again under a decision."""
        self.page.get_by_label("Your password").fill(password)

    def send(self) -> None:
        """Press the button that says the consequence, and see that it was recorded."""
        self.press()
        problems = self.page.locator(".error-summary li")
        assert problems.count() == 0, problems.all_inner_texts()
        expect(self.page.get_by_role("status").first).to_contain_text("is recorded")

    def press(self) -> None:
        """Press the button that says the consequence."""
        self.page.locator(f"{FORM} .form-actions button[value='submit']").click()
        self.page.wait_for_load_state()

    # -- the case and the clock ---------------------------------------------------------------

    def see_case(self, code: str, part: str = "") -> None:
        """Open a case, or the part of it that the address calls `part`."""
        self.page.goto(f"/cases/{code}/{part}".rstrip("/"))
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(code)

    def change_opinion(self, code: str, choice: str, reasons: str) -> None:
        """Change the opinion on closing on the page of the case."""
        self.see_case(code)
        self.page.get_by_role("link", name="Change our opinion on closing").click()
        self.page.locator(f'{FORM} [name="choice"][value="{choice}"]').check()
        self.page.get_by_label("Why?").fill(reasons)
        self.page.get_by_role("button", name="Record the new opinion").click()
        expect(self.page.get_by_role("status").first).to_contain_text("is recorded")

    def today(self) -> date:
        """Read from the page what day it is in the demonstration."""
        said = self.page.locator(".demo-clock strong").inner_text()
        return datetime.strptime(said, "%d %B %Y").date()  # noqa: DTZ007 - a day has no zone

    def let_time_pass(self, words: str) -> str:
        """Press a button of the clock, e.g. `92 days`; return what the page says about it."""
        self.page.get_by_role("button", name=words, exact=True).click()
        said = self.page.get_by_role("status").filter(has_text=re.compile("clock went on"))
        return said.inner_text()


@dataclass
class Album:
    """Pictures of what people saw, numbered in the order of the story."""

    folder: Path
    taken: list[str] = field(default_factory=list)

    def take(self, person: Person, name: str, *, narrow: bool = False) -> None:
        """Save the whole page at 1280 pixels, of a main page also at 360."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.taken.append(name)
        stem = f"{len(self.taken):02d}-{name}"
        person.page.screenshot(path=self.folder / f"{stem}.png", full_page=True)
        if not narrow:
            return
        person.page.set_viewport_size(NARROW)
        person.page.screenshot(path=self.folder / f"{stem}-360.png", full_page=True)
        person.page.set_viewport_size(WIDE)
