"""Default deny, headers, forged requests, sessions."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.models import WebSession
from tests.webui.site import Site
from webui.guard import permission_of
from webui.identity import wall_clock

PUBLIC = {
    "static",
    "sign_in.show",
    "sign_in.enter",
    "provider.begin",
    "provider.back",
    "provider.enter",
    "language.choose",
    "provider.left",
    "report.new",
    "report.create",
    "report.answer",
    "report.receipt",
    "report.look_up",
    "report.status",
    "health.show",
    "probe.live",
    "probe.ready",
}


def test_guard_knows_a_permission_for_every_address(site: Site) -> None:
    with site.app.app_context():
        missing = [
            rule.endpoint
            for rule in site.app.url_map.iter_rules()
            if permission_of(rule.endpoint) is None
        ]
    assert missing == []


def test_guard_lets_strangers_in_only_where_the_list_says(site: Site) -> None:
    with site.app.app_context():
        found = {
            rule.endpoint
            for rule in site.app.url_map.iter_rules()
            if (permission := permission_of(rule.endpoint)) and permission.action == "public"
        }
    assert found == PUBLIC


def test_guard_refuses_a_view_that_declares_nothing(site: Site) -> None:
    site.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert site.visit("intake.anna").get("/forgotten").status_code == 404


def test_guard_sends_strangers_to_the_sign_in_page(site: Site) -> None:
    stranger = site.visit()
    for path in ("/", "/cases", "/sessions", "/incidents", "/signals/new"):
        response = stranger.get(path)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sign-in")


def test_guard_answers_a_script_that_is_signed_out_with_401(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    response = site.visit().post(f"/work/{item.id}/draft", headers={"Accept": "application/json"})
    assert response.status_code == 401
    assert "Sign in" in response.get_json()["message"]


def test_guard_shows_the_same_for_unknown_and_not_permitted(site: Site) -> None:
    case = site.report()
    item = site.item(case, "check_source")
    peter = site.visit("police.peter")
    unknown = "00000000-0000-4000-8000-000000000000"
    for path, other in (
        (f"/cases/{case.code}", "/cases/2222-2222"),
        (f"/cases/{case.code}/plan", "/cases/2222-2222/plan"),
        (f"/work/{item.id}", f"/work/{unknown}"),
    ):
        known, absent = peter.get(path), peter.get(other)
        assert known.status_code == absent.status_code == 404
        # What was asked for comes back in the page; everything else is the same.
        assert known.text.replace(path, "") == absent.text.replace(other, "")


def test_guard_knows_no_options_requests(site: Site) -> None:
    assert site.visit("intake.anna").client.options("/").status_code == 405


def test_forged_request_is_refused_without_the_token(site: Site) -> None:
    anna = site.visit("intake.anna")
    assert anna.client.post("/sign-out").status_code == 400
    assert anna.get("/").status_code == 200


def test_forged_request_is_refused_from_another_site(site: Site) -> None:
    anna = site.visit("intake.anna")
    for origin in ("cross-site", "same-site"):
        response = anna.post("/sign-out", headers={"Sec-Fetch-Site": origin})
        assert response.status_code == 400


def test_token_of_one_session_is_worth_nothing_in_another(site: Site) -> None:
    anna, bram = site.visit("intake.anna"), site.visit("intake.bram")
    response = bram.client.post("/sign-out", data={"csrf_token": anna.csrf()})
    assert response.status_code == 400


def test_session_is_dead_on_the_next_request_after_signing_out(site: Site) -> None:
    anna = site.visit("intake.anna")
    stolen = site.visit()
    stolen.client.set_cookie("casetable", anna.client.get_cookie("casetable").value)
    assert stolen.get("/").status_code == 200
    anna.post("/sign-out")
    assert stolen.get("/").status_code == 302


@pytest.mark.parametrize(
    ("seen", "started"), [(timedelta(minutes=21), timedelta()), (timedelta(), timedelta(hours=10))]
)
def test_session_ends_when_idle_and_at_its_end(
    site: Site, seen: timedelta, started: timedelta
) -> None:
    anna = site.visit("intake.anna")
    with site.application.database.transaction() as session:
        for found in session.scalars(select(WebSession)).unique():
            found.seen_at = wall_clock() - seen
            found.ends_at = found.ends_at - started
    assert anna.get("/").status_code == 302


def test_session_is_dead_when_the_account_is_disabled(site: Site) -> None:
    anna = site.visit("intake.anna")
    with site.application.database.transaction() as session:
        site._account(session, "intake.anna").disabled_at = wall_clock()
    assert anna.get("/").status_code == 302


def test_sessions_of_others_are_closed_by_their_owner(site: Site) -> None:
    here, there = site.visit("intake.anna"), site.visit("intake.anna")
    assert "another browser" in (here.get("/sessions"), here.text())[1]
    here.post("/sessions/close-others")
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200


def test_sign_in_works_and_changes_the_cookie(site: Site) -> None:
    visitor = site.visit()
    visitor.get("/sign-in")
    before = visitor.client.get_cookie("casetable").value
    response = visitor.post(
        "/sign-in", {"username": "intake.anna", "password": "demonstration only", "next": "/cases"}
    )
    assert response.headers["Location"] == "/cases"
    assert visitor.client.get_cookie("casetable").value != before
    assert visitor.get("/").status_code == 200


def test_sign_in_says_the_same_for_a_wrong_name_and_a_wrong_password(site: Site) -> None:
    site.application.settings = replace(site.application.settings, demo=False)
    visitor = site.visit()
    answers = []
    for name in ("intake.anna", "intake.nobody"):
        response = visitor.post("/sign-in", {"username": name, "password": "wrong"})
        assert response.status_code == 422
        answers.append(response.get_data(as_text=True).replace(name, ""))
    assert answers[0] == answers[1]


def test_sign_in_slows_down_after_five_failures(site: Site) -> None:
    visitor = site.visit()
    for _ in range(5):
        visitor.post("/sign-in", {"username": "intake.anna", "password": "wrong"})
    right = {"username": "intake.anna", "password": "demonstration only"}
    assert visitor.post("/sign-in", right).status_code == 429


@pytest.mark.parametrize(
    "target", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "x"]
)
def test_sign_in_never_leads_elsewhere(site: Site, target: str) -> None:
    right = {"username": "intake.anna", "password": "demonstration only", "next": target}
    assert site.visit().post("/sign-in", right).headers["Location"] == "/"


def test_sign_in_lists_accounts_only_in_a_demonstration(site: Site) -> None:
    visitor = site.visit()
    visitor.get("/sign-in")
    assert "demonstration only" in visitor.text()
    site.application.settings = replace(site.application.settings, demo=False)
    visitor.get("/sign-in")
    assert "demonstration only" not in visitor.text()
    assert "intake.anna" not in visitor.text()


def test_host_that_is_not_ours_is_refused(site: Site) -> None:
    response = site.visit().get("/sign-in", headers={"Host": "elsewhere.example"})
    assert response.status_code == 400


def test_body_that_is_too_large_is_refused(site: Site) -> None:
    response = site.visit().post("/report", {"text": "x" * 2_000_000})
    assert response.status_code == 413


def test_error_page_names_the_request_and_nothing_else(site: Site) -> None:
    def broken() -> str:
        raise RuntimeError("secret detail")

    from webui.guard import public

    site.app.add_url_rule("/broken", "broken", public(broken))
    response = site.visit().get("/broken")
    assert response.status_code == 500
    assert response.headers["X-Request-Id"] in response.text
    assert "secret detail" not in response.text


def test_health_answers_without_content(site: Site) -> None:
    answer = site.visit().get("/health")
    assert answer.status_code == 200
    assert answer.get_json()["status"] == "ok"
    assert "jobs_waiting" in answer.get_json()
