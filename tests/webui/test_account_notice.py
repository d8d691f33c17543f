"""What people are told about their own account: by mail and on their page (V6.3.7)."""

import email
import email.policy
from dataclasses import replace

import pyotp
import pytest
from sqlalchemy import select

import tasks  # noqa: F401 - the mails are sent by it
from engine import administration, due
from engine.models import AccountEvent, AuditEntry, Case, Job
from tests.webui.authenticator import ORIGIN, Authenticator
from tests.webui.site import Site, Visitor
from webui import identity

ANNA = "intake.anna"
OLD = "demonstration only"
NEW = "seven wet birds on a chair"
OWN = "eleven slow boats under the moon"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def sign_in(visitor: Visitor, password: str = OLD) -> int:
    data = {"username": ANNA, "password": password}
    return visitor.post("/sign-in", data, headers={"User-Agent": FIREFOX}).status_code


def kinds(site: Site) -> list[str]:
    """Return what was noted, sorted: on the test clock all of it happens at one instant."""
    with site.application.database.reading() as session:
        return sorted(session.scalars(select(AccountEvent.kind)))


def mails(site: Site) -> list[tuple[str, str, str]]:
    """Let the worker send what is owed; return receiver, subject and text of each mail."""
    due.run_due(site.application)
    found = []
    for path in sorted((site.application.settings.data_dir / "mail").glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found.append((str(mail["To"]), str(mail["Subject"]), str(mail.get_content())))
    return found


def test_new_browser_is_told_once_with_what_it_was(site: Site) -> None:
    here = site.visit()
    assert sign_in(here) == 302
    here.post("/sign-out")
    assert sign_in(here) == 302
    assert kinds(site) == ["account_new_browser"]
    here.get("/sessions")
    assert "You signed in from a new browserFirefox on Linux" in here.text()
    assert [(to, subject) for to, subject, _ in mails(site)] == [
        ("intake.anna@example.org", "You signed in from a new browser")
    ]
    assert sign_in(site.visit()) == 302
    assert kinds(site) == ["account_new_browser"] * 2
    with site.application.database.reading() as session:
        events = list(session.scalars(select(AuditEntry.event)))
    assert events.count("account:browser:new") == 2


def test_wrong_password_tells_nobody(site: Site) -> None:
    assert sign_in(site.visit(), "wrong") == 422
    assert kinds(site) == []
    assert mails(site) == []


def test_new_password_is_told_and_this_browser_is_not_new_by_it(site: Site) -> None:
    here = site.visit()
    sign_in(here)
    here.post("/account/password", {"new": "short", "again": "short"})
    here.post("/account/password", {"new": NEW, "again": NEW})
    here.post("/sign-out")
    assert sign_in(here, NEW) == 302
    assert kinds(site) == ["account_new_browser", "account_password"]
    assert "Your password was changed" in {subject for _, subject, _ in mails(site)}


def test_each_change_of_the_factor_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = identity.wall_clock()
    monkeypatch.setattr(identity, "wall_clock", lambda: moment)
    site.application.settings = replace(site.application.settings, base_url=ORIGIN)
    here = site.visit(ANNA)
    here.post("/account/second-factor/begin")
    here.get("/account/second-factor/new")
    assert here.page is not None
    secret = here.page.xpath("//code[@class='secret']")[0].text_content().replace(" ", "")
    here.post("/account/second-factor/new", {"code": "000"})
    assert kinds(site) == []
    here.post("/account/second-factor/new", {"code": pyotp.TOTP(secret).at(moment)})
    here.get("/account/security-keys/new")
    answer = Authenticator().make(here.page.xpath("//form/@data-asked")[0])
    here.post("/account/security-keys/new", {"name": "blue", "credential": answer})
    here.post("/account/second-factor/remove")
    here.get("/account/second-factor")
    remove = here.page.xpath("//form/@action[contains(., 'security-keys')]")[0]
    here.post(remove)
    assert kinds(site) == ["account_factor"] * 2 + ["account_factor_removed"] * 2
    assert len(mails(site)) == 4


def test_what_two_others_did_is_told(site: Site) -> None:
    with site.application.database.transaction() as session:
        now = site.application.now(session)
        administration.reset_password(session, ANNA, NEW, "head.greta", "process.daan", now)
    assert [subject for _, subject, _ in mails(site)] == [
        "Two colleagues set a new password for you"
    ]
    here = site.visit(ANNA)
    here.get("/account/password")
    here.post("/account/password", {"new": OWN, "again": OWN})
    here.get("/sessions")
    assert "Two colleagues set a new password for you" in here.text()


def test_mail_about_an_account_names_no_case_person_or_code(site: Site) -> None:
    case = site.report("A teacher is worried about a pupil.")
    with site.application.database.transaction() as session:
        for job in session.scalars(select(Job)):
            job.state = "void"
    sign_in(site.visit())
    with site.application.database.reading() as session:
        code = session.get_one(Case, case.id).code
    text = " ".join(mails(site)[0])
    assert len(mails(site)) == 1
    for word in (code, ANNA + " ", "Anna", OLD, "case", "Firefox", "radical", "teacher"):
        assert word not in text
    assert "close all other sessions" in text


def test_one_sees_only_what_happened_to_oneself(site: Site) -> None:
    sign_in(site.visit())
    bram = site.visit("intake.bram")
    bram.get("/sessions")
    assert "from a new browser" not in bram.text()
    assert "Nothing yet." in bram.text()
