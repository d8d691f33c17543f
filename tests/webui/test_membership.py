"""Taking part in a case: asked, taking part, stepped out, left; and what each of them reads."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine import access
from engine.models import (
    Account,
    AccountRole,
    AuditEntry,
    Case,
    CaseMember,
    CaseStanding,
    Contribution,
    Draft,
    Incident,
    Job,
    WorkItem,
)
from tests.webui.site import Site, Visitor
from tests.webui.story import tell

TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
COVENANT = "Covenant on case consultation"
TOLD = "canary-she-is-my-niece"


class Table:
    """A case whose plan is being written, with four agencies at the table."""

    def __init__(self, site: Site, until: str = "") -> None:
        self.site = site
        self.case: Case = tell(site, *TO_PLAN, until=until)
        self.path = f"/cases/{self.case.code}"

    def colleague(self, username: str, organisation_of: str, *roles: str) -> None:
        """Add somebody to the organisation of another person."""
        from engine import accounts

        with self.site.application.database.transaction() as session:
            other = self.site._account(session, organisation_of)
            accounts.add_account(
                session,
                username=username,
                display_name=username,
                password_hash="none",
                organisation=other.organisation,
                roles=frozenset(roles),
                email=f"{username}@example.org",
                now=self.site.application.now(session),
            )

    def standing(self, username: str) -> CaseStanding:
        with self.site.application.database.reading() as session:
            person = self.site._account(session, username)
            return (
                session.scalars(
                    select(CaseStanding)
                    .where(CaseStanding.account_id == person.id)
                    .order_by(CaseStanding.until.is_not(None), CaseStanding.since.desc())
                )
                .unique()
                .all()[0]
            )

    def functions(self, username: str) -> set[str]:
        with self.site.application.database.reading() as session:
            person = self.site._account(session, username)
            members = access.members_of(session, self.case.id)
            return {function for one, function in members if one == person.id}

    def step_out(self, username: str, kind: str = "relative") -> Visitor:
        visitor = self.site.visit(username)
        answer = visitor.post(f"{self.path}/conflict", {"kind": kind, "told": TOLD})
        assert answer.status_code == 302
        return visitor

    def invite(self, by: str, username: str, function: str = "partner") -> Any:
        with self.site.application.database.reading() as session:
            person = self.site._account(session, username).id
        form = {"person": f"{person}:{function}", "legal_basis": COVENANT}
        return self.site.visit(by).post(f"{self.path}/people/new", form)

    def told(self, template: str) -> set[str]:
        """Return the user names that a notice of a template is owed to."""
        with self.site.application.database.reading() as session:
            jobs = session.scalars(select(Job).where(Job.kind == "notice")).all()
            return {
                session.get_one(Account, UUID(job.payload["account_id"])).username
                for job in jobs
                if job.payload.get("template") == template
            }


@pytest.fixture
def table(site: Site) -> Table:
    return Table(site)


def test_stepping_out_closes_the_case_with_the_next_request(table: Table) -> None:
    peter = table.site.visit("police.peter")
    assert peter.get(table.path).status_code == 200
    table.step_out("police.peter")
    for section in ("", "/people", "/timeline", "/plan", "/mine", "/conflict"):
        answer = peter.get(table.path + section)
        absent = peter.get(f"/cases/2222-2222{section}")
        assert answer.status_code == absent.status_code == 404
        assert answer.text.replace(table.case.code, "") == absent.text.replace("2222-2222", "")
    peter.get("/cases")
    assert table.case.code not in peter.text()
    with table.site.application.database.reading() as session:
        items = session.scalars(select(WorkItem.id).where(WorkItem.case_id == table.case.id)).all()
    assert {peter.get(f"/work/{item}").status_code for item in items} == {404}
    assert table.functions("police.peter") == set()


def test_stepping_out_is_explained_to_those_who_lead_the_case_alone(table: Table) -> None:
    table.step_out("police.peter")
    for username, reads in (
        ("process.daan", True),
        ("content.emma", True),
        ("chair.clara", True),
        ("youth.yara", False),
        ("mayor.fatima", False),
    ):
        visitor = table.site.visit(username)
        visitor.get(f"{table.path}/people")
        assert (TOLD in visitor.text()) is reads, username
        assert ("conflict of interest:" in visitor.text()) is False
    with table.site.application.database.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "case:member:recuse")
        ).one()
        assert TOLD not in str(entry.detail)
    assert {"process.daan", "content.emma"} <= table.told("member_left") | table.told(
        "step_without_person"
    )


def test_step_owed_by_one_person_alone_gets_an_alarm_until_somebody_is_named(site: Site) -> None:
    table = Table(site, until="declare_sharing")
    with site.application.database.transaction() as session:
        item = next(
            one
            for one in session.scalars(
                select(WorkItem).where(
                    WorkItem.element_id == "declare_sharing", WorkItem.state == "open"
                )
            ).unique()
            if one.organisation and one.organisation.code == "police"
        )
        peter = site._account(session, "police.peter")
        item.assignee_id, item_id = peter.id, item.id
        session.add(
            Draft(
                work_item_id=item.id,
                account_id=peter.id,
                case_id=item.case_id,
                values={"can_share": TOLD},
                saved_at=table.case.created_at,
            )
        )
    table.step_out("police.peter")
    with site.application.database.reading() as session:
        incident = session.scalars(
            select(Incident).where(Incident.key == f"nobody_able:{item_id}")
        ).one()
        assert incident.state == "waiting_for_owner"
        assert incident.retry_at is None
        assert session.get_one(WorkItem, item_id).assignee_id is None
        assert session.scalars(select(Draft).where(Draft.work_item_id == item_id)).all() == []
    assert table.told("step_without_person") != set()
    table.colleague("police.pia", "police.peter", "partner")
    assert table.invite("chair.clara", "police.pia").status_code == 302
    pia = site.visit("police.pia")
    invitation = table.standing("police.pia")
    assert pia.post(f"/part/{invitation.id}/accept", {"neutral": "yes"}).status_code == 302
    assert pia.get(f"/work/{item_id}").status_code == 200
    with site.application.database.reading() as session:
        assert session.get_one(Incident, incident.id).state == "resolved"


def test_invitation_shows_the_code_and_nothing_of_the_case(table: Table) -> None:
    table.colleague("police.pia", "police.peter", "partner")
    pia = table.site.visit("police.pia")
    assert table.invite("process.daan", "police.pia").status_code == 302
    pia.get("/part")
    assert table.case.code in pia.text()
    assert COVENANT in pia.text()
    with table.site.application.database.reading() as session:
        from engine.models import Person

        name = session.scalars(select(Person)).all()[0].name
    assert name is not None
    assert name not in pia.text()
    assert pia.get(table.path).status_code == 404
    assert table.told("membership_invitation") == {"police.pia"}
    pia.get("/")
    assert "You are asked to take part in a case" in pia.text()
    standing = table.standing("police.pia")
    refused = pia.post(f"/part/{standing.id}/accept")
    assert refused.status_code == 422
    assert "Confirm that you know of no conflict" in pia.text()
    assert pia.get(table.path).status_code == 404
    assert pia.post(f"/part/{standing.id}/accept", {"neutral": "yes"}).status_code == 302
    assert pia.get(table.path).status_code == 200
    with table.site.application.database.reading() as session:
        row = (
            session.scalars(select(CaseMember).where(CaseMember.account_id == standing.account_id))
            .unique()
            .one()
        )
        daan = table.site._account(session, "process.daan").id
        assert (row.legal_basis, row.granted_by_id) == (COVENANT, daan)


def test_invitation_of_somebody_else_does_not_exist(table: Table) -> None:
    table.colleague("police.pia", "police.peter", "partner")
    table.invite("process.daan", "police.pia")
    standing = table.standing("police.pia")
    for username in ("police.peter", "process.daan", "child.chris"):
        visitor = table.site.visit(username)
        for deed in ("accept", "decline"):
            answer = visitor.post(
                f"/part/{standing.id}/{deed}", {"neutral": "yes", "kind": "friend"}
            )
            assert answer.status_code == 404
    assert table.standing("police.pia").until is None


@pytest.mark.parametrize(("kind", "barred"), [("unavailable", False), ("friend", True)])
def test_invitation_refused_for_a_conflict_keeps_the_person_out(
    table: Table, kind: str, barred: bool
) -> None:
    table.colleague("police.pia", "police.peter", "partner")
    table.invite("process.daan", "police.pia")
    pia = table.site.visit("police.pia")
    standing = table.standing("police.pia")
    assert pia.post(f"/part/{standing.id}/decline", {"kind": kind}).status_code == 302
    assert pia.post(f"/part/{standing.id}/accept", {"neutral": "yes"}).status_code == 404
    with table.site.application.database.reading() as session:
        found = access.members_of(session, table.case.id).barred
    assert found == ({standing.account_id} if barred else set())
    assert (table.invite("process.daan", "police.pia").status_code == 422) is barred


def test_coming_back_takes_a_coordinator_and_the_chair(table: Table) -> None:
    peter = table.step_out("police.peter")
    standing = table.standing("police.peter")
    back = f"{table.path}/standings/{standing.id}"
    assert table.invite("process.daan", "police.peter").status_code == 422
    assert peter.post(f"{back}/ask-return").status_code == 404
    assert table.site.visit("youth.yara").post(f"{back}/ask-return").status_code == 404
    assert table.site.visit("chair.clara").post(f"{back}/ask-return").status_code == 404
    assert table.site.visit("chair.clara").post(f"{back}/allow-return").status_code == 409
    assert table.site.visit("content.emma").post(f"{back}/ask-return").status_code == 302
    assert table.told("return_asked") == {"chair.clara"}
    assert table.site.visit("process.daan").post(f"{back}/allow-return").status_code == 404
    assert peter.get(table.path).status_code == 404
    assert table.site.visit("chair.clara").post(f"{back}/allow-return").status_code == 302
    assert peter.get(table.path).status_code == 404
    again = table.standing("police.peter")
    assert again.state == "invited"
    assert peter.post(f"/part/{again.id}/accept", {"neutral": "yes"}).status_code == 302
    assert peter.get(table.path).status_code == 200


def test_database_refuses_a_return_by_one_person_and_access_of_who_is_recused(
    table: Table,
) -> None:
    table.step_out("police.peter")
    standing = table.standing("police.peter")
    database = table.site.application.database
    with (
        pytest.raises(DBAPIError, match="recused or suspended has no access"),
        database.transaction() as session,
    ):
        session.add(
            CaseMember(
                case_id=table.case.id,
                account_id=standing.account_id,
                function="partner",
                since=table.case.created_at,
            )
        )
    with database.transaction() as session:
        clara = table.site._account(session, "chair.clara").id
    alone = {"return_asked_by_id": clara, "ended_by_id": clara}
    ended = {"until": table.case.created_at, "ended_as": "returned"}
    change = update(CaseStanding).where(CaseStanding.id == standing.id).values(**alone, **ended)
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(change)


def test_step_of_the_process_gives_no_access_to_who_is_recused(site: Site) -> None:
    """Choosing an agency again does not bring back its person who stepped out."""
    table = Table(site, until="declare_sharing")
    table.step_out("police.peter")
    with site.application.database.transaction() as session:
        from engine.models import CasePartner, Organisation, ProcessInstance
        from engine.turn import Turn
        from tasks.partner import begin_parts, end_part

        instance = session.scalars(select(ProcessInstance)).unique().all()[0]
        turn = Turn(
            site.application, session, instance, now=site.application.now(session), actor=None
        )
        police = session.scalars(select(Organisation).where(Organisation.code == "police")).one()
        part = session.scalars(
            select(CasePartner).where(CasePartner.organisation_id == police.id)
        ).one()
        end_part(turn, part, "left")
        begin_parts(turn, [police])
    assert table.functions("police.peter") == set()


def test_former_member_reads_the_own_words_and_nothing_else(table: Table) -> None:
    with table.site.application.database.transaction() as session:
        for row in session.scalars(select(Contribution)):
            author = session.get_one(Account, row.by_id)
            row.summary, row.body = f"summary-{author.username}", f"body-{author.username}"
        peter = table.site._account(session, "police.peter").id
        for member in session.scalars(select(CaseMember)).unique():
            if member.account_id == peter:
                member.until = table.site.application.now(session)
    visitor = table.site.visit("police.peter")
    assert visitor.get(table.path).status_code == 404
    visitor.get("/part")
    assert table.case.code in visitor.text()
    assert visitor.get(f"{table.path}/mine").status_code == 200
    assert "body-police.peter" in visitor.text()
    for other in ("youth.yara", "school.sofia", "health.hugo"):
        assert other not in visitor.text()
    for member in ("youth.yara", "process.daan", "child.chris"):
        assert table.site.visit(member).get(f"{table.path}/mine").status_code == 404


def test_people_are_named_by_those_who_lead_the_case(table: Table) -> None:
    table.colleague("police.pia", "police.peter", "partner")
    for username in ("police.peter", "mayor.fatima", "privacy.paula", "child.chris"):
        assert table.invite(username, "police.pia").status_code == 404, username
        assert table.site.visit(username).get(f"{table.path}/people/history").status_code == 404
    # Nobody of an agency that is not at the table, and nobody who watches over data protection.
    for username in ("child.chris", "privacy.paula"):
        assert table.invite("process.daan", username).status_code == 422
    daan = table.site.visit("process.daan")
    daan.get(f"{table.path}/people/new")
    assert "police.pia" in daan.text()
    assert table.invite("process.daan", "police.pia").status_code == 302
    standing = table.standing("police.pia")
    assert daan.post(f"{table.path}/standings/{standing.id}/withdraw").status_code == 302
    assert (
        table.site.visit("police.pia")
        .post(f"/part/{standing.id}/accept", {"neutral": "yes"})
        .status_code
        == 404
    )
    daan.get(f"{table.path}/people/history")
    assert COVENANT in daan.text()


@pytest.mark.parametrize("role", sorted(access.IN_NO_CASE))
def test_role_outside_and_a_membership_exclude_each_other(site: Site, role: str) -> None:
    case = site.report()
    database = site.application.database
    with database.reading() as session:
        olga = site._account(session, "owner.olga").id
        member = session.scalars(select(CaseMember.account_id)).first()
    with (
        pytest.raises(DBAPIError, match="takes part in no case"),
        database.transaction() as session,
    ):
        session.add(AccountRole(account_id=member, role=role))
    with database.transaction() as session:
        session.execute(delete(AccountRole).where(AccountRole.account_id == olga))
        session.add(AccountRole(account_id=olga, role=role))
    with (
        pytest.raises(DBAPIError, match="takes part in no case"),
        database.transaction() as session,
    ):
        session.add(
            CaseMember(case_id=case.id, account_id=olga, function="partner", since=case.created_at)
        )


def test_report_is_taken_in_whatever_roles_somebody_holds_at_the_desk(site: Site) -> None:
    """An account with both roles, made by hand, must not keep reports from arriving."""
    with site.application.database.transaction() as session:
        bram = site._account(session, "intake.bram").id
        session.add(AccountRole(account_id=bram, role="operator"))
    case = site.report()
    with site.application.database.reading() as session:
        members = {person for person, _ in access.members_of(session, case.id)}
        assert bram not in members
        assert members != set()
