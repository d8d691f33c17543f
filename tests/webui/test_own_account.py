"""One's own password and sessions, typing the password again, who is slowed down (S8, S10, S11)."""

from datetime import timedelta

from sqlalchemy import select

from engine import administration
from engine.models import AuditEntry, WebSession
from tests.webui.site import Site, Visitor
from webui.application import create_app
from webui.identity import wall_clock

ANNA = "intake.anna"
OLD = "demonstration only"
NEW = "seven wet birds on a chair"
OWN = "eleven slow boats under the moon"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def sign_in(visitor: Visitor, password: str, **options: object) -> int:
    data = {"username": ANNA, "password": password}
    return visitor.post("/sign-in", data, **options).status_code


def cookie(visitor: Visitor) -> str:
    found = visitor.client.get_cookie("casetable")
    assert found is not None
    return found.value


def make_stale(site: Site) -> None:
    with site.application.database.transaction() as session:
        for found in session.scalars(select(WebSession)).unique():
            found.confirmed_at = wall_clock() - timedelta(minutes=6)


def test_password_is_changed_and_every_other_session_dies(site: Site) -> None:
    here, there = site.visit(ANNA), site.visit(ANNA)
    thief = site.visit()
    thief.client.set_cookie("casetable", cookie(here))
    here.get("/account/password")
    answer = here.post("/account/password", {"new": NEW, "again": NEW})
    assert answer.headers["Location"] == "/sessions"
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == thief.get("/").status_code == 302
    assert sign_in(site.visit(), OLD) == 422
    assert sign_in(site.visit(), NEW) == 302
    with site.application.database.reading() as session:
        assert "account:password:change" in set(session.scalars(select(AuditEntry.event)))


def test_password_that_others_set_is_changed_before_anything_else(site: Site) -> None:
    with site.application.database.transaction() as session:
        now = site.application.now(session)
        administration.reset_password(session, ANNA, NEW, "head.greta", "process.daan", now)
    here = site.visit()
    assert sign_in(here, NEW) == 302
    for path in ("/", "/cases", "/sessions", "/signals/new", "/account/second-factor"):
        assert here.get(path).headers["Location"] == "/account/password", path
    here.get("/account/password")
    assert "Choose your own password" in here.text()
    assert here.post("/absences", {}).headers["Location"] == "/account/password"
    here.get("/account/password")
    assert here.post("/account/password", {"new": NEW, "again": NEW}).status_code == 422
    here.post("/account/password", {"new": OWN, "again": OWN})
    assert here.get("/").status_code == 200
    assert sign_in(site.visit(), OWN) == 302


def test_password_that_is_not_taken_changes_nothing(site: Site) -> None:
    here, there = site.visit(ANNA), site.visit(ANNA)
    for new, again, says in (
        ("short", "short", "15 to 128"),
        ("intake.anna in the rain", "intake.anna in the rain", "user name"),
        (NEW, NEW + "!", "not the same"),
    ):
        answer = here.post("/account/password", {"new": new, "again": again})
        assert answer.status_code == 422
        assert says in here.text()
        assert new not in answer.text
    assert there.get("/").status_code == 200
    assert sign_in(site.visit(), OLD) == 302


def test_password_is_asked_for_again_and_the_cookie_changes(site: Site) -> None:
    here, thief = site.visit(ANNA), site.visit()
    thief.client.set_cookie("casetable", cookie(here))
    make_stale(site)
    for method in (here.get, here.post):
        answer = method("/account/password")
        assert answer.headers["Location"] == "/confirm?next=/account/password"
    assert here.post("/confirm", {"password": "wrong"}).status_code == 422
    assert here.get("/account/password").status_code == 302
    answer = here.post("/confirm", {"password": OLD, "next": "/account/password"})
    assert answer.headers["Location"] == "/account/password"
    assert here.get("/account/password").status_code == 200
    assert thief.get("/").status_code == 302


def test_password_typed_again_leads_nowhere_else(site: Site) -> None:
    here = site.visit(ANNA)
    answer = here.post("/confirm", {"password": OLD, "next": "//elsewhere.example"})
    assert answer.headers["Location"] == "/"


