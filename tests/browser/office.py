"""The people of one acceptance test: each at a browser of their own, whose complaints count."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.house import House
from tests.browser.person import Person


class Office:
    """Gives people who are signed in, and keeps what their browsers complained about."""

    def __init__(self, browser: Browser, house: House) -> None:
        self._browser = browser
        self._house = house
        self.people: dict[str, Person] = {}

    def person(self, username: str, **options: Any) -> Person:
        """Return a person, who signs in at the first call."""
        if username not in self.people:
            person = Person(self._browser, self._house, **options)
            self.people[username] = person.sign_in(username)
        return self.people[username]

    def complaints(self) -> list[str]:
        return [text for one in self.people.values() for text in one.complaints]


@contextmanager
def opened(browser: Browser, house: House) -> Iterator[Office]:
    """Open the office; at the end no script failed and the policy refused nothing."""
    office = Office(browser, house)
    yield office
    assert office.complaints() == []
    for person in office.people.values():
        person.leave()


def table_row(person: Person, *words: str) -> Locator:
    """Return the rows of tables on the page that hold all the words."""
    found = person.page.get_by_role("row")
    for word in words:
        found = found.filter(has_text=word)
    return found


def break_the_glass(page: Page, code: str, motive: str) -> None:
    """Open a case of others in an emergency."""
    page.goto("/cases")
    page.get_by_role("link", name="Emergency access").click()
    page.get_by_label("Case code").fill(code)
    page.get_by_label("An act of violence may be close").check()
    page.get_by_label("What do you know").fill(motive)
    page.get_by_role("button", name="Open the case in an emergency").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Case {code}")
    expect(page.get_by_role("alert")).to_contain_text("left: it ends on")
