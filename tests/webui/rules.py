"""What is true of every response and every page that any test visits."""

from collections import Counter

from lxml import html
from werkzeug.test import TestResponse

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

LONGEST_COOKIE = 4096
"""Bytes of name and value; browsers drop longer ones without a word (V3.3.5)."""


def check_response(response: TestResponse) -> None:
    """Check the headers of any response, and the markup of a page."""
    for name, value in HEADERS.items():
        assert response.headers.get(name) == value, f"{name} is missing: {response.request.path}"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    # These two are not covered by the default.
    assert "base-uri 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    # Nothing of somebody else's machine: no host and no scheme beside pictures in the page itself.
    assert "//" not in policy, policy
    assert "*" not in policy, policy
    # V3.4.2: no other site reads an answer.
    assert not [name for name, _ in response.headers if name.startswith("Access-Control-")]
    # V3.5.6, V3.5.7: scripts are built files, the same for everybody.
    if "javascript" in response.mimetype:
        assert response.request.path.startswith("/static/build/"), response.request.path
    assert response.headers["X-Request-Id"]
    if response.mimetype.startswith("text/"):
        assert response.mimetype_params.get("charset") == "utf-8", response.request.path
    if not response.request.path.startswith("/static/"):
        assert response.headers["Cache-Control"] == "no-store"
    for cookie in response.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert len(cookie.partition(";")[0]) < LONGEST_COOKIE
    if response.mimetype == "text/html" and response.status_code != 302:
        check_page(response.get_data(as_text=True), response.request.path)


def check_page(text: str, path: str) -> None:
    """Check one page: language, headings, labels, ids, tokens, no inline script or style."""
    page = html.document_fromstring(text)
    assert page.get("lang"), path
    assert page.findtext(".//title").strip().rstrip("·").strip(), path
    assert len(page.findall(".//h1")) == 1, f"{path} has {len(page.findall('.//h1'))} h1"
    ids = Counter(node.get("id") for node in page.xpath("//*[@id]"))
    assert not [found for found, count in ids.items() if count > 1], path
    _check_labels(page, path)
    for form in page.xpath("//form[translate(@method,'POST','post')='post']"):
        assert form.xpath(".//input[@name='csrf_token'][string-length(@value)>20]"), path
    assert not page.xpath("//script[not(@src)] | //style | //*[@style]"), path
    assert not [a for node in page.iter() for a in node.attrib if a.startswith("on")], path
    for node in page.xpath("//*[@aria-describedby or @aria-labelledby]"):
        for name in ("aria-describedby", "aria-labelledby"):
            for target in node.get(name, "").split():
                assert target in ids, f"{path}: {name} names {target}, which is not there"


def _check_labels(page: html.HtmlElement, path: str) -> None:
    labelled = set(page.xpath("//label/@for"))
    for control in page.xpath("//input | //select | //textarea"):
        if control.get("type") in {"hidden", "submit"}:
            continue
        assert control.get("id") in labelled or control.get("aria-label"), (
            f"{path}: {control.get('name')} has no label"
        )
    for button in page.xpath("//button"):
        assert button.text_content().strip() or button.get("aria-label"), path
