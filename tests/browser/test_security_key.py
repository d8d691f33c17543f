"""A security key at a real browser: Chromium's own virtual authenticator signs (S9)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from engine import accounts, factor
from tests.browser.accessibility import AXE, too_wide, violations
from tests.browser.house import House
from tests.browser.person import Album, Person
from tests.webui.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
YARA = "youth.yara"


@pytest.fixture
def named(site: Site, address: str, tmp_path: Path) -> House:
    """The pages under a name: browsers offer no keys at a number."""
    found = address.replace("127.0.0.1", "localhost")
    site.application.settings = replace(
        site.application.settings, base_url=found, require_second_factor=True
    )
    return House(found, tmp_path)


class Key:
    """A virtual key that is plugged into the browser of a person."""

    def __init__(self, person: Person) -> None:
        self.devtools = person.context.new_cdp_session(person.page)
        self.devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        answer = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.id = answer["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        found = self.devtools.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return list(found["credentials"])

    def pull_out(self) -> None:
        self.devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})


def _type_password(person: Person) -> None:
    page = person.page
    page.goto("/sign-in")
    page.get_by_label("User name").fill(YARA)
    page.get_by_label("Password").fill("demonstration only")
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_security_key_is_set_up_and_signs_in_under_the_strict_policy(
    browser: Browser, named: House, site: Site, album: Album
) -> None:
    yara = Person(browser, named)
    page, key = yara.page, Key(yara)
    _type_password(yara)
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up your second factor")
    page.get_by_label("Name of the key").fill("blue key")
    album.take(yara, "first_factor", narrow=True)
    page.get_by_role("button", name="Add the key and sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    assert page.locator(".recovery-codes code").count() == 10
    page.get_by_role("link", name="I have kept them").click()
    assert [found["rpId"] for found in key.credentials()] == ["localhost"]
    page.goto("/account/second-factor")
    expect(page.get_by_role("rowheader", name="blue key")).to_be_visible()
    album.take(yara, "factor", narrow=True)
    page.get_by_role("link", name="Add a security key").click()
    page.get_by_label("Name of the key").fill("the same once more")
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_text("This key is set up already")).to_be_visible()
    album.take(yara, "new_key", narrow=True)
    yara.sign_out()
    _type_password(yara)
    expect(page.get_by_role("heading", level=1)).to_have_text("Use your security key")
    album.take(yara, "second_step", narrow=True)
    page.get_by_role("button", name="Use my security key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
    assert key.credentials()[0]["signCount"] >= 2
    page.goto("/sessions")
    album.take(yara, "sessions", narrow=True)
    yara.sign_out()
    key.pull_out()
    stranger = Key(yara)
    _type_password(yara)
    page.get_by_role("button", name="Use my security key").click()
    expect(page.get_by_text("No key answered.")).to_be_visible()
    assert stranger.credentials() == []
    with site.application.database.reading() as session:
        me = accounts.find_account(session, YARA).id
        assert factor.find_factor(session, me) is None
        assert factor.has_factor(session, me)
    assert yara.complaints == []
    yara.leave()


def test_pages_of_security_keys_are_for_everybody(browser: Browser, named: House) -> None:
    # The policy is put aside here for the checker alone; the test above runs under it.
    yara = Person(browser, named, bypass_csp=True)
    page, found = yara.page, []

    def look() -> None:
        found.extend([*(violations(page) if AXE.exists() else []), *too_wide(page)])

    Key(yara)
    _type_password(yara)
    look()
    page.get_by_label("Name of the key").fill("blue key")
    page.get_by_role("button", name="Add the key and sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    for path in ("/account/second-factor", "/account/security-keys/new", "/sessions"):
        page.goto(path)
        look()
    yara.sign_out()
    _type_password(yara)
    look()
    assert found == []
    yara.leave()
