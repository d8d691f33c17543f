"""Where keys are required of everybody, codes of an app are not enough any more (S9)."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import select

from engine.errors import SettingsError
from engine.models import RecoveryCode, SecurityKey, TotpFactor
from engine.settings import load_settings
from tests.webui.authenticator import ORIGIN, Authenticator
from tests.webui.site import Site, Visitor
from tests.webui.test_second_factor import ANNA, at_second_step, code_of, enrolled
from tests.webui.test_security_key import KEY, add_key, asked
from webui import identity

SET_UP = "/sign-in/set-up"
RIGHT = {"username": ANNA, "password": "demonstration only"}


@pytest.fixture(autouse=True)
def _required(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = identity.wall_clock()
    monkeypatch.setattr(identity, "wall_clock", lambda: moment)
    site.application.settings = replace(
        site.application.settings,
        base_url=ORIGIN,
        require_second_factor=True,
        require_security_key=True,
    )


def is_in(visitor: Visitor) -> bool:
    return bool(visitor.client.get("/").status_code == 200)


def make_key(visitor: Visitor, key: Authenticator) -> dict[str, str]:
    return {"name": "blue key", "credential": key.make(asked(visitor))}


def stored(site: Site, table: type[SecurityKey | TotpFactor | RecoveryCode]) -> int:
    with site.application.database.reading() as session:
        return len(session.scalars(select(table)).all())


def test_whoever_has_no_factor_is_led_to_a_key_and_offered_no_app(site: Site) -> None:
    visitor, key = site.visit(), Authenticator()
    assert visitor.post("/sign-in", RIGHT).headers["Location"] == SET_UP
    visitor.get(SET_UP)
    assert visitor.page is not None
    assert not visitor.page.xpath("//input[@name='code'] | //code[@class='secret'] | //main//img")
    answer = visitor.post(SET_UP, {"code": "123456"})
    assert answer.status_code == 409
    assert stored(site, TotpFactor) == 0
    assert not is_in(visitor)
    visitor.get(SET_UP)
    assert visitor.post(f"{SET_UP}/key", make_key(visitor, key)).status_code == 200
    assert len(visitor.page.xpath("//ul[@class='recovery-codes']//code")) == 10
    assert is_in(visitor)


def test_code_of_an_app_leads_to_a_key_and_no_further(site: Site) -> None:
    secret, codes = enrolled(site)
    visitor, key = at_second_step(site), Authenticator()
    # The password alone does not lead there: somebody else could add a key with it.
    assert visitor.get(SET_UP).status_code == 302
    assert visitor.post(f"{SET_UP}/key", {"name": "x", "credential": "{}"}).status_code == 302
    visitor = at_second_step(site)
    answer = visitor.post("/sign-in/code", {"code": code_of(secret), "next": "/cases"})
    assert answer.headers["Location"] == f"{SET_UP}?next=/cases"
    assert not is_in(visitor)
    visitor.get(answer.headers["Location"])
    assert "codes of your app are not enough here any more" in visitor.text()
    answer = visitor.post(f"{SET_UP}/key", {**make_key(visitor, key), "next": "/cases"})
    assert answer.headers["Location"] == "/cases"
    assert is_in(visitor)
    assert stored(site, RecoveryCode) == len(codes)
    again = at_second_step(site)
    again.get("/sign-in/code")
    assert "Code from your app" not in again.text()
    # The code of the app is worth nothing beside the key.
    newer = code_of(secret, steps=1)
    assert again.post("/sign-in/code", {"code": newer}).status_code == 422
    again.get("/sign-in/code")
    assert again.post(KEY, {"credential": key.sign(asked(again))}).status_code == 302
    assert is_in(again)


def test_recovery_code_still_helps_once(site: Site) -> None:
    _, codes = enrolled(site)
    add_key(site)
    visitor = at_second_step(site)
    assert visitor.post("/sign-in/code", {"code": codes[0]}).headers["Location"] == "/"
    visitor.get("/")
    assert "9 recovery codes are left" in visitor.text()
    assert at_second_step(site).post("/sign-in/code", {"code": codes[0]}).status_code == 422


def test_recovery_code_of_whoever_has_no_key_leads_to_a_key(site: Site) -> None:
    _, codes = enrolled(site)
    visitor = at_second_step(site)
    assert visitor.post("/sign-in/code", {"code": codes[0]}).headers["Location"] == SET_UP
    assert not is_in(visitor)


def test_two_who_know_password_and_code_do_not_both_add_a_key(site: Site) -> None:
    secret, codes = enrolled(site)
    first, second = at_second_step(site), at_second_step(site)
    forms = []
    for visitor, code in ((first, code_of(secret)), (second, codes[0])):
        visitor.post("/sign-in/code", {"code": code})
        visitor.get(SET_UP)
        forms.append(make_key(visitor, Authenticator()))
    assert first.post(f"{SET_UP}/key", forms[0]).status_code == 302
    assert second.post(f"{SET_UP}/key", forms[1]).headers["Location"].startswith("/sign-in")
    assert not is_in(second)
    assert stored(site, SecurityKey) == 1


def test_own_page_offers_no_app_and_keeps_the_last_key(site: Site) -> None:
    enrolled(site)
    visitor = site.visit(ANNA)
    add_key(site, visitor=visitor)
    visitor.get("/account/second-factor")
    assert "It is not asked for any more" in visitor.text()
    assert "Set up another app" not in visitor.text()
    for path in ("begin", "new"):
        assert visitor.post(f"/account/second-factor/{path}").status_code == 409
    with site.application.database.reading() as session:
        key_id = session.scalars(select(SecurityKey.id)).one()
    assert visitor.post(f"/account/security-keys/{key_id}/remove").status_code == 409
    assert visitor.post("/account/second-factor/remove").status_code == 302
    assert (stored(site, SecurityKey), stored(site, TotpFactor)) == (1, 0)
    visitor.get("/account/second-factor")
    assert "App for codes" not in visitor.text()


@pytest.mark.parametrize(
    ("base_url", "is_taken"),
    [
        ("https://casetable.example.org", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1:8080", False),
        ("https://10.0.0.7", False),
        ("http://casetable.example.org", False),
    ],
)
def test_keys_are_required_only_where_browsers_offer_them(base_url: str, is_taken: bool) -> None:
    given: Mapping[str, str] = {
        "CASETABLE_REQUIRE_SECURITY_KEY": "yes",
        "CASETABLE_BASE_URL": base_url,
        "CASETABLE_SECRET_KEY": "x" * 48,
    }
    if is_taken:
        settings = load_settings(given)
        # Also in a demonstration, where no second factor is required by itself.
        assert settings.require_second_factor
    else:
        with pytest.raises(SettingsError, match="security keys need https and a name"):
            load_settings(given)
