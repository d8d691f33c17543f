"""What the pages give away beside what they are for, and what is on record of signing in."""

import json
import re
from dataclasses import replace

import pytest

from engine import log
from engine.settings import ROOT
from tests.webui.site import Site
from tests.webui.test_second_factor import RIGHT, at_second_step, code_of, enrolled
from webui.frontend_build import FRONTEND


@pytest.mark.parametrize(
    "path",
    [
        "/.git/HEAD",
        "/.git/",
        "/static/../../.git/HEAD",
        "/static/%2e%2e/%2e%2e/.git/HEAD",
        "/static/",
        "/static/build/",
        "/static/build",
        "/static/../application.py",
        "/pyproject.toml",
        "/requirements.lock",
        "/console",
    ],
)
def test_files_of_the_program_and_lists_of_folders_are_not_served(site: Site, path: str) -> None:
    answer = site.visit().client.get(path)
    assert answer.status_code == 404
    assert b"ref:" not in answer.data


def test_pages_run_without_the_debugger(site: Site) -> None:
    assert site.app.debug is False
    assert not site.app.config["TESTING"]
    assert not site.app.config["PROPAGATE_EXCEPTIONS"]


def test_methods_that_nobody_needs_are_refused(site: Site) -> None:
    client = site.visit("intake.anna").client
    for method in ("TRACE", "TRACK", "CONNECT", "OPTIONS", "PUT", "DELETE", "PROPFIND"):
        for path in ("/", "/sign-in", "/report", "/health"):
            assert client.open(path, method=method).status_code in {400, 405}, (method, path)


def test_every_page_of_somebody_signed_in_offers_to_sign_out(site: Site) -> None:
    visitor = site.visit("intake.anna")
    seen = 0
    for rule in site.app.url_map.iter_rules():
        if rule.arguments or "GET" not in (rule.methods or ()):
            continue
        answer = visitor.get(rule.rule)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            assert visitor.page is not None
            # The pages on the way into a session are of nobody who is signed in.
            if not rule.rule.startswith(("/report", "/sign-in")):
                assert visitor.page.xpath("//form[@action='/sign-out']"), rule.rule
                seen += 1
    assert seen > 8


def test_scripts_write_text_and_never_markup() -> None:
    """What somebody typed comes to the page as text: nothing makes markup of a string (V3.2.2)."""
    markup = re.compile(r"\.(innerHTML|outerHTML)\s*\+?=|insertAdjacentHTML|document\.write|eval\(")
    sources = sorted((FRONTEND / "src").rglob("*.js"))
    assert len(sources) > 5
    for path in sources:
        found = markup.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path.relative_to(ROOT)}: use textContent instead of {found}"


def test_scripts_keep_nothing_and_listen_to_no_other_window() -> None:
    """V14.3.3, V3.5.5: at a shared desk nothing stays; what other windows say is not heard."""
    kept = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.open")
    heard = re.compile(r"postMessage|onmessage|addEventListener\(\s*[\"']message|\.opener\b")
    sources = [path.read_text("utf-8") for path in sorted((FRONTEND / "src").rglob("*.js"))]
    assert len(sources) > 5
    for text in sources:
        assert not kept.findall(text)
        assert not heard.findall(text)


def test_files_that_are_served_are_of_few_kinds() -> None:
    """V13.4.7: a source, a setting or a backup that falls into the folder breaks this."""
    served = [path for path in (ROOT / "webui/static").rglob("*") if path.is_file()]
    # The stamp of the build is one hash of what it was made of.
    kinds = {path.suffix for path in served if path.name != ".stamp"}
    assert {".js", ".css"} <= kinds <= {".js", ".css", ".svg", ".woff2", ".json", ".txt"}


def test_answers_name_no_program_and_no_version(site: Site) -> None:
    """V13.4.6: neither headers nor the pages for errors, whoever asks."""
    names = re.compile(
        r"gunicorn|werkzeug|flask|python/|postgres|sqlite|sqlalchemy|jinja|celery", re.IGNORECASE
    )
    site.application.settings = replace(site.application.settings, demo=False)
    for visitor in (site.visit(), site.visit("intake.anna")):
        for path in ("/", "/sign-in", "/health", "/no-such-page", "/static/build/none.js"):
            answer = visitor.client.get(path, environ_base={"REMOTE_ADDR": "203.0.113.9"})
            told = "\n".join(f"{name}: {value}" for name, value in answer.headers)
            assert not names.search(told), told
            assert not names.search(answer.get_data(as_text=True)), path


def test_signing_in_is_logged_right_or_wrong_without_what_was_typed(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    log.configure()
    secret, _ = enrolled(site)
    stranger = site.visit()
    stranger.post("/sign-in", {"username": "my passphrase is", "password": "typed in haste"})
    stranger.post("/sign-in", {**RIGHT, "password": "typed in haste"})
    visitor = at_second_step(site)
    visitor.post("/sign-in/code", {"code": "000 000"})
    visitor.post("/sign-in/key", {"credential": "{}"})
    visitor.post("/sign-in/code", {"code": code_of(secret)})
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "sign" in line]
    told = [(line["event"], line.get("kind")) for line in lines]
    assert told == [
        ("sign_in_failed", "password"),
        ("sign_in_failed", "password"),
        ("sign_in_failed", "code"),
        ("sign_in_failed", "key"),
        ("signed_in", None),
    ]
    with site.application.database.reading() as session:
        anna = str(site._account(session, "intake.anna").id)
    assert [line.get("id") for line in lines] == [None, None, anna, anna, anna]
    assert all(line["request_id"] and line["time"] for line in lines)
    everything = json.dumps(lines)
    assert "passphrase" not in everything
    assert "haste" not in everything
