"""The case pages: who sees what, events, notes, diagram, audit of reads."""

import pytest
from sqlalchemy import select

from engine.models import AuditEntry, CasePartner, Contribution
from tests.webui.site import Site
from tests.webui.story import steps, tell

TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
LEVELS = ("nothing", "concern_only", "summary", "full")
SECTIONS = ("", "/timeline", "/plan", "/people", "/diagram", "/notes/new")


def test_case_pages_are_readable_at_every_section(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    emma = site.visit("content.emma")
    for section in SECTIONS:
        assert emma.get(f"/cases/{case.code}{section}").status_code == 200, section
        assert case.code in emma.text()


def test_case_overview_says_what_is_owed_by_whom_until_when(site: Site) -> None:
    case = site.report()
    anna = site.visit("intake.anna")
    anna.get(f"/cases/{case.code}")
    for words in ("Check the source", "Intake desk", "until", "reduce the risk for society"):
        assert words in anna.text()
    assert anna.page is not None
    assert len(anna.page.xpath("//ol[contains(@class,'stage-bar')]/li")) == 6
    assert len(anna.page.xpath("//li[@aria-current='step']")) == 1


def test_reporter_is_shown_to_the_intake_desk_alone(site: Site) -> None:
    case = site.report(name="Mrs Canary", contact="0612345678")
    tell_to_route(site, case)
    for username, sees in (("intake.anna", True), ("chair.clara", False)):
        visitor = site.visit(username)
        assert visitor.get(f"/cases/{case.code}").status_code == 200
        assert "Mrs Canary" not in visitor.text()
        assert ("Reported by: confidential" in visitor.text()) is not sees
        visitor.get(f"/cases/{case.code}/reporter")
        assert ("Mrs Canary" in visitor.text()) is sees
        assert ("0612345678" in visitor.text()) is sees


def tell_to_route(site: Site, case: object) -> None:
    """Let the desk do its two steps, so that the chair has something to decide."""
    from engine import worklist

    for step in steps("signal_to_route")[1:3]:
        item = site.item(case, step["do"])
        with site.application.database.reading() as session:
            account = site._account(session, "intake.anna")
        done = worklist.complete(
            site.application, item.id, account.id, step["answers"], f"k{step['do']}"
        )
        assert isinstance(done, worklist.Completed), done


def test_contribution_is_read_at_the_level_of_its_author(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    with site.application.database.transaction() as session:
        rows = session.scalars(select(Contribution)).unique().all()
        for number, row in enumerate(rows):
            row.level, row.one_person = LEVELS[number], LEVELS[number] == "full"
            row.summary, row.body = f"summary-{number}", f"body-{number}"
            row.details = {**row.details, "evidence_against": f"against-{number}"}
        organisations = {row.organisation_id: number for number, row in enumerate(rows)}
        authors = {
            person: organisations[site._account(session, person).organisation_id]
            for person in ("police.peter", "youth.yara", "school.sofia", "health.hugo")
        }
    for person, own in authors.items():
        visitor = site.visit(person)
        text = ""
        for page in (1, 2):
            visitor.get(f"/cases/{case.code}/timeline?kind=contribution&page={page}")
            text += visitor.text()
        for number in range(len(rows)):
            level = "full" if number == own else LEVELS[number]
            assert (f"summary-{number}" in text) is (level in {"summary", "full"}), (person, number)
            assert (f"against-{number}" in text) is (level in {"summary", "full"})
            assert (f"body-{number}" in text) is (level == "full"), (person, number)


def test_what_an_agency_says_about_sharing_is_read_by_the_table(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    with site.application.database.transaction() as session:
        rows = session.scalars(select(CasePartner)).unique().all()
        own = site._account(session, "police.peter").organisation_id
        for row in rows:
            said = "canary-police" if row.organisation_id == own else "canary-other"
            row.sharing_statement = {"cannot_share": said}
    for username, reads in (
        ("content.emma", {"canary-police", "canary-other"}),
        ("youth.yara", {"canary-police", "canary-other"}),
        ("process.daan", set()),
    ):
        visitor = site.visit(username)
        visitor.get(f"/cases/{case.code}/people")
        found = {word for word in ("canary-police", "canary-other") if word in visitor.text()}
        assert found == reads, username
        assert ("confidential" in visitor.text()) is (found == set())


def test_process_coordinator_sees_the_course_and_no_content(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    daan = site.visit("process.daan")
    seen = ""
    for section in ("", "/timeline", "/timeline?page=2", "/plan"):
        daan.get(f"/cases/{case.code}{section}")
        seen += daan.text()
    assert "confidential" in seen
    assert "Hold the case conference" in seen
    for content in ("New language, new group", "Person A", "Contact is good now"):
        assert content not in seen


def test_reading_a_case_is_on_record_before_it_is_shown(site: Site) -> None:
    case = site.report()
    site.visit("intake.anna").get(f"/cases/{case.code}/people")
    with site.application.database.reading() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "case:file:read")
        ).all()
    assert [entry.detail["section"] for entry in entries] == ["people"]
    anna = site.visit("intake.anna")
    anna.get(f"/cases/{case.code}/timeline?kind=access")
    assert "Opened the case" in anna.text()


def test_new_information_opens_its_step(site: Site) -> None:
    case = tell(site, "intake_to_multi_agency")
    clara = site.visit("chair.clara")
    clara.get(f"/cases/{case.code}/events/new_information")
    key = clara.hidden("_key")
    path = f"/cases/{case.code}/events/new_information"
    assert clara.post(path, {"_key": key, "text": " "}).status_code == 422
    assert clara.post(path, {"_key": key, "text": "Seen at the station."}).status_code == 302
    assert clara.post(path, {"_key": key, "text": "Seen at the station."}).status_code == 302
    clara.get(f"/cases/{case.code}/timeline?kind=note")
    assert clara.text().count("Seen at the station.") == 1


def test_unknown_event_does_not_exist(site: Site) -> None:
    case = site.report()
    assert site.visit("intake.anna").get(f"/cases/{case.code}/events/close").status_code == 404


@pytest.mark.parametrize(("text", "status"), [("", 422), ("We promised to call.", 302)])
def test_note_is_added_to_the_case_file(site: Site, text: str, status: int) -> None:
    case = site.report()
    anna = site.visit("intake.anna")
    path = f"/cases/{case.code}/notes/new"
    assert anna.post(path, {"kind": "promise", "text": text}).status_code == status
    anna.get(f"/cases/{case.code}/timeline?kind=note")
    assert ("We promised to call." in anna.text()) is bool(text)


def test_diagram_and_its_path_are_given_only_with_the_case(site: Site) -> None:
    case = site.report()
    anna, peter = site.visit("intake.anna"), site.visit("police.peter")
    anna.get(f"/cases/{case.code}/diagram?process=signal_intake")
    assert anna.page is not None
    box = anna.page.xpath("//*[@data-diagram-url]")[0]
    drawn, path = box.get("data-diagram-url"), box.get("data-path-url")
    assert b"bpmn:definitions" in anna.get(drawn).data
    assert anna.get(path).get_json()["active"] == ["check_source"]
    assert "you are here" in anna.text()
    assert peter.get(drawn).status_code == peter.get(path).status_code == 404
    other = site.report()
    moved = drawn.replace(case.code, other.code)
    assert anna.get(moved).status_code == 404


def test_list_of_cases_leads_from_a_code_to_its_case(site: Site) -> None:
    case = site.report()
    anna, peter = site.visit("intake.anna"), site.visit("police.peter")
    assert anna.get(f"/cases?code={case.code.lower()}").headers["Location"] == f"/cases/{case.code}"
    peter.get(f"/cases?code={case.code}")
    assert "You take part in no case that fits" in peter.text()


def test_partner_changes_the_opinion_until_the_decision(site: Site) -> None:
    case = tell(
        site,
        *TO_PLAN,
        "implementation_to_closure",
        "closure_to_monitoring",
        until="decide_closure",
    )
    yara = site.visit("youth.yara")
    yara.get(f"/cases/{case.code}")
    assert "Change our opinion on closing" in yara.text()
    path = f"/cases/{case.code}/opinion"
    yara.get(path)
    assert "We agree with closing" in yara.text()
    assert yara.post(path, {"choice": "disagree"}).status_code == 422
    answer = {"choice": "disagree", "reasons": "A new message worries us."}
    assert yara.post(path, answer).status_code == 302
    mayor = site.visit("mayor.fatima")
    mayor.get(f"/work/{site.item(case, 'decide_closure').id}")
    for words in ("disagrees", "A new message worries us.", "Earlier: agrees"):
        assert words in mayor.text()
    assert site.visit("content.emma").get(path).status_code == 404


def test_coordinator_reads_the_case_from_taking_a_step_on(site: Site) -> None:
    case = tell(site, "intake_to_multi_agency", "analysis_to_plan", until="review_information_gaps")
    item = site.item(case, "review_information_gaps")
    emma = site.visit("content.emma")
    emma.get(f"/work/{item.id}")
    assert "Take this step to read" in emma.text()
    assert "Person A" not in emma.text()
    emma.post(f"/work/{item.id}/claim", {"back": f"/work/{item.id}"})
    emma.get(f"/work/{item.id}")
    assert "Person A" in emma.text()
    # What she is asked to put side by side stands beside the form, at the level of each author.
    assert emma.text().count("shares a summary") == 4
    assert "withdrew from friends" in emma.text()
    emma.post(f"/work/{item.id}/release")
    emma.get(f"/work/{item.id}")
    assert "Person A" not in emma.text()
    assert "withdrew from friends" not in emma.text()
