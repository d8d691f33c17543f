"""The public report page, the receipt, and the desk that takes in reports."""

from sqlalchemy import select

from engine.models import Case, Signal
from tests.webui.site import Site
from tests.webui.story import tell

WORRY = {"text": "He speaks of revenge and has new friends."}


def test_report_gives_a_receipt_once_and_says_how_far_it_is(site: Site) -> None:
    visitor = site.visit()
    assert visitor.post("/report", WORRY).headers["Location"] == "/report/receipt"
    visitor.get("/report/receipt")
    assert visitor.page is not None
    code = visitor.page.xpath("//*[@class='receipt-code']/text()")[0]
    assert visitor.get("/report/receipt").status_code == 302
    site.visit().post("/report/status", {"code": code.lower()})
    visitor.post("/report/status", {"code": code})
    assert "Received" in visitor.text()
    with site.application.database.reading() as session:
        case = session.scalars(select(Case)).one()
        assert case.code not in visitor.text()
        assert session.scalars(select(Signal)).one().channel == "public_page"


def test_report_says_what_is_missing(site: Site) -> None:
    visitor = site.visit()
    assert visitor.post("/report", {"text": "?"}).status_code == 422
    assert "what worries you" in visitor.text().lower()


def test_report_answers_the_same_whether_or_not_a_person_is_known(site: Site) -> None:
    tell(site, "intake_to_multi_agency")
    answers = []
    for name in ("Person A", "Person Unknown"):
        visitor = site.visit()
        visitor.post("/report", {**WORRY, "about_name": name})
        visitor.get("/report/receipt")
        assert visitor.page is not None
        code = visitor.page.xpath("//*[@class='receipt-code']/text()")[0]
        visitor.post("/report/status", {"code": code})
        answers.append(visitor.text())
    assert answers[0] == answers[1]


def test_receipt_says_finished_after_the_intake_whatever_came_of_it(site: Site) -> None:
    from engine.cases import hash_receipt

    case = tell(site, "intake_to_multi_agency")
    with site.application.database.transaction() as session:
        signal = session.scalars(select(Signal).where(Signal.case_id == case.id)).one()
        signal.receipt_hash = hash_receipt("2222-2222-2222")
    visitor = site.visit()
    visitor.post("/report/status", {"code": "2222-2222-2222"})
    assert "Finished" in visitor.text()


def test_unknown_receipt_is_said_plainly(site: Site) -> None:
    visitor = site.visit()
    assert visitor.post("/report/status", {"code": "AAAA-BBBB-CCCC"}).status_code == 422
    assert "no report with this code" in visitor.text()


def test_reports_of_one_address_are_limited(site: Site) -> None:
    visitor = site.visit()
    statuses = [visitor.post("/report", WORRY).status_code for _ in range(11)]
    assert statuses == [302] * 10 + [429]


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
    with site.application.database.reading() as session:
        assert session.scalars(select(Signal)).one().reporter == {}


def test_taking_in_is_for_the_intake_desk(site: Site) -> None:
    assert site.visit("police.peter").get("/signals/new").status_code == 404
    assert site.visit("intake.anna").post("/signals/new", {"kind": "x"}).status_code == 422
