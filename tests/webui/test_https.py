"""What holds when the pages are served for the real world: cookies, headers, proxies (S7)."""

from dataclasses import replace

import pytest

from engine.application import Application
from tests.webui.site import Site
from webui.application import create_app

HOST = "cases.example.org"
PASSWORD_PAGES = (
    (None, "/sign-in"),
    ("intake.anna", "/account/password"),
    ("intake.anna", "/confirm"),
)


def _secure(application: Application, proxies: int = 0) -> Site:
    settings = replace(application.settings, base_url=f"https://{HOST}", proxies=proxies)
    application.settings = settings
    return Site(application, create_app(application))


def test_cookie_belongs_to_this_host_and_to_https_alone(application: Application) -> None:
    client = _secure(application).app.test_client()
    answer = client.get("/sign-in", base_url=f"https://{HOST}")
    cookies = answer.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "; Secure" in cookie
        assert "; Path=/" in cookie
        assert "Domain" not in cookie


def test_browser_is_told_to_come_by_https_for_two_years(application: Application) -> None:
    client = _secure(application).app.test_client()
    for path in ("/sign-in", "/no-such-page", "/static/none.js"):
        answer = client.get(path, base_url=f"https://{HOST}")
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def _address_and_host(site: Site, **headers: str) -> tuple[str | None, str]:
    """Return whom the pages take the visitor for, and which host they were asked for."""
    with site.app.test_client() as client:
        from flask import request

        client.get("/health", base_url=f"https://{HOST}", headers=headers)
        return request.remote_addr, request.host


def test_forwarding_headers_are_believed_from_the_set_proxies_alone(
    application: Application,
) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"}
    assert _address_and_host(_secure(application), **forged) == ("127.0.0.1", HOST)
    chain = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    assert _address_and_host(_secure(application, proxies=1), **chain)[0] == "198.51.100.7"


@pytest.mark.parametrize(("who", "path"), PASSWORD_PAGES)
def test_passwords_are_typed_unseen_and_password_managers_know_them(
    site: Site, who: str | None, path: str
) -> None:
    visitor = site.visit(who)
    visitor.get(path)
    assert visitor.page is not None
    typed = visitor.page.xpath("//main//input[not(@type='hidden' or @type='checkbox')]")
    fields = [field for field in typed if "password" in field.get("autocomplete", "")]
    assert fields
    assert {field.get("type") for field in fields} == {"password"}
    assert {field.get("autocomplete") for field in fields} <= {"current-password", "new-password"}
    others = [field for field in typed if field not in fields]
    assert all(field.get("type") != "password" for field in others)


def test_browser_forgets_the_pages_when_somebody_signs_out(site: Site) -> None:
    answer = site.visit("intake.anna").post("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
