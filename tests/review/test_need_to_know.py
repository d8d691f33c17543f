"""Who reads what: canaries in every free text, looked for on every page of everybody."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine import access, verification, worklist
from engine.models import (
    Account,
    Action,
    Assessment,
    AuditEntry,
    Case,
    CaseMember,
    CasePartner,
    CaseState,
    FormSubmission,
    Goal,
    InformationGap,
    Opinion,
    Organisation,
    PlanVersion,
    WorkItem,
)
from tests.webui.site import Site
from tests.webui.story import tell

TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
TO_CLOSURE = (*TO_PLAN, "implementation_to_closure")
SECTIONS = (
    "",
    "/timeline",
    "/timeline?page=2",
    "/timeline?page=3",
    "/plan",
    "/people",
    "/diagram",
    "/notes/new",
)


def _seen(site: Site, case: Case, username: str) -> str:
    """Return all that a person can read of a case: its sections and every step that is listed."""
    visitor = site.visit(username)
    pages = [f"/cases/{case.code}{section}" for section in SECTIONS]
    with site.application.database.reading() as session:
        items = session.scalars(select(WorkItem.id).where(WorkItem.case_id == case.id))
        pages += [f"/work/{found}" for found in items]
    return "\n".join(visitor.get(page).get_data(as_text=True) for page in pages)


def _escalate(site: Site, case: Case, element: str) -> WorkItem:
    item = site.item(case, element)
    site.change(item.id, escalated_at=item.created_at)
    return item


def _end_membership(site: Site, case: Case, username: str) -> None:
    with site.application.database.transaction() as session:
        session.execute(
            update(CaseMember)
            .where(
                CaseMember.case_id == case.id,
                CaseMember.account_id == site._account(session, username).id,
            )
            .values(until=case.created_at)
        )


def _functions(site: Site, case: Case, username: str) -> set[str]:
    with site.application.database.reading() as session:
        return set(
            session.scalars(
                select(CaseMember.function).where(
                    CaseMember.case_id == case.id,
                    CaseMember.account_id == site._account(session, username).id,
                    CaseMember.until.is_(None),
                )
            )
        )


def test_what_an_organisation_owes_is_never_done_for_it(site: Site) -> None:
    """P22: an overdue contribution is brought before somebody, not written by somebody else."""
    case = tell(site, "intake_to_multi_agency", "analysis_to_plan", until="declare_sharing")
    item = _first_item(site, case, "declare_sharing")
    site.change(item.id, escalated_at=item.created_at)
    with site.application.database.reading() as session:
        row = session.get_one(WorkItem, item.id)
        able = {one.username for one in access.able_accounts(session, row)}
        organisation = session.get_one(Organisation, row.organisation_id)
        accounts = session.scalars(select(Account)).unique().all()
        assert able == {
            one.username
            for one in accounts
            if one.organisation_id == organisation.id and "partner" in one.role_codes
        }
    for username in ("process.daan", "process.dina"):
        assert site.visit(username).get(f"/work/{item.id}").status_code == 404


def _first_item(site: Site, case: Case, element: str) -> WorkItem:
    with site.application.database.reading() as session:
        return (
            session.scalars(
                select(WorkItem).where(
                    WorkItem.case_id == case.id,
                    WorkItem.element_id == element,
                    WorkItem.state == "open",
                )
            )
            .unique()
            .all()[0]
        )


def test_who_helps_out_gets_no_function_that_he_does_not_hold(site: Site) -> None:
    case = tell(site, "intake_to_multi_agency", until="decide_route")
    item = _escalate(site, case, "decide_route")
    with site.application.database.reading() as session:
        greta = site._account(session, "head.greta").id
    answers = {
        "enough_information": "yes",
        "route": "multi_agency",
        "necessity": "More than one agency is needed.",
        "proportionality": "Nothing lighter helps.",
        "reasons": "As proposed.",
        "deviation": "Seen otherwise.",
    }
    done = worklist.complete(site.application, item.id, greta, answers, "k")
    assert isinstance(done, worklist.Completed), done
    assert _functions(site, case, "head.greta") == {"desk_head"}


def test_decision_of_the_accountable_person_cannot_be_escalated(site: Site) -> None:
    """P93: nobody else closes or reopens, however late it gets."""
    case = tell(site, *TO_CLOSURE, "closure_to_monitoring", until="decide_closure")
    item = site.item(case, "decide_closure")
    site.change(item.id, escalate_to="desk_head", escalated_at=item.created_at)
    assert site.visit("head.greta").get(f"/work/{item.id}").status_code == 404


def test_partner_who_left_reads_nothing_although_a_step_is_still_taken(site: Site) -> None:
    case = tell(site, "intake_to_multi_agency", "analysis_to_plan", until="contribute_information")
    item = _own_item(site, case, "contribute_information", "youth.yara")
    yara = site.visit("youth.yara")
    assert yara.post(f"/work/{item}/claim").status_code == 302
    assert yara.get(f"/cases/{case.code}").status_code == 200
    _end_membership(site, case, "youth.yara")
    assert yara.get(f"/cases/{case.code}").status_code == 404
    assert yara.get(f"/work/{item}").status_code == 404
    yara.get("/")
    assert case.code not in yara.text()


def _own_item(site: Site, case: Case, element: str, username: str) -> UUID:
    with site.application.database.reading() as session:
        own = site._account(session, username).organisation_id
        return session.scalars(
            select(WorkItem.id).where(
                WorkItem.case_id == case.id,
                WorkItem.element_id == element,
                WorkItem.organisation_id == own,
                WorkItem.state == "open",
            )
        ).one()


def test_plan_is_read_by_those_who_work_on_it(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    with site.application.database.transaction() as session:
        for goal in session.scalars(select(Goal)):
            goal.title, goal.reason = "CANARY-title", "CANARY-reason"
            goal.indicator, goal.baseline = "CANARY-indicator", "CANARY-baseline"
        for plan in session.scalars(select(PlanVersion)):
            plan.reason = "CANARY-why"
    assert "CANARY-title" in _seen(site, case, "content.emma")
    for username in ("process.daan", "intake.anna"):
        seen = _seen(site, case, username)
        assert "CANARY" not in seen, (username, seen[seen.index("CANARY") :][:80])


def test_actions_are_read_by_the_process_coordinator_and_not_by_the_intake(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    title = "Look for a place in a sports club"
    with site.application.database.transaction() as session:
        for action in session.scalars(select(Action)).unique():
            action.title = title
    assert title in _plan(site, case, "process.daan")
    assert title not in _plan(site, case, "intake.anna")


def _plan(site: Site, case: Case, username: str) -> str:
    visitor = site.visit(username)
    visitor.get(f"/cases/{case.code}/plan")
    return visitor.text()


def test_opinion_is_read_by_those_who_decide_together(site: Site) -> None:
    case = tell(site, *TO_CLOSURE, "closure_to_monitoring", until="decide_closure")
    with site.application.database.transaction() as session:
        for opinion in session.scalars(select(Opinion)).unique():
            opinion.choice, opinion.reasons = "disagree", "CANARY"
    for username, reads in (("process.daan", False), ("content.emma", True)):
        visitor = site.visit(username)
        visitor.get(f"/cases/{case.code}/timeline?kind=opinion")
        assert ("CANARY" in visitor.text()) is reads
        assert ("disagrees" in visitor.text()) is reads, visitor.text()


def test_dossier_shows_a_partner_no_assessment_of_the_signal(site: Site) -> None:
    case = tell(site, *TO_CLOSURE, "closure_to_monitoring", until="give_closing_opinion")
    with site.application.database.transaction() as session:
        for judged in session.scalars(select(Assessment)).unique():
            if judged.kind in {"conference", "need"}:
                judged.kind, judged.summary = "gaps", "other"
            elif judged.kind == "signal":
                judged.summary = "CANARY-signal"
    item = _own_item(site, case, "give_closing_opinion", "youth.yara")
    yara = site.visit("youth.yara")
    assert yara.get(f"/work/{item}").status_code == 200
    assert "CANARY-signal" not in yara.text()


def test_what_the_intake_asked_around_is_not_for_partners(site: Site) -> None:
    """Who was asked before anything was shared may be the reporter (P34)."""
    case = tell(site, *TO_PLAN)
    with site.application.database.transaction() as session:
        row = InformationGap(
            case_id=case.id,
            element_id="gather_information",
            at=case.created_at,
            question="CANARY-asked",
            state="answered",
            important=True,
            answer="CANARY-learned",
            details={"area": "signal"},
        )
        session.add(row)
    assert "CANARY" not in _seen(site, case, "youth.yara")


@pytest.mark.parametrize("state", [CaseState.SEALED, CaseState.ERASED])
def test_sealed_and_erased_cases_are_not_read_by_who_worked_on_them(
    site: Site, state: CaseState
) -> None:
    case = site.report()
    item = site.item(case, "check_source")
    anna = site.visit("intake.anna")
    anna.get(f"/work/{item.id}")
    answers = {
        "source_kind": "professional",
        "first_hand": "yes",
        "source_reliability": "reliable",
        "conflict_behind": "no",
        "source_summary": "CANARY",
        "_key": anna.hidden("_key"),
    }
    assert anna.post(f"/work/{item.id}", answers).status_code == 302
    _end_membership(site, case, "intake.anna")
    with site.application.database.transaction() as session:
        session.execute(update(Case).values(state=state.value))
        session.execute(update(WorkItem).where(WorkItem.state == "open").values(state="cancelled"))
    assert "CANARY" not in _seen(site, case, "intake.anna")
    assert anna.get(f"/work/{item.id}").status_code == 404


def test_reporter_is_nowhere_but_at_the_intake_desk(site: Site) -> None:
    """Every field of class `source` of every form, on every page of everybody else."""
    case = tell(site, *TO_PLAN)
    with site.application.database.transaction() as session:
        forms = site.application.deployments.get(session, case.deployment_id).forms
        for row in session.scalars(select(FormSubmission)).unique():
            form = forms[row.form_id]
            hidden = {field.key for field in form.fields() if field.field_class == "source"}
            row.values = {
                **row.values,
                **{key: f"CANARY-{key}" for key in hidden & set(row.values)},
            }
    for username in ("chair.clara", "content.emma", "mayor.fatima", "youth.yara", "process.daan"):
        assert "CANARY" not in _seen(site, case, username), username


def test_contribution_of_a_partner_is_in_no_gap_above_its_level(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    with site.application.database.transaction() as session:
        for partner in session.scalars(select(CasePartner)).unique():
            assert partner.state == "active"
        police = site._account(session, "police.peter").organisation_id
        for row in session.scalars(
            select(FormSubmission).where(FormSubmission.element_id == "contribute_information")
        ).unique():
            if session.get_one(WorkItem, row.work_item_id).organisation_id == police:
                row.values = {**row.values, "own_actions": "CANARY", "care_needs": "CANARY"}
    assert "CANARY" in _seen(site, case, "police.peter")
    for username in ("chair.clara", "content.emma", "mayor.fatima", "youth.yara", "process.daan"):
        assert "CANARY" not in _seen(site, case, username), username


def test_reading_beside_a_form_is_on_record_too(site: Site) -> None:
    """S13: the page of a step shows what is on file, open or done, to its second sender as well."""
    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    anna.get(f"/work/{item.id}")
    site.change(item.id, state="cancelled")
    anna.get(f"/work/{item.id}")
    anna.post(f"/work/{item.id}", {"action": "submit", "_key": "k"})
    with site.application.database.reading() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "case:file:read")
        ).all()
        assert [entry.detail["section"] for entry in entries] == ["work_item"] * 3
        assert verification.verify(session).breaks == []
