"""The public report page, the receipt, and the desk that takes in reports."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from engine import challenge as challenges
from engine import letterbox
from engine.models import (
    Case,
    FailedAttempt,
    Job,
    Notice,
    Signal,
    SignalSource,
    SpentChallenge,
)
from engine.receipt import hash_receipt
from tests.conftest import listening
from tests.webui.reporting import WORRY, Desk, Reporter, proof_for
from tests.webui.site import Site
from tests.webui.story import tell
from tests.webui.test_attachment import picture
from webui.identity import wall_clock

NO_CODE = "AAAA-BBBB-CCCC"


def test_report_gives_a_receipt_once_and_says_how_far_it_is(site: Site) -> None:
    reporter = Reporter(site)
    code = reporter.report()
    assert reporter.visitor.get("/report/receipt").status_code == 302
    assert "Received" in Reporter(site).look(code.lower())
    assert "Received" in reporter.look(code)
    with site.application.database.reading() as session:
        case = session.scalars(select(Case)).one()
        assert case.code not in reporter.visitor.text()
        assert session.scalars(select(Signal)).one().channel == "public_page"


def test_report_is_received_before_anybody_takes_it_up(site: Site) -> None:
    reporter = Reporter(site)
    reporter.open("/report")
    reporter.send("/report", WORRY)
    code = reporter.receipt()
    assert "Received" in reporter.look(code)
    with site.application.database.reading() as session:
        assert session.scalars(select(Case)).all() == []
    reporter.taken_up()
    with site.application.database.reading() as session:
        case = session.scalars(select(Case)).one()
        assert session.scalars(select(Signal)).one().case_id == case.id
    assert site.item(case, "check_source").role == "intake_desk"


def test_report_says_what_is_missing(site: Site) -> None:
    reporter = Reporter(site)
    reporter.open("/report")
    assert reporter.send("/report", {"text": "?", "about_where": "The pier"}).status_code == 422
    assert "what worries you" in reporter.visitor.text().lower()
    assert reporter.visitor.page is not None
    assert reporter.visitor.page.xpath("//input[@name='about_where']/@value") == ["The pier"]
    assert reporter.send("/report", WORRY).status_code == 302


def test_report_sent_twice_by_a_double_click_is_one_report_with_one_code(site: Site) -> None:
    reporter = Reporter(site)
    reporter.open("/report")
    form = {**WORRY, **reporter.challenge()}
    codes = set()
    for _ in range(2):
        assert reporter.visitor.post("/report", form).status_code == 302
        codes.add(reporter.receipt())
    assert len(codes) == 1
    assert _count(site, Signal) == 1


def test_challenge_is_worth_nothing_when_it_was_spent(site: Site) -> None:
    reporter = Reporter(site)
    reporter.open("/report")
    form = {**WORRY, **reporter.challenge()}
    assert reporter.visitor.post("/report", form).status_code == 302
    with site.application.database.transaction() as session:
        session.execute(update(SpentChallenge).values(at=wall_clock() - timedelta(minutes=3)))
    assert reporter.visitor.post("/report", form).status_code == 409
    assert _count(site, Signal) == 1


def _count(site: Site, table: Any) -> int:
    with site.application.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_report_answers_the_same_whether_or_not_a_person_is_known(site: Site) -> None:
    tell(site, "intake_to_multi_agency")
    answers = []
    for name in ("Person A", "Person Unknown"):
        reporter = Reporter(site)
        code = reporter.report(about_name=name)
        answers.append(reporter.look(code))
    assert answers[0] == answers[1]


def test_receipt_says_closed_after_the_first_look_whatever_came_of_it(site: Site) -> None:
    case = tell(site, "intake_to_multi_agency")
    key = site.application.settings.report_key
    with site.application.database.transaction() as session:
        signal = session.scalars(select(Signal).where(Signal.case_id == case.id)).one()
        signal.receipt_hash = hash_receipt(key, "2222-2222-2222")
    assert "Closed" in Reporter(site).look("2222-2222-2222")


def test_unknown_receipt_is_said_plainly(site: Site) -> None:
    assert "no report with this code" in Reporter(site).look(NO_CODE)


# -- receipts --------------------------------------------------------------------------------------


def test_receipt_is_stored_as_a_hash_that_needs_the_key(site: Site) -> None:
    code = Reporter(site).report()
    plain = code.replace("-", "")
    with site.application.database.reading() as session:
        stored = session.scalars(select(Signal)).one().receipt_hash
        payloads = str([row.payload for row in session.scalars(select(Job))])
    assert stored == hash_receipt(site.application.settings.report_key, code)
    assert stored != hash_receipt(b"another key", code)
    assert code not in payloads
    assert plain not in (stored or "")


@contextmanager
def _watched(site: Site) -> Iterator[list[str]]:
    """Collect the statements that reach the database."""
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        del connection, cursor
        found.append(" ".join(statement.split()))

    with listening(site.application.database, before_cursor_execute=note):
        yield found


def test_receipt_that_is_none_asks_the_database_the_same_as_one_that_is(site: Site) -> None:
    code = Reporter(site).report()
    asked = []
    for tried in (code, NO_CODE):
        reporter = Reporter(site)
        reporter.open("/report/status")
        form = {"code": tried, "csrf_token": reporter.visitor.csrf(), **reporter.challenge()}
        with _watched(site) as statements:
            reporter.visitor.client.post("/report/status", data=form)
        # The page after a right code carries a challenge for an answer, the other a new look.
        asked.append([one for one in statements if "spent_challenge.kind =" not in one])
    assert asked[0] == asked[1]


def test_wrong_codes_make_the_next_ones_dearer(site: Site) -> None:
    reporter = Reporter(site)

    def bits() -> int:
        reporter.open("/report/status")
        assert reporter.visitor.page is not None
        return int(reporter.visitor.page.xpath("//*[@data-bits]/@data-bits")[0])

    before = bits()
    for _ in range(challenges.QUIET):
        assert "no report with this code" in reporter.look(NO_CODE)
    assert bits() > before


def test_challenge_pays_for_one_look_at_one_code(site: Site) -> None:
    reporter = Reporter(site)
    code = reporter.report()
    reporter.open("/report/status")
    paid = reporter.challenge()
    answers = [
        reporter.visitor.post("/report/status", {"code": tried, **paid}).status_code
        for tried in (NO_CODE, code)
    ]
    assert answers == [422, 422]
    assert "Received" not in reporter.visitor.text()


# -- proof, wait, floods ---------------------------------------------------------------------------


def test_report_without_scripts_takes_an_answer_and_a_short_wait(site: Site) -> None:
    reporter = Reporter(site)
    key = site.application.settings.report_key
    early = challenges.issue(key, "report", 0, wall_clock())
    form = {**WORRY, "challenge": early.token, "answer": "eleventy"}
    assert reporter.visitor.post("/report", form).status_code == 422
    assert "figure or a word" in reporter.visitor.text()
    form["answer"] = str(sum(early.sum))
    assert reporter.visitor.post("/report", form).status_code == 422
    assert "wait" in reporter.visitor.text()
    # The page keeps its challenge, so that the time that has passed counts.
    assert reporter.visitor.hidden("challenge") == early.token
    in_time = challenges.issue(key, "report", 0, wall_clock() - timedelta(seconds=early.wait))
    words = challenges.TOGETHER[sum(in_time.sum)]
    form = {**WORRY, "challenge": in_time.token, "answer": f" {words.upper()} "}
    assert reporter.visitor.post("/report", form).status_code == 302


@pytest.mark.parametrize("broken", ["", "x.y", "kind", "old", "signature", "future"])
def test_challenge_that_is_not_ours_or_too_old_keeps_what_was_typed(
    site: Site, broken: str
) -> None:
    key, now = site.application.settings.report_key, wall_clock()
    made = {
        "kind": challenges.issue(key, "look_up", 0, now),
        "old": challenges.issue(key, "report", 0, now - challenges.LIFETIME - timedelta(minutes=1)),
        "future": challenges.issue(key, "report", 0, now + timedelta(hours=1)),
        "signature": challenges.issue(b"another key", "report", 0, now),
    }
    token = made[broken].token if broken in made else broken
    proof = proof_for(token, 14)
    visitor = site.visit()
    response = visitor.post("/report", {**WORRY, "challenge": token, "proof": proof})
    assert response.status_code == 422
    assert WORRY["text"] in visitor.text()
    assert visitor.hidden("challenge") not in {token, ""}
    assert _count(site, Signal) == 0


def test_flood_makes_reports_dearer_and_refuses_what_was_collected_before(site: Site) -> None:
    key, now = site.application.settings.report_key, wall_clock()
    cheap = challenges.issue(key, "report", 0, now - timedelta(hours=1))
    _flood(site, 300)
    visitor = site.visit()
    form = {**WORRY, "challenge": cheap.token, "proof": proof_for(cheap.token, cheap.bits)}
    assert visitor.post("/report", form).status_code == 422
    assert "Please send it again" in visitor.text()
    assert visitor.page is not None
    assert int(visitor.page.xpath("//*[@data-bits]/@data-bits")[0]) > cheap.bits + 2
    assert _count(site, Signal) == 0


def _flood(site: Site, reports: int, at: timedelta = timedelta(minutes=5)) -> None:
    rows = [
        {"fingerprint": f"flood-{number}", "kind": "report", "at": wall_clock() - at}
        for number in range(reports)
    ]
    with site.application.database.transaction() as session:
        session.execute(insert(SpentChallenge), rows)


def test_flood_of_an_hour_ago_costs_nobody_anything(site: Site) -> None:
    _flood(site, 500, timedelta(minutes=61))
    reporter = Reporter(site)
    reporter.open("/report")
    assert reporter.visitor.page is not None
    bits = int(reporter.visitor.page.xpath("//*[@data-bits]/@data-bits")[0])
    assert bits == challenges.FEWEST_BITS


def test_flood_is_told_to_the_head_of_the_desk_and_nothing_is_dropped(site: Site) -> None:
    from tasks.arrival import MANY

    for _ in range(MANY):
        _drop(site)
    Reporter(site).report()
    with site.application.database.reading() as session:
        assert len(session.scalars(select(Case)).all()) == MANY + 1
        heads = {site._account(session, name).id for name in ("head.greta", "head.hanna")}
        told = session.scalars(select(Notice).where(Notice.template == "many_reports")).all()
    assert len(told) == len(heads)
    assert {notice.account_id for notice in told} == heads


def _drop(site: Site) -> None:
    """Put a report into the letterbox without a page."""
    letter = letterbox.Letter(WORRY["text"], {}, {})
    key = site.application.settings.report_key
    made = challenges.issue(key, "report", 0, wall_clock())
    letterbox.drop_report(site.application, letter, made, wall_clock())


def test_flood_that_nobody_can_read_is_turned_away_openly(site: Site) -> None:
    _flood(site, letterbox.MOST)
    key, now = site.application.settings.report_key, wall_clock()
    made = challenges.issue(key, "report", letterbox.MOST, now - timedelta(minutes=10))
    visitor = site.visit()
    form = {**WORRY, "challenge": made.token, "answer": str(sum(made.sum))}
    for _ in range(2):
        assert visitor.post("/report", form).status_code == 429
    assert "Nothing was recorded" in visitor.text()
    assert WORRY["text"] in visitor.text()
    Reporter(site).taken_up()
    with site.application.database.reading() as session:
        templates = session.scalars(select(Notice.template)).all()
    assert templates == ["reports_refused"] * 2  # both heads, once each


# -- what the public page may touch ----------------------------------------------------------------

ADDED = {
    "job",
    "report_answer",
    "report_attachment",
    "signal",
    "signal_source",
    "spent_challenge",
}
READ = {
    # who is in front of the page, its words, the time
    "account", "current_deployment", "demo_clock", "deployment", "deployment_file", "web_session",
    # the wrapped key of a case, for an answer that is sealed
    "case_key",
    # the receipt: ids, states, the open question
    "casework_case", "episode", "report_answer", "report_question", "signal", "spent_challenge",
}  # fmt: skip
NEVER_READ = (
    "signal.text",
    "signal.about",
    "signal.urgent",
    "signal_source.",
    "report_attachment.",
    "report_answer.text",
    "casework_case.code",
    "person",
)
OWN_WORDS = re.compile(
    r"SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|select (pg_catalog|current_)", re.IGNORECASE
)


def test_public_pages_add_rows_and_read_no_content(site: Site) -> None:
    first = Reporter(site)
    code = first.report()
    Desk(site).ask("When was that?")
    reporter = Reporter(site)
    with _watched(site) as statements:
        for path in ("/report", "/report/status"):
            reporter.open(path)
        reporter.open("/report")
        files = [("a.jpg", picture())]
        reporter.send("/report", {**WORRY, "about_name": "X", "reporter_name": "Y"}, files)
        reporter.receipt()
        for tried in (NO_CODE, code):
            reporter.look(tried)
        form = {"code": code, "reply": "Monday."}
        assert reporter.send("/report/answer", form, files).status_code == 302
    verbs: dict[str, set[str]] = {}
    for one in statements:
        if not OWN_WORDS.match(one):
            verb = one.split()[0].upper()
            verbs.setdefault(verb, set()).update(_tables(one))
    assert set(verbs) == {"INSERT", "SELECT"}
    assert verbs["INSERT"] == ADDED
    assert verbs["SELECT"] <= READ
    told = [part for one in statements if one.startswith("SELECT") for part in _columns(one)]
    assert told
    assert not [part for part in told if part.startswith(NEVER_READ)]


def _tables(statement: str) -> set[str]:
    return set(re.findall(r"(?:FROM|JOIN|INTO) \"?([a-z_]+)", statement))


def _columns(statement: str) -> list[str]:
    return re.findall(r"[a-z_]+\.[a-z_0-9]+", statement)


def test_public_pages_keep_and_ask_for_no_address(site: Site) -> None:
    from engine.settings import ROOT

    for name in ("webui/views/report.py", "engine/letterbox.py", "engine/challenge.py"):
        words = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"remote_addr|access_route|[Ff]orwarded|user_agent", words), name
    reporter = Reporter(site)
    reporter.visitor.client.environ_base["REMOTE_ADDR"] = "203.0.113.77"
    reporter.look(reporter.report())
    reporter.look(NO_CODE)
    assert _count(site, FailedAttempt) == 0
    with site.application.database.reading() as session:
        rows = [str(row) for table in _all_tables() for row in session.execute(select(table)).all()]
    assert not [row for row in rows if "203.0.113" in row]


def _all_tables() -> Any:
    from engine.models import Base

    return Base.metadata.sorted_tables


# -- the desk takes in -----------------------------------------------------------------------------


def test_markup_in_a_report_stays_text(site: Site) -> None:
    case = site.report(text="<script>alert(1)</script><img src=x onerror=alert(1)>")
    anna = site.visit("intake.anna")
    anna.get(f"/cases/{case.code}")
    assert "<script>alert(1)</script>" in anna.text()
    assert anna.page is not None
    assert not anna.page.xpath("//main//script")


def test_desk_takes_in_a_call_and_an_announced_return(site: Site) -> None:
    anna = site.visit("intake.anna")
    call = {"kind": "signal", "channel": "telephone", "text": "A caller is worried.", "name": "P"}
    for kind in ("signal", "returnee", "release"):
        response = anna.post("/signals/new", {**call, "kind": kind})
        assert response.status_code == 302, anna.text()
    with site.application.database.reading() as session:
        kinds = sorted(session.scalars(select(Case.kind)))
    assert kinds == ["release", "returnee", "signal"]
    anna.get("/")
    assert "Receipt code for the caller" in anna.text()


def test_desk_that_leaves_the_caller_anonymous_keeps_no_name(site: Site) -> None:
    call = {
        "kind": "signal",
        "channel": "telephone",
        "text": "A caller is worried.",
        "anonymous": "1",
        "reporter_name": "Mr Slip",
    }
    site.visit("intake.anna").post("/signals/new", call)
    assert _count(site, Signal) == 1
    assert _count(site, SignalSource) == 0


def test_taking_in_is_for_the_intake_desk(site: Site) -> None:
    assert site.visit("police.peter").get("/signals/new").status_code == 404
    assert site.visit("intake.anna").post("/signals/new", {"kind": "x"}).status_code == 422