def test_sessions_are_shown_with_their_browsers_and_closed_singly(site: Site) -> None:
    here, there, third = site.visit(ANNA), site.visit(), site.visit(ANNA)
    sign_in(there, OLD, headers={"User-Agent": FIREFOX})
    here.get("/sessions")
    assert "Firefox on Linux" in here.text()
    assert here.page is not None
    button = here.page.xpath("//form[.//button[contains(@aria-label,'Firefox on Linux')]]/@action")
    assert here.post(button[0]).status_code == 302
    assert there.get("/").status_code == 302
    assert third.get("/").status_code == here.get("/").status_code == 200
    assert here.post(button[0]).status_code == 404


def test_session_of_another_person_cannot_be_closed(site: Site) -> None:
    anna, bram = site.visit(ANNA), site.visit("intake.bram")
    with site.application.database.reading() as session:
        rows = session.scalars(select(WebSession)).unique()
        of_anna = next(row.id for row in rows if row.account.username == ANNA)
    assert bram.post(f"/sessions/{of_anna}/close").status_code == 404
    assert anna.get("/").status_code == 200


def test_failures_are_shared_by_processes_and_restarts(site: Site) -> None:
    for _ in range(5):
        assert sign_in(site.visit(), "wrong") == 422
    another = Site(site.application, create_app(site.application))
    assert sign_in(another.visit(), OLD) == 429


def test_unknown_name_is_slowed_down_like_a_known_one(site: Site) -> None:
    answers = []
    for name in ("intake.bram", "intake.nobody"):
        visitor = Visitor(site.app)
        codes = [
            visitor.post("/sign-in", {"username": name, "password": "wrong"}).status_code
            for _ in range(6)
        ]
        answers.append(codes)
    assert answers[0][:5] == answers[1][:5] == [422] * 5
    assert answers[0][5] == answers[1][5] == 429


def test_address_is_slowed_down_after_ten_failures(site: Site) -> None:
    visitor = site.visit()
    for number in range(10):
        data = {"username": f"nobody.{number}", "password": "wrong"}
        assert visitor.post("/sign-in", data).status_code == 422
    assert sign_in(visitor, OLD) == 429
    assert sign_in(site.visit(), OLD, environ_base={"REMOTE_ADDR": "192.0.2.7"}) == 302


def test_failures_of_a_stranger_keep_nobody_from_working(site: Site) -> None:
    working = site.visit(ANNA)
    for _ in range(6):
        sign_in(site.visit(), "wrong")
    assert working.get("/").status_code == 200
    assert working.post("/confirm", {"password": OLD, "next": "/cases"}).status_code == 302
    assert working.get("/sessions").status_code == 200


def test_browser_in_which_one_signed_in_before_is_not_locked_out_by_strangers(site: Site) -> None:
    mine = site.visit()
    assert sign_in(mine, OLD) == 302
    mine.post("/sign-out")
    for _ in range(6):
        sign_in(site.visit(), "wrong")
    assert sign_in(site.visit(), OLD) == 429
    assert sign_in(mine, OLD) == 302
    mine.post("/sign-out")
    for _ in range(5):
        assert sign_in(mine, "wrong") == 422
    assert sign_in(mine, OLD) == 429


def test_browser_is_known_for_one_person_and_one_password(site: Site) -> None:
    mine = site.visit()
    sign_in(mine, OLD)
    before = mine.client.get_cookie("casetable-known")
    assert before is not None
    mine.post("/account/password", {"new": NEW, "again": NEW})
    mine.post("/sign-out")
    for name in (ANNA, "intake.bram"):
        thief = site.visit()
        thief.client.set_cookie("casetable-known", before.value)
        for _ in range(5):
            thief.post("/sign-in", {"username": name, "password": "wrong"})
        data = {"username": name, "password": NEW if name == ANNA else OLD}
        assert thief.post("/sign-in", data).status_code == 429
        assert site.visit().post("/sign-in", data).status_code == 429
    assert sign_in(mine, NEW) == 302


def test_password_typed_again_wrongly_is_slowed_down(site: Site) -> None:
    here = site.visit(ANNA)
    for _ in range(5):
        assert here.post("/confirm", {"password": "wrong"}).status_code == 422
    assert here.post("/confirm", {"password": OLD}).status_code == 429


def test_signing_in_again_ends_the_former_session_of_the_browser(site: Site) -> None:
    here, thief = site.visit(ANNA), site.visit()
    thief.client.set_cookie("casetable", cookie(here))
    assert sign_in(here, OLD) == 302
    assert here.get("/").status_code == 200
    assert thief.get("/").status_code == 302
