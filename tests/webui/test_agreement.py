"""Others read everything only when two persons of the author's organisation want it (S19)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from engine import absence, agreement, due, human, second_person
from engine.clock import TestClock
from engine.errors import ConflictError, NotFoundError
from engine.models import (
    Account,
    AuditEntry,
    CasePartner,
    Contribution,
    ContributionShare,
    Incident,
    Job,
    SharingRequest,
)
from tests.webui.colleague import add_colleague, take_part
from tests.webui.site import Site
from tests.webui.test_sharing import COVENANT, Table, open_requests

HUGO, HELENA = "health.hugo", "second.health.hugo"


PARTS = {
    HUGO: "partner",
    "youth.yara": "partner",
    "police.peter": "partner",
    "content.emma": "content_coordinator",
    "process.daan": "process_coordinator",
}


class Small(Table):
    """A case with one contribution, without the story that leads to one."""

    def __init__(self, site: Site, *, colleague: bool = True) -> None:
        self.site, self.case = site, site.report()
        self.organisation, self.visitors = {}, {}
        for person, function in PARTS.items():
            take_part(site, person, self.case, function)
        if colleague:
            add_colleague(site, HELENA, HUGO, self.case)
        with site.application.database.transaction() as session:
            for person in (HUGO, "youth.yara", "police.peter"):
                account = site._account(session, person)
                self.organisation[person] = account.organisation_id
                session.add(
                    CasePartner(
                        case_id=self.case.id,
                        organisation_id=account.organisation_id,
                        joined_at=site.application.now(session),
                    )
                )
            row = Contribution(
                case_id=self.case.id,
                by_id=site._account(session, HUGO).id,
                organisation_id=self.organisation[HUGO],
                at=site.application.now(session),
                level="concern_only",
                concern=True,
                summary=f"summary-{HUGO}",
                body=f"body-{HUGO}",
            )
            session.add(row)
            self.contribution = {HUGO: row.id}
        self.visitors = {name: site.visit(name) for name in PARTS}


@pytest.fixture
def table(site: Site) -> Table:
    found = Small(site)
    assert found.change(HUGO, "table", "full").status_code == 302
    return found


def only(table: Table) -> UUID:
    (found,) = open_requests(table.site)
    return found


def answer(table: Table, who: str, deed: str, **form: str) -> Any:
    return table.site.visit(who).post(f"/agreements/{only(table)}/{deed}", form)


def account_id(table: Table, name: str) -> UUID:
    with table.site.application.database.reading() as session:
        return table.site._account(session, name).id


def test_everything_is_read_with_the_second_person_and_not_before(table: Table) -> None:
    assert table.seen("youth.yara", HUGO) == "less"
    helena = table.site.visit(HELENA)
    helena.get("/")
    assert "asks for your agreement" in helena.text()
    helena.get("/agreements")
    assert table.case.code in helena.text()
    assert f"body-{HUGO}" not in helena.text()
    assert answer(table, HELENA, "agree").status_code == 302
    assert table.seen("youth.yara", HUGO) == "full"
    with table.site.application.database.reading() as session:
        row = session.scalars(select(ContributionShare)).unique().one()
        assert row.agreed_by is not None
        assert (row.by.username, row.agreed_by.username) == (HUGO, HELENA)
        events = select(AuditEntry.event, AuditEntry.actor_id).where(
            AuditEntry.event.startswith("case:sharing:")
        )
        found = {row.event: row.actor_id for row in session.execute(events)}
    assert set(found) == {"case:sharing:ask", "case:sharing:agree", "case:sharing:raise"}
    assert found["case:sharing:ask"] != found["case:sharing:agree"]
    page = table.site.visit(HUGO)
    page.get(table.path(HUGO))
    assert "agreed by" in page.text()


def test_notice_of_what_is_asked_names_the_second_person_and_no_content(table: Table) -> None:
    with table.site.application.database.reading() as session:
        jobs = session.scalars(select(Job).where(Job.key.startswith("agreement_asked:"))).all()
    told = [job.payload for job in jobs]
    assert [row["account_id"] for row in told] == [str(account_id(table, HELENA))]
    assert set(told[0]) == {"template", "case_id", "account_id"}


def test_nobody_else_answers_and_it_looks_like_not_existing(table: Table) -> None:
    for who in (HUGO, "youth.yara", "content.emma", "chair.clara", "lead.petra"):
        visitor = table.site.visit(who)
        for deed in ("agree", "refuse"):
            there = visitor.post(f"/agreements/{only(table)}/{deed}", {"reason": "Why not."})
            nowhere = visitor.post(f"/agreements/{uuid4()}/{deed}", {"reason": "Why not."})
            assert there.status_code == nowhere.status_code == 404, who
        if who != HUGO:
            assert visitor.post(f"/agreements/{only(table)}/withdraw").status_code == 404
    assert table.seen("police.peter", HUGO) == "less"


def test_refusal_wants_a_reason_and_leaves_everything_as_it_is(table: Table) -> None:
    request = only(table)
    helena = table.site.visit(HELENA)
    assert helena.post(f"/agreements/{request}/refuse").status_code == 422
    assert "Write why" in helena.text()
    assert helena.page is not None
    assert helena.page.xpath(f"//*[@id='reason-{request}'][@aria-invalid='true']")
    assert answer(table, HELENA, "refuse", reason="Ask him first.").status_code == 302
    assert open_requests(table.site) == []
    assert table.seen("youth.yara", HUGO) == "less"
    with table.site.application.database.reading() as session:
        row = session.get_one(SharingRequest, request)
        assert (row.outcome, row.reason) == ("refused", "Ask him first.")
        told = session.scalars(select(Job).where(Job.key.startswith("agreement_refused:"))).one()
        assert told.payload["account_id"] == str(account_id(table, HUGO))


def test_less_counts_at_once_and_ends_what_waits(table: Table) -> None:
    assert table.change(HUGO, "table", "nothing").status_code == 302
    assert open_requests(table.site) == []
    with table.site.application.database.reading() as session:
        assert session.scalars(select(SharingRequest.outcome)).all() == ["overtaken"]
    assert table.seen("youth.yara", HUGO) == "less"


def test_asking_again_replaces_what_waits_and_a_summary_meanwhile_does_not(table: Table) -> None:
    first = only(table)
    table.change(HUGO, "table", "summary")
    assert open_requests(table.site) == [first]
    assert table.seen("youth.yara", HUGO) == "summary"
    table.change(HUGO, "table", "full", summary="Newer words.")
    assert only(table) != first


def test_asker_takes_it_back(table: Table) -> None:
    hugo = table.site.visit(HUGO)
    hugo.get("/agreements")
    assert "What you asked" in hugo.text()
    assert answer(table, HUGO, "withdraw").status_code == 302
    assert open_requests(table.site) == []


def test_agreement_after_the_asker_has_gone_is_refused_and_then_over(table: Table) -> None:
    request = only(table)
    application = table.site.application
    with application.database.transaction() as session:
        session.execute(
            update(Account)
            .where(Account.username == HUGO)
            .values(disabled_at=application.now(session))
        )
    with pytest.raises(ConflictError):
        agreement.agree(application, request, account_id(table, HELENA))
    second_person.watch(application)
    assert open_requests(table.site) == []
    assert table.seen("youth.yara", HUGO) == "less"


def test_what_is_not_allowed_any_more_is_refused_at_the_agreement(table: Table) -> None:
    clock = table.site.application.clock
    assert isinstance(clock, TestClock)
    answer(table, HUGO, "withdraw")
    last = (clock.now() + timedelta(days=1)).date().isoformat()
    table.change(HUGO, "police.peter", "full", expires_on=last)
    clock.advance(timedelta(days=5))
    refused = answer(table, HELENA, "agree")
    assert refused.status_code == 422
    assert table.seen("police.peter", HUGO) == "less"
    assert only(table)


def test_second_account_of_the_asker_is_no_second_person(table: Table) -> None:
    application = table.site.application
    with application.database.transaction() as session:
        hugo = table.site._account(session, HUGO)
        human.join(session, table.site._account(session, HELENA), hugo.person_id)
    with pytest.raises(NotFoundError):
        agreement.agree(application, only(table), account_id(table, HELENA))
    second_person.watch(application)
    with application.database.reading() as session:
        assert session.scalars(select(Incident.key).where(Incident.state != "resolved")).all() == [
            f"second_person:{only(table)}"
        ]


def test_deputy_is_no_second_person_for_the_asker_and_is_for_another(table: Table) -> None:
    """Whoever acts for the asker is the asker; whoever acts for a second colleague is not."""
    application = table.site.application
    add_colleague(table.site, "deputy.dora", HUGO)
    dora = account_id(table, "deputy.dora")
    for absent, may in ((HUGO, False), (HELENA, True)):
        away = _away(table, absent, dora)
        with application.database.reading() as session:
            row = session.get_one(SharingRequest, only(table))
            whom = second_person.as_whom(session, table.site._account(session, "deputy.dora"), row)
            assert (whom is not None) is may
            assert not may or (whom and whom.username) == HELENA
        if not may:
            absence.end(application, away, account_id(table, absent))
    agreement.agree(application, only(table), dora)
    with application.database.reading() as session:
        row = session.scalars(select(SharingRequest)).unique().one()
        assert (row.answered_by_id, row.answered_for_id) == (dora, account_id(table, HELENA))


def _away(table: Table, who: str, deputy: UUID) -> UUID:
    application = table.site.application
    with application.database.reading() as session:
        profile = application.deployment(session).profile
        today = application.now(session).astimezone(profile.zone).date()
    person = account_id(table, who)
    wish = absence.Wish(person, deputy, today, today + timedelta(days=9))
    return absence.enter(application, person, wish)


def test_organisation_without_a_second_person_is_said_aloud_until_it_has_one(site: Site) -> None:
    table = Small(site, colleague=False)
    table.change(HUGO, "table", "full")
    application = site.application
    emma, daan = site.visit("content.emma"), site.visit("process.daan")
    for visitor in (emma, daan):
        visitor.get(f"/cases/{table.case.code}")
        assert "nobody may agree" in visitor.text()
    yara = site.visit("youth.yara")
    yara.get(f"/cases/{table.case.code}")
    assert "nobody may agree" not in yara.text()
    greta = site.visit("head.greta")
    greta.get("/incidents")
    assert "Mental Health Service East asks that others read everything" in greta.text()
    with application.database.reading() as session:
        told = session.scalars(select(Job).where(Job.key.startswith("agreement_without_"))).all()
        assert len(told) >= 1
    due.run_due(application)
    add_colleague(site, "lead.hilde", HUGO, role="agency_lead")
    due.run_due(application)
    with application.database.reading() as session:
        open_ones = select(Incident.key).where(Incident.state != "resolved")
        assert not [key for key in session.scalars(open_ones) if key.startswith("second_person")]
        asked = session.scalars(select(Job).where(Job.key.startswith("agreement_asked:"))).one()
    hilde = site.visit("lead.hilde")
    assert asked.payload["account_id"] == str(account_id(table, "lead.hilde"))
    hilde.get("/agreements")
    assert "You see no case here" in hilde.text()
    assert COVENANT not in hilde.text()
    assert hilde.get(table.path(HUGO)).status_code == 404
    assert answer(table, "lead.hilde", "agree").status_code == 302
    assert table.seen("youth.yara", HUGO) == "full"


SQL = {
    "a share without a second person": (
        "INSERT INTO contribution_share (id, case_id, contribution_id, number, level, by_id, at, "
        "one_person) SELECT :id, case_id, contribution_id, 77, 'full', asked_by_id, asked_at, "
        "{false} FROM sharing_request"
    ),
    "a share that the asker agreed to": (
        "INSERT INTO contribution_share (id, case_id, contribution_id, number, level, by_id, at, "
        "one_person, request_id, agreed_by_id) SELECT :id, case_id, contribution_id, 77, 'full', "
        "asked_by_id, asked_at, {false}, id, asked_by_id FROM sharing_request"
    ),
    "a share of a request that nobody answered": (
        "INSERT INTO contribution_share (id, case_id, contribution_id, number, level, by_id, at, "
        "one_person, request_id, agreed_by_id) SELECT :id, case_id, contribution_id, 77, 'full', "
        "asked_by_id, asked_at, {false}, id, :helena FROM sharing_request"
    ),
    "an answer by the asker": (
        "UPDATE sharing_request SET outcome = 'agreed', answered_at = asked_at, "
        "answered_by_id = asked_by_id"
    ),
    "an answer by nobody": (
        "UPDATE sharing_request SET outcome = 'agreed', answered_at = asked_at"
    ),
    "an answer by another organisation": (
        "UPDATE sharing_request SET outcome = 'agreed', answered_at = asked_at, "
        "answered_by_id = :yara"
    ),
    "an answer on behalf of the asker": (
        "UPDATE sharing_request SET outcome = 'agreed', answered_at = asked_at, "
        "answered_by_id = :helena, answered_for_id = asked_by_id"
    ),
    "a contribution that was raised in place": "UPDATE contribution SET level = 'full'",
}


def test_database_refuses_one_person(table: Table) -> None:
    database = table.site.application.database
    false = "0" if database.is_sqlite else "false"
    given = {"id": uuid4(), "helena": account_id(table, HELENA)}
    given["yara"] = account_id(table, "youth.yara")
    if database.is_sqlite:
        given = {name: value.hex for name, value in given.items()}  # type: ignore[misc]
    for what, told in SQL.items():
        statement = told.format(false=false)
        used = {name: value for name, value in given.items() if f":{name}" in statement}
        with (
            pytest.raises(IntegrityError, match=r"two_persons|full_takes_two|two persons"),
            database.transaction() as session,
        ):
            session.execute(text(statement), used)
        with database.reading() as session:
            assert session.scalars(select(ContributionShare)).unique().all() == [], what
            assert set(session.scalars(select(Contribution.level))) == {"concern_only"}
