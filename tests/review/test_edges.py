"""The edge of the pages: hostile requests, kind sentences for refusals, nothing in other hands."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from engine.application import Application
from engine.cases import request_reopening
from engine.clock import SystemClock
from engine.database import Database
from engine.errors import ConflictError, NotFoundError
from engine.lock import lock_instance
from engine.models import (
    AccountRole,
    Case,
    Draft,
    Episode,
    FormSubmission,
    ProcessInstance,
    WorkItem,
)
from engine.turn import Turn
from tests.conftest import make_settings
from tests.webui.site import Site, Visitor
from tests.webui.story import tell
from tests.webui.test_case import tell_to_route
from webui.application import create_app

CHECKED = {
    "source_kind": "professional",
    "first_hand": "yes",
    "source_reliability": "reliable",
    "conflict_behind": "no",
    "source_summary": "Saw it herself.",
}
TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
TO_DECISION = (*TO_PLAN, "implementation_to_closure", "closure_to_monitoring")


def _send(visitor: Visitor, item: WorkItem, **answers: str) -> Any:
    visitor.get(f"/work/{item.id}")
    key = visitor.hidden("_key")
    return visitor.post(f"/work/{item.id}", {"action": "submit", "_key": key, **answers})


def _give_role(site: Site, username: str, role: str) -> None:
    with site.application.database.transaction() as session:
        account = site._account(session, username)
        session.add(AccountRole(account_id=account.id, role=role))


def _count(site: Site, table: Any) -> int:
    with site.application.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_two_steps_of_one_person_are_refused_in_a_sentence_and_the_answer_stays(site: Site) -> None:
    _give_role(site, "intake.anna", "chair")
    case = site.report()
    tell_to_route(site, case)
    before = _count(site, FormSubmission)
    wanted = {
        "enough_information": "yes",
        "route": "multi_agency",
        "necessity": "More than one agency is needed.",
        "proportionality": "Nothing lighter helps.",
        "reasons": "All of this was typed.",
        "deviation": "Seen otherwise.",
    }
    anna = site.visit("intake.anna")
    response = _send(anna, site.item(case, "decide_route"), **wanted)
    assert response.status_code == 422, response.status_code
    assert "somebody else" in anna.text()
    assert "All of this was typed." in anna.text()
    assert _count(site, FormSubmission) == before


def test_refusal_of_a_recorder_is_a_sentence_above_the_kept_answers(site: Site) -> None:
    case = tell(site, *TO_PLAN, until="appoint_coordinators")
    clara = site.visit("chair.clara")
    before = _count(site, FormSubmission)
    answers = {
        "process_coordinator": "content.emma",
        "content_coordinator": "content.emma",
        "process_neutral": "yes",
        "content_neutral": "yes",
        "same_person_reason": "All of this was typed.",
    }
    response = _send(clara, site.item(case, "appoint_coordinators"), **answers)
    assert response.status_code == 422
    assert "does not hold the role" in clara.text(), clara.text()[:500]
    assert "All of this was typed." in clara.text()
    assert _count(site, FormSubmission) == before


def test_guessing_from_outside_does_not_keep_anybody_from_signing(site: Site) -> None:
    """S10: whoever has a live session is not locked out by failures elsewhere."""
    case = tell(site, *TO_DECISION, until="decide_closure")
    item = site.item(case, "decide_closure")
    stranger, mayor = site.visit(), site.visit("mayor.fatima")
    for _ in range(6):
        stranger.post("/sign-in", {"username": "mayor.fatima", "password": "wrong"})
    answers = {"closure_decision": "agree", "_password": "demonstration only"}
    _send(mayor, item, **answers)
    assert "Too many" not in mayor.text()


def test_signature_is_asked_of_whoever_posts_without_the_page(site: Site) -> None:
    case = tell(site, *TO_DECISION, until="decide_closure")
    item = site.item(case, "decide_closure")
    mayor = site.visit("mayor.fatima")
    before = _count(site, FormSubmission)
    answers = {"closure_decision": "agree", "reasons": "x", "dissent": "x", "residual_risk": "x"}
    for extra in ({}, {"_password": ""}, {"_password": "wrong"}, {"_password": "x" * 10_000}):
        form = {"action": "submit", "_key": uuid4().hex, **answers, **extra}
        assert mayor.post(f"/work/{item.id}", form).status_code == 422
    assert _count(site, FormSubmission) == before


def test_draft_is_not_kept_for_a_step_that_is_done(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna, bram = site.visit("intake.anna"), site.visit("intake.bram")
    assert _send(anna, item, **CHECKED).status_code == 302
    response = bram.post(f"/work/{item.id}", {"action": "save-draft", "source_summary": "CANARY"})
    assert response.status_code == 409
    assert _count(site, Draft) == 0


@pytest.mark.parametrize("host", ["evil.example", "[", "a b", "localhost:99999", "127.0.0.1:x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_host_that_is_not_ours_is_refused_before_anything_is_asked_of_it(
    site: Site, host: str, method: str
) -> None:
    """S6, S7: found by the fuzzer: a forged POST to such a host ended in a crash."""
    answer = site.visit().client.open("/report", method=method, headers={"Host": host})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("more", ["", '; filename="a.txt"'])
def test_part_of_a_body_without_a_name_is_no_crash(site: Site, more: str) -> None:
    """S6: found by the fuzzer: a field or file whose name is missing ended in a crash."""
    visitor = site.visit("intake.anna")
    body = (
        f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{visitor.csrf()}\r\n'
        f"--b\r\nContent-Disposition: form-data{more}\r\n\r\nx\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b"
    answer = visitor.post_as_it_is("/account/password", body.encode(), kind)
    assert answer.status_code == 422


HOSTILE = ("\0", "x\0y", "\ud800", "\x1b[31m", "\u202e", "%00", "'", "9" * 400)


@pytest.mark.parametrize("text", HOSTILE)
def test_characters_that_no_database_keeps_are_no_crash(site: Site, text: str) -> None:
    case = site.report()
    item = site.item(case, "check_source")
    anna, stranger = site.visit("intake.anna"), site.visit()
    raw = text.encode("utf-8", "surrogatepass")
    escaped = quote(raw)
    for path in (
        f"/cases?code={escaped}",
        f"/cases?state={escaped}&page={escaped}",
        f"/cases/{escaped}",
        f"/cases/{case.code}/timeline?kind={escaped}&page={escaped}",
        f"/cases/{case.code}/plan?version={escaped}",
        f"/cases/{case.code}/diagram?process={escaped}",
        f"/cases/{case.code}/events/{escaped}",
        f"/?case={escaped}&step={escaped}&sort={escaped}",
        f"/sign-in?next={escaped}",
    ):
        assert anna.get(path).status_code < 500, path
    filler = raw.decode("utf-8", "replace") if text == "\ud800" else text
    for visitor, path, form in (
        (stranger, "/report", {"text": "A long worry. " + filler, "about_name": filler}),
        (stranger, "/report/status", {"code": filler}),
        (stranger, "/sign-in", {"username": filler, "password": filler, "next": filler}),
        (anna, f"/cases/{case.code}/notes/new", {"kind": "note", "text": "N" + filler}),
        (
            anna,
            f"/cases/{case.code}/events/new_information",
            {"text": "E" + filler, "_key": filler},
        ),
        (anna, f"/work/{item.id}/draft", {"action": filler, "source_summary": filler}),
        (anna, f"/work/{item.id}", {"action": "submit", "_key": filler, **CHECKED, filler: filler}),
        (anna, f"/work/{item.id}/reassign", {"to": filler}),
        (anna, f"/work/{item.id}/claim", {"back": filler}),
        (
            anna,
            "/signals/new",
            {"kind": "signal", "channel": "telephone", "text": "A call. " + filler, "name": filler},
        ),
    ):
        assert visitor.post(path, form).status_code < 500, path


@pytest.mark.parametrize("page", ["99999999999999999999", "9223372036854775807", "-5", "0"])
def test_page_numbers_beyond_any_list_are_no_crash(site: Site, page: str) -> None:
    case = site.report()
    anna = site.visit("intake.anna")
    for path in (f"/cases?page={page}", f"/cases/{case.code}/timeline?page={page}"):
        assert anna.get(path).status_code == 200, path


@pytest.mark.parametrize("target", ["/\t/elsewhere.example", "/\n/elsewhere.example", "/\r//x"])
def test_return_address_with_control_characters_leads_nowhere_else(site: Site, target: str) -> None:
    right = {"username": "intake.anna", "password": "demonstration only", "next": target}
    assert site.visit().post("/sign-in", right).headers["Location"] == "/"


def _addresses(site: Site, case: Case, item: WorkItem) -> list[tuple[str, str]]:
    """Every route of the application that names a thing, with the ids of a case filled in."""
    values: dict[str, Any] = {
        "code": case.code,
        "item_id": item.id,
        "instance_id": item.instance_id,
        "process_id": "case_management",
        "name": "new_information",
    }
    found = []
    with site.app.test_request_context():
        adapter = site.app.url_map.bind("127.0.0.1")
        for rule in site.app.url_map.iter_rules():
            if rule.endpoint == "static" or not rule.arguments & {"code", "item_id"}:
                continue
            path = adapter.build(
                rule.endpoint, {name: values.get(name, uuid4()) for name in rule.arguments}
            )
            methods = {"GET", "POST"} & (rule.methods or set())
            found += [(method, path) for method in sorted(methods)]
    return found


@pytest.mark.parametrize("username", ["police.peter", "owner.olga", "process.dina", "deputy.farid"])
def test_every_address_of_a_foreign_case_looks_as_if_there_were_none(
    site: Site, username: str
) -> None:
    case = site.report()
    item = site.item(case, "check_source")
    visitor = site.visit(username)
    addresses = _addresses(site, case, item)
    assert len(addresses) >= 15
    for method, path in addresses:
        response = visitor.post(path, {"text": "x"}) if method == "POST" else visitor.get(path)
        assert response.status_code == 404, (method, path, response.status_code)
        assert case.code not in response.text.replace(path, "")
    with site.application.database.reading() as session:
        assert session.get_one(WorkItem, item.id).assignee_id is None


def test_every_address_asks_a_stranger_to_sign_in(site: Site) -> None:
    case = site.report()
    stranger = site.visit()
    for method, path in _addresses(site, case, site.item(case, "check_source")):
        response = stranger.post(path) if method == "POST" else stranger.get(path)
        assert response.status_code == 302, (method, path)
        assert response.headers["Location"].startswith("/sign-in")


def test_database_that_is_away_is_said_with_when_to_come_back(tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    database = Database(url)
    app = create_app(Application(make_settings(tmp_path, url), database, SystemClock()))
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "a token"
    for path in ("/", "/sign-in", "/cases", "/report"):
        response = client.get(path)
        assert response.status_code in {200, 503}, (path, response.status_code)
        if response.status_code == 503:
            assert int(response.headers["Retry-After"]) > 0
            assert "psycopg" not in response.text
            assert "127.0.0.1:1" not in response.text
    assert client.get("/").status_code == 503
    database.close()


def _end(site: Site, case: Case) -> None:
    with site.application.database.transaction() as session:
        session.execute(update(Case).values(state="ended", ended_at=case.created_at))
        session.execute(update(Episode).values(status="ended"))
        session.execute(update(ProcessInstance).values(status="ended"))
        session.execute(update(WorkItem).values(state="cancelled"))


def test_reopening_asked_for_twice_at_once_is_under_way_once(site: Site) -> None:
    case = site.report()
    _end(site, case)
    with site.application.database.reading() as session:
        people = [site._account(session, name).id for name in ("intake.anna", "intake.bram")]
    gate = Barrier(2)

    def ask(person: UUID) -> str:
        gate.wait()
        try:
            request_reopening(site.application, case.id, person)
        except ConflictError:
            return "late"
        return "asked"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, people)) == ["asked", "late"]


def test_reopening_is_judged_at_the_moment_it_begins(site: Site) -> None:
    """Under the lock: a case reopened or erased between the look and the start is not started."""
    case = site.report()
    _end(site, case)
    with site.application.database.reading() as session:
        anna = site._account(session, "intake.anna").id
    with ThreadPoolExecutor(1) as pool:
        with site.application.database.transaction() as session:
            session.scalar(select(Case).where(Case.id == case.id).with_for_update(of=Case))
            asked = pool.submit(request_reopening, site.application, case.id, anna)
            time.sleep(0.4)
            session.execute(update(Case).values(state="erased"))
        assert isinstance(asked.exception(timeout=20), ConflictError | NotFoundError)
    assert _count(site, ProcessInstance) == 1


def test_taken_steps_are_free_again_when_somebody_leaves(site: Site) -> None:
    case = site.report()
    item = site.item(case, "check_source")
    anna = site.visit("intake.anna")
    assert anna.post(f"/work/{item.id}/claim").status_code == 302
    with site.application.database.transaction() as session:
        row = lock_instance(session, item.instance_id)
        assert row is not None
        turn = Turn(site.application, session, row, now=case.created_at, actor=None)
        turn.end_member(site._account(session, "intake.anna"), "intake_desk")
    with site.application.database.reading() as session:
        assert session.get_one(WorkItem, item.id).assignee_id is None
