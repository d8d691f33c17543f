"""The whole file is printed once, when two humans want it, and both are on record (S19)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from engine import absence, human, printing, verification
from engine.clock import TestClock
from engine.errors import NotFoundError
from engine.models import Account, AuditEntry, Case, CaseMember, FilePrinting, Job
from tests.conftest import with_all_rights
from tests.webui.colleague import add_colleague, take_part
from tests.webui.site import Site, Visitor
from tests.webui.test_second_factor import make_stale

PETER, EMMA, DAAN, PAULA = "police.peter", "content.emma", "process.daan", "privacy.paula"
BRAM = "intake.bram"
PARTS = {PETER: "partner", EMMA: "content_coordinator", DAAN: "process_coordinator"}
PURPOSE = "For the hearing on Monday, in which no screens are allowed."


@pytest.fixture
def case(site: Site) -> Case:
    found = site.report("A pupil praises violence.")
    for person, function in PARTS.items():
        take_part(site, person, found, function)
    return found


def id_of(site: Site, name: str) -> UUID:
    with site.application.database.reading() as session:
        return site._account(session, name).id


def ask(site: Site, case: Case, who: str = PETER) -> UUID:
    visitor = site.visit(who)
    answer = visitor.post(f"/cases/{case.code}/printing", {"purpose": PURPOSE})
    assert answer.status_code == 302
    with site.application.database.reading() as session:
        asker = site._account(session, who).id
        rows = select(FilePrinting.id).where(FilePrinting.asked_by_id == asker)
        waits = rows.where(FilePrinting.outcome.is_(None))
        return session.scalars(waits).one()


def agreed(site: Site, case: Case, by: str = EMMA) -> UUID:
    row = ask(site, case)
    assert site.visit(by).post(f"/agreements/printing/{row}/agree").status_code == 302
    return row


def print_it(site: Site, case: Case, row: UUID, who: str = PETER) -> tuple[Any, Visitor]:
    visitor = site.visit(who)
    return visitor.post(f"/cases/{case.code}/printing/{row}"), visitor


def row_of(site: Site, row: UUID) -> FilePrinting:
    with site.application.database.reading() as session:
        return session.get_one(FilePrinting, row)


def test_file_is_printed_once_with_both_names_on_it_and_on_record(site: Site, case: Case) -> None:
    row = ask(site, case)
    assert print_it(site, case, row)[0].status_code == 302
    assert row_of(site, row).printed_at is None
    emma = site.visit(EMMA)
    emma.get("/")
    assert "asks for your agreement" in emma.text()
    emma.get("/agreements")
    assert PURPOSE in emma.text()
    assert case.code in emma.text()
    assert emma.post(f"/agreements/printing/{row}/agree").status_code == 302
    answer, peter = print_it(site, case, row)
    assert answer.status_code == 200
    with site.application.database.reading() as session:
        asker, other = (site._account(session, name).display_name for name in (PETER, EMMA))
        events = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.case_id == case.id, AuditEntry.event.startswith("case:printing:"))
            .order_by(AuditEntry.sequence)
        ).all()
        sections = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "case:file:read")
        ).all()
        assert verification.verify(session).breaks == []
    assert asker in peter.text()
    assert other in peter.text()
    assert PURPOSE in peter.text()
    assert peter.page is not None
    (mark,) = peter.page.xpath("//*[@class='watermark']")
    assert asker in mark.text_content()
    told = [(one.event, one.actor_id, one.detail) for one in events]
    peter_id, emma_id = id_of(site, PETER), id_of(site, EMMA)
    assert told == [
        ("case:printing:ask", peter_id, {}),
        ("case:printing:agree", emma_id, {"asked_by": str(peter_id)}),
        ("case:printing:print", peter_id, {"agreed_by": str(emma_id)}),
    ]
    assert "whole_file" in {one.detail["section"] for one in sections}
    again, _ = print_it(site, case, row)
    assert again.status_code == 302


def test_paper_holds_what_its_printer_reads_and_no_more(site: Site, case: Case) -> None:
    row = agreed(site, case)
    _, peter = print_it(site, case, row)
    assert "A pupil praises violence." not in peter.text()
    row = ask(site, case, EMMA)
    assert site.visit(DAAN).post(f"/agreements/printing/{row}/agree").status_code == 302
    _, emma = print_it(site, case, row, EMMA)
    assert "A pupil praises violence." in emma.text()


def test_nobody_else_answers_prints_or_takes_it_back(site: Site, case: Case) -> None:
    row = ask(site, case)
    for who in (PETER, "youth.yara", "chair.clara", "head.greta", "lead.petra"):
        visitor = site.visit(who)
        for deed in ("agree", "refuse"):
            there = visitor.post(f"/agreements/printing/{row}/{deed}", {"reason": "No."})
            nowhere = visitor.post(f"/agreements/printing/{uuid4()}/{deed}", {"reason": "No."})
            assert there.status_code == nowhere.status_code == 404, (who, deed)
        if who != PETER:
            assert visitor.post(f"/agreements/printing/{row}/withdraw").status_code == 404
    assert site.visit(EMMA).post(f"/agreements/printing/{row}/agree").status_code == 302
    for who in (EMMA, DAAN, PAULA, "youth.yara"):
        assert print_it(site, case, row, who)[0].status_code == 404, who
    other = site.report("Another report.")
    assert print_it(site, other, row)[0].status_code == 404
    assert row_of(site, row).printed_at is None


def test_only_who_takes_part_asks_and_never_as_a_deputy(
    site: Site, case: Case, clock: TestClock
) -> None:
    for who in ("youth.yara", PAULA, "head.greta"):
        visitor = site.visit(who)
        assert visitor.get(f"/cases/{case.code}/printing").status_code == 404, who
        answer = visitor.post(f"/cases/{case.code}/printing", {"purpose": PURPOSE})
        assert answer.status_code == 404, who
    with site.application.database.transaction() as session:
        left = update(CaseMember).where(CaseMember.account_id == site._account(session, BRAM).id)
        session.execute(left.values(until=clock.now()))
    bram = site.visit(BRAM)  # reads it as his desk's, and takes no part any more
    assert bram.get(f"/cases/{case.code}/printing").status_code == 200
    assert "Only who takes part" in bram.text()
    for purpose in (PURPOSE, ""):
        answer = bram.post(f"/cases/{case.code}/printing", {"purpose": purpose})
        assert answer.status_code == 404
    add_colleague(site, "deputy.dora", PETER)
    today = clock.now().date()
    wish = absence.Wish(
        id_of(site, PETER), id_of(site, "deputy.dora"), today, today + timedelta(days=9)
    )
    absence.enter(site.application, id_of(site, PETER), wish)
    dora = site.visit("deputy.dora")
    assert dora.get(f"/cases/{case.code}").status_code == 200
    assert dora.get(f"/cases/{case.code}/printing").status_code == 404


def test_officer_agrees_by_the_purpose_and_sees_nothing_of_the_case(site: Site, case: Case) -> None:
    row = ask(site, case)
    paula = site.visit(PAULA)
    paula.get("/agreements")
    assert PURPOSE in paula.text()
    assert "You see nothing of the case here" in paula.text()
    assert paula.get(f"/cases/{case.code}").status_code == 404
    assert paula.post(f"/agreements/printing/{row}/agree").status_code == 302
    assert print_it(site, case, row)[0].status_code == 200


def test_purpose_and_reason_are_asked_for(site: Site, case: Case) -> None:
    peter = site.visit(PETER)
    assert peter.post(f"/cases/{case.code}/printing", {"purpose": " "}).status_code == 422
    assert "Write what the paper is for" in peter.text()
    row = ask(site, case)
    emma = site.visit(EMMA)
    assert emma.post(f"/agreements/printing/{row}/refuse").status_code == 422
    assert emma.page is not None
    assert emma.page.xpath(f"//*[@id='reason-{row}'][@aria-invalid='true']")
    answer = emma.post(f"/agreements/printing/{row}/refuse", {"reason": "Show it on a screen."})
    assert answer.status_code == 302
    assert print_it(site, case, row)[0].status_code == 302
    assert row_of(site, row).outcome == "refused"


def test_agreement_ends_after_its_time(site: Site, case: Case, clock: TestClock) -> None:
    row = agreed(site, case)
    clock.advance(timedelta(hours=25))
    assert print_it(site, case, row)[0].status_code == 302
    assert row_of(site, row).printed_at is None
    again = ask(site, case)
    assert again != row


def test_one_request_of_a_person_waits_at_a_time_and_can_be_taken_back(
    site: Site, case: Case
) -> None:
    row = ask(site, case)
    assert ask(site, case) == row
    peter = site.visit(PETER)
    peter.get(f"/cases/{case.code}/printing")
    assert "has not answered yet" in peter.text()
    assert peter.post(f"/agreements/printing/{row}/withdraw").status_code == 302
    assert site.visit(EMMA).post(f"/agreements/printing/{row}/agree").status_code == 404
    assert ask(site, case) != row


def test_notices_go_to_who_may_agree_and_carry_no_purpose(site: Site, case: Case) -> None:
    ask(site, case)
    with site.application.database.reading() as session:
        jobs = session.scalars(select(Job).where(Job.key.startswith("printing_asked:"))).all()
        told = {session.get_one(Account, UUID(job.payload["account_id"])).username for job in jobs}
    assert told == {EMMA, DAAN, PAULA, "privacy.milan"}
    assert all(set(job.payload) == {"template", "case_id", "account_id"} for job in jobs)


def test_printing_asks_for_a_fresh_password_first(site: Site, case: Case) -> None:
    row = agreed(site, case)
    visitor = site.visit(PETER)
    make_stale(site)
    answer = visitor.post(f"/cases/{case.code}/printing/{row}")
    assert answer.headers["Location"] == "/confirm?next=/agreements"
    assert row_of(site, row).printed_at is None


def test_second_account_of_the_asker_is_no_second_person(site: Site, case: Case) -> None:
    row = ask(site, case)
    with site.application.database.transaction() as session:
        person = site._account(session, EMMA)
        human.join(session, person, site._account(session, PETER).person_id)
    with pytest.raises(NotFoundError):
        printing.agree(site.application, row, id_of(site, EMMA))
    database = site.application.database
    for outcome in ("agreed", "refused"):
        with pytest.raises(DBAPIError, match="two persons"), database.transaction() as session:
            session.execute(
                update(FilePrinting).values(
                    outcome=outcome, answered_by_id=id_of(site, EMMA), answered_at=text("asked_at")
                )
            )


@pytest.mark.parametrize(
    "change",
    [
        "outcome = 'agreed', answered_by_id = asked_by_id, answered_at = asked_at",
        "printed_at = asked_at",
        "prints_until = asked_at",
    ],
)
def test_database_refuses_what_two_have_not_agreed_to(site: Site, case: Case, change: str) -> None:
    ask(site, case)
    with (
        pytest.raises(DBAPIError),
        with_all_rights(site.application.database) as session,
    ):
        session.execute(text(f"UPDATE file_printing SET {change}"))  # noqa: S608 - of this test


def test_forged_agreement_is_named_by_the_verification(site: Site, case: Case) -> None:
    row = ask(site, case)
    with with_all_rights(site.application.database) as session:
        emma = site._account(session, EMMA).id
        session.execute(
            update(FilePrinting.__table__).values(  # type: ignore[arg-type]
                outcome="agreed", answered_by_id=emma, answered_at=text("asked_at")
            )
        )
    with site.application.database.reading() as session:
        assert [str(one) for one in verification.verify(session).breaks] == [
            f"case {case.code}: file_printing {row} was changed past the application"
        ]


def test_page_of_a_case_carries_who_prints_it(site: Site, case: Case) -> None:
    peter = site.visit(PETER)
    peter.get(f"/cases/{case.code}")
    assert peter.page is not None
    (mark,) = peter.page.xpath("//*[@class='print-mark']")
    assert case.code in mark.text_content()
    with site.application.database.reading() as session:
        assert site._account(session, PETER).display_name in mark.text_content()
