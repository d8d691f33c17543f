"""The desk and the reporter: questions by receipt code, and who reported, apart and on record."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine import verification
from engine.models import (
    AuditEntry,
    FormSubmission,
    Job,
    Notice,
    ReportAnswer,
    ReportQuestion,
    SignalSource,
    SpentChallenge,
)
from tests.webui.reporting import WORRY, Desk, Reporter
from tests.webui.site import Site
from tests.webui.test_attachment import picture
from tests.webui.test_case import tell_to_route
from webui.identity import wall_clock

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
NO_CODE = "AAAA-BBBB-CCCC"
OTHERS = ("police.peter", "chair.clara", "content.emma", "mayor.fatima", "process.daan")


def test_question_goes_to_the_reporter_and_the_answer_to_the_desk(site: Site) -> None:
    reporter = Reporter(site)
    code = reporter.report()
    desk = Desk(site)
    assert desk.ask("On which day was that?").status_code == 302
    assert "no answer yet" in desk.read()
    says = reporter.look(code)
    assert "The desk has a question" in says
    assert "On which day was that?" in says
    assert "Anna" not in says
    assert desk.case.code not in says
    reporter.answer(code, "On Monday, after school.", [("a.jpg", picture())])
    reporter.open("/report/status")
    assert "The desk has your answer" in reporter.visitor.text()
    read = desk.read()
    assert "On Monday, after school." in read
    assert "a.jpg" in read
    desk.visitor.get(f"/cases/{desk.case.code}/timeline")
    for words in (
        "Question to the reporter",
        "On which day",
        "Answer of the reporter",
        "On Monday",
    ):
        assert words in desk.visitor.text()
    # Nothing of the exchange comes back with the code, in case somebody found it.
    says = reporter.look(code)
    assert "Received" in says
    assert "On which day" not in says
    assert "On Monday" not in says


def test_answer_is_told_to_the_desk_and_on_record(site: Site) -> None:
    reporter = Reporter(site)
    code = reporter.report()
    Desk(site).ask("On which day was that?")
    reporter.look(code)
    reporter.answer(code, "On Monday.")
    with site.application.database.reading() as session:
        notices = session.scalars(select(Notice).where(Notice.template == "report_answered")).all()
        told = {notice.account_id for notice in notices}
        desk = {site._account(session, name).id for name in ("intake.anna", "intake.bram")}
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.event.startswith("case:report:"))
        ).all()
        question = session.scalars(select(ReportQuestion)).one()
        answer = session.scalars(select(ReportAnswer)).one()
        payloads = str([job.payload for job in session.scalars(select(Job))])
        assert verification.verify(session).breaks == []
    assert told == desk
    found = {(entry.event, entry.subject) for entry in entries}
    assert found == {
        ("case:report:ask", str(question.id)),
        ("case:report:answer", str(answer.id)),
    }
    assert all(entry.detail == {} for entry in entries)
    assert "Monday" not in payloads


def test_exchange_is_seen_by_the_desk_alone(site: Site) -> None:
    reporter = Reporter(site)
    code = reporter.report(reporter_name="CANARY-name", reporter_contact="CANARY-contact")
    desk = Desk(site)
    desk.ask("CANARY-question?")
    reporter.look(code)
    reporter.answer(code, "CANARY-answer", [("CANARY-file.txt", b"CANARY-words")])
    tell_to_route(site, desk.case)
    for username in OTHERS:
        visitor = site.visit(username)
        for path in (
            "",
            "/timeline",
            "/timeline?kind=question&kind=answer",
            "/reporter",
            "/people",
        ):
            visitor.get(f"/cases/{desk.case.code}{path}")
            assert "CANARY" not in visitor.text(), (username, path)
            assert "Question to the reporter" not in visitor.text(), (username, path)
    assert "CANARY-answer" in desk.read()


@pytest.mark.parametrize("about_name", ["Person A", "Somebody unknown"])
def test_question_is_answered_the_same_whether_or_not_the_person_is_known(
    site: Site, about_name: str
) -> None:
    site.report()  # about Person A
    reporter = Reporter(site)
    code = reporter.report(about_name=about_name)
    Desk(site).ask("When?")
    assert reporter.look(code) == (
        "How far is my report? The desk has a question When? You need not answer. Write only "
        "what you know; do not ask around or look into things for us. Your answer (required) "
        "Files, if you have any Up to three pictures, PDFs or plain texts of at most 8 "
        "megabytes. We remove what a file tells besides its picture or text, such as place, time "
        f"and camera. {_check(reporter)} Send the answer Look up another code · Report a concern"
    )


def _check(reporter: Reporter) -> str:
    assert reporter.visitor.page is not None
    return " ".join(reporter.visitor.page.xpath("//*[@data-challenge]")[0].text_content().split())


def test_only_the_newest_question_is_shown_and_each_is_answered_once(site: Site) -> None:
    reporter = Reporter(site)
    code = reporter.report()
    desk = Desk(site)
    desk.ask("First, with a mistake?")
    desk.ask("Second?")
    assert "First" not in reporter.look(code)
    assert "replaced by a later question" in desk.read()
    other = Reporter(site)
    other.look(code)  # the same page, open twice
    reporter.answer(code, "One.")
    other.answer(code, "Two.")
    other.open("/report/status")
    assert "no question that waits" in other.visitor.text()
    with site.application.database.reading() as session:
        assert [row.text for row in session.scalars(select(ReportAnswer))] == ["One."]


def test_answer_to_a_code_that_is_none_changes_nothing_and_looks_like_none_was_asked(
    site: Site,
) -> None:
    code = Reporter(site).report()
    asked = Reporter(site)
    Desk(site).ask("When?")
    says = []
    for tried in (NO_CODE, code):
        asked.look(code)
        asked.answer(tried, "Monday.")
        asked.open("/report/status")
        says.append(asked.visitor.text())
    assert "no question that waits" in says[0]
    assert "has your answer" in says[1]


def test_reporter_is_not_asked_any_more_after_the_first_look(site: Site) -> None:
    reporter = Reporter(site)
    code = reporter.report()
    desk = Desk(site)
    desk.ask("When?")
    desk.read()
    signal = desk.visitor.hidden("signal")
    tell_to_route(site, desk.case)
    _decide(site, desk)
    assert "Closed" in reporter.look(code)
    assert "When?" not in reporter.visitor.text()
    answer = desk.visitor.post(desk.path, {"signal": signal, "question": "And who else?"})
    assert answer.status_code == 409
    assert "first look is over" in desk.visitor.text()
    with site.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ReportQuestion)) == 1


def _decide(site: Site, desk: Desk) -> None:
    from engine import worklist
    from tests.webui.story import steps

    step = next(one for one in steps("intake_to_multi_agency") if one.get("do") == "decide_route")
    item = site.item(desk.case, "decide_route")
    with site.application.database.reading() as session:
        clara = site._account(session, "chair.clara")
    done = worklist.complete(site.application, item.id, clara.id, step["answers"], "route")
    assert isinstance(done, worklist.Completed), done


def test_question_without_words_or_for_another_report_is_refused(site: Site) -> None:
    Reporter(site).report()
    desk = Desk(site)
    assert desk.ask("?").status_code == 422
    assert desk.ask("x" * 2_001).status_code == 422
    first = desk.visitor.hidden("signal")
    Reporter(site).report()
    for wanted, status in ((first, 404), ("", 422), ("not-an-id", 422)):
        newest = next(one for one in _cases(site) if one != desk.case.code)
        answer = desk.visitor.post(
            f"/cases/{newest}/reporter", {"signal": wanted, "question": "When was it?"}
        )
        assert answer.status_code == status


def _cases(site: Site) -> list[str]:
    from engine.models import Case

    with site.application.database.reading() as session:
        return list(session.scalars(select(Case.code)))


def test_asking_back_is_for_the_desk(site: Site) -> None:
    Reporter(site).report()
    desk = Desk(site)
    desk.read()
    form = {"signal": desk.visitor.hidden("signal"), "question": "When was that?"}
    for username in (*OTHERS, "head.greta", "privacy.paula"):
        assert site.visit(username).post(desk.path, form).status_code == 404, username


def test_answers_and_questions_stay_text_on_every_page(site: Site) -> None:
    reporter = Reporter(site)
    code = reporter.report(
        text=HOSTILE * 2,
        about_name=HOSTILE,
        about_where=HOSTILE,
        age=HOSTILE,
        reporter_name=HOSTILE,
        reporter_contact=HOSTILE,
        files=[(HOSTILE, picture())],
    )
    desk = Desk(site)
    desk.ask(HOSTILE)
    assert HOSTILE in reporter.look(code)
    assert reporter.visitor.page is not None
    assert not reporter.visitor.page.xpath("//main//script | //main//img")
    reporter.answer(code, HOSTILE)
    for path in (f"/cases/{desk.case.code}", desk.path, f"/cases/{desk.case.code}/timeline", "/"):
        assert desk.visitor.get(path).status_code == 200
        assert desk.visitor.page is not None
        assert not desk.visitor.page.xpath("//main//script | //main//img"), path
    assert HOSTILE in desk.read()


def test_failed_answer_keeps_question_and_words(site: Site) -> None:
    reporter = Reporter(site)
    code = reporter.report()
    Desk(site).ask("When was that?")
    reporter.look(code)
    assert reporter.send("/report/answer", {"code": code, "reply": " "}).status_code == 422
    form = {"code": code, "question": "When was that?", "reply": "Monday."}
    assert reporter.send("/report/answer", form, [("a", b"\x7fELF")]).status_code == 422
    assert "When was that?" in reporter.visitor.text()
    assert "Monday." in reporter.visitor.text()
    assert reporter.send("/report/answer", form).status_code == 302


# -- who reported ----------------------------------------------------------------------------------


def test_source_is_stored_apart_and_each_reading_is_on_record(site: Site) -> None:
    case = site.report(name="Mrs Canary", contact="0612345678")
    anna = site.visit("intake.anna")
    anna.get(f"/cases/{case.code}")
    assert "Mrs Canary" not in anna.text()
    with site.application.database.reading() as session:
        reads = select(AuditEntry).where(AuditEntry.event == "case:source:read")
        assert session.scalars(reads).all() == []
    for _ in range(2):
        anna.get(f"/cases/{case.code}/reporter")
        assert "Mrs Canary" in anna.text()
    with site.application.database.reading() as session:
        entries = session.scalars(reads).all()
        assert {entry.actor_id for entry in entries} == {site._account(session, "intake.anna").id}
        assert len(entries) == 2
        assert "Canary" not in str([entry.detail for entry in entries])
        assert verification.verify(session).breaks == []


def test_source_is_not_shown_when_its_reading_cannot_be_written(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine import audit

    case = site.report(name="Mrs Canary")
    anna = site.visit("intake.anna")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no audit")

    monkeypatch.setattr(audit, "record", broken)
    response = anna.get(f"/cases/{case.code}/reporter")
    assert response.status_code == 500
    assert "Canary" not in response.get_data(as_text=True)


def test_source_that_the_desk_found_out_stays_in_no_answer(site: Site) -> None:
    from engine import worklist
    from tests.webui.story import steps

    case = site.report()
    item = site.item(case, "check_source")
    with site.application.database.reading() as session:
        anna = site._account(session, "intake.anna")
    step = next(one for one in steps("signal_to_route") if one.get("do") == "check_source")
    answers = {
        **step["answers"],
        "source_identity": "CANARY-identity",
        "source_motives": "CANARY-motive",
    }
    done = worklist.complete(site.application, item.id, anna.id, answers, "k")
    assert isinstance(done, worklist.Completed), done
    with site.application.database.reading() as session:
        values = [row.values for row in session.scalars(select(FormSubmission)).unique()]
        source = session.scalars(select(SignalSource)).one()
    assert "CANARY" not in str(values)
    assert source.said["source_identity"] == "CANARY-identity"
    assert source.by_id == anna.id
    visitor = site.visit("intake.anna")
    visitor.get(f"/work/{item.id}")
    assert "CANARY" not in visitor.text()
    assert "confidential" in visitor.text()
    visitor.get(f"/cases/{case.code}/reporter")
    assert "CANARY-identity" in visitor.text()
    assert "CANARY-motive" in visitor.text()


def test_spent_challenges_are_forgotten_and_lead_to_no_report(site: Site) -> None:
    old = wall_clock() - timedelta(hours=9)
    with site.application.database.transaction() as session:
        session.add(SpentChallenge(fingerprint="old", kind="look_up", at=old))
    Reporter(site).report()
    with site.application.database.reading() as session:
        rows = session.scalars(select(SpentChallenge)).all()
    assert [row.kind for row in rows] == ["report"]
    columns = set(SpentChallenge.__table__.columns.keys())
    assert columns == {"fingerprint", "kind", "at"}
    assert WORRY["text"] not in str([vars(row) for row in rows])
