"""Parts in cases end unless the lead of the organisation confirms them; nobody lapses silently."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import access, accounts, administration, attestation, leaving
from engine.clock import TestClock
from engine.errors import SeparationError
from engine.models import CaseMember, Incident
from tests.webui.site import Site
from tests.webui.test_membership import Table

QUARTER = timedelta(days=90)
GRACE = timedelta(days=14)


@pytest.fixture
def table(site: Site) -> Table:
    found = Table(site)
    found.colleague("police.pia", "police.peter", "partner")
    found.invite("process.daan", "police.pia")
    visitor = site.visit("police.pia")
    invitation = found.standing("police.pia")
    assert visitor.post(f"/part/{invitation.id}/accept", {"neutral": "yes"}).status_code == 302
    return found


def _pass(table: Table, time: timedelta) -> None:
    """Let time pass in the steps in which a worker looks."""
    clock = table.site.application.clock
    assert isinstance(clock, TestClock)
    clock.advance(time)
    attestation.sweep(table.site.application)


def _member(table: Table, username: str) -> UUID:
    with table.site.application.database.reading() as session:
        person = table.site._account(session, username).id
        row = session.scalars(
            select(CaseMember).where(CaseMember.account_id == person, CaseMember.until.is_(None))
        )
        return row.unique().one().id


def _incidents(table: Table) -> set[str]:
    with table.site.application.database.reading() as session:
        rows = session.scalars(select(Incident).where(Incident.state != "resolved"))
        return {row.key for row in rows if row.key.startswith("membership_unconfirmed:")}


def test_unconfirmed_part_is_told_then_suspended_and_let_in_again(table: Table) -> None:
    peter = table.site.visit("police.peter")
    _pass(table, QUARTER - timedelta(days=20))
    assert table.told("membership_due") == set()
    _pass(table, timedelta(days=8))
    assert "lead.petra" in table.told("membership_due")
    assert "police.peter" not in table.told("membership_overdue")
    _pass(table, timedelta(days=13))
    assert {"lead.petra", "police.peter", "process.daan"} <= table.told("membership_overdue")
    assert peter.get(table.path).status_code == 200
    petra = table.site.visit("lead.petra")
    assert petra.post(f"/memberships/{_member(table, 'police.pia')}/confirm").status_code == 302
    _pass(table, GRACE)
    assert peter.get(table.path).status_code == 404
    assert table.functions("police.pia") == {"partner"}
    assert "police.peter" in table.told("membership_suspended")
    petra.get("/memberships")
    assert "Suspended, because nobody confirmed" in petra.text()
    standing = table.standing("police.peter")
    assert petra.post(f"/memberships/lapsed/{standing.id}/confirm").status_code == 302
    assert peter.get(table.path).status_code == 200


def test_last_able_person_is_never_suspended_but_an_alarm_is_raised(table: Table) -> None:
    with table.site.application.database.reading() as session:
        before = set(access.members_of(session, table.case.id))
    for _ in range(3):
        _pass(table, QUARTER)
    with table.site.application.database.reading() as session:
        after = set(access.members_of(session, table.case.id))
    gone = before - after
    # One of the two of the police lapses; the other, and everybody who is alone, stays.
    assert {function for _, function in gone} == {"partner"}
    assert len(gone) == 1
    assert len(_incidents(table)) == 6
    assert {"school.sofia", "process.daan", "content.emma"} <= table.told("membership_overdue")
    lars = table.site.visit("lead.lars")
    assert lars.post(f"/memberships/{_member(table, 'process.daan')}/confirm").status_code == 302
    assert len(_incidents(table)) == 5


def test_notices_are_sent_once_however_often_a_worker_looks(table: Table) -> None:
    from engine.models import Job

    def owed() -> int:
        with table.site.application.database.reading() as session:
            rows = session.scalars(select(Job.payload).where(Job.kind == "notice"))
            return sum(str(row["template"]).startswith("membership_") for row in rows)

    _pass(table, QUARTER)
    first = owed()
    for _ in range(3):
        _pass(table, timedelta(hours=1))
    assert owed() == first > 0


def test_lead_answers_for_the_own_organisation_alone(table: Table) -> None:
    petra, lars = table.site.visit("lead.petra"), table.site.visit("lead.lars")
    petra.get("/memberships")
    assert "Peter Dekker" in petra.text()
    assert "Sofia Vos" not in petra.text()
    peter = _member(table, "police.peter")
    for visitor in (lars, table.site.visit("police.peter"), table.site.visit("chair.clara")):
        assert visitor.post(f"/memberships/{peter}/confirm").status_code == 404
        assert visitor.post(f"/memberships/{peter}/end").status_code == 404
    assert table.site.visit("chair.clara").get("/memberships").status_code == 404
    assert petra.get(table.path).status_code == 404
    assert petra.post(f"/memberships/{peter}/end").status_code == 302
    assert table.functions("police.peter") == set()
    assert {"process.daan", "content.emma"} <= table.told("member_left")


def test_lead_neither_confirms_nor_ends_what_a_desk_role_holds(table: Table) -> None:
    lars = table.site.visit("lead.lars")
    with table.site.application.database.reading() as session:
        desk = session.scalars(
            select(CaseMember.id).where(
                CaseMember.function.not_in(attestation.FUNCTIONS), CaseMember.until.is_(None)
            )
        ).all()
    assert desk
    for member in desk:
        assert lars.post(f"/memberships/{member}/confirm").status_code == 404
        assert lars.post(f"/memberships/{member}/end").status_code == 404


def test_nobody_confirms_the_own_part(table: Table) -> None:
    table.colleague("police.both", "police.peter", "partner", "agency_lead")
    table.invite("process.daan", "police.both")
    both = table.site.visit("police.both")
    invitation = table.standing("police.both")
    both.post(f"/part/{invitation.id}/accept", {"neutral": "yes"})
    own = _member(table, "police.both")
    assert both.post(f"/memberships/{own}/confirm").status_code == 409
    assert both.post(f"/memberships/{_member(table, 'police.pia')}/confirm").status_code == 302


def test_part_is_handed_on_with_the_acceptance_and_both_are_named(table: Table) -> None:
    path = f"{table.path}/hand-on"
    daan, dina = table.site.visit("process.daan"), table.site.visit("process.dina")
    with table.site.application.database.reading() as session:
        to = {
            name: table.site._account(session, name).id for name in ("process.dina", "content.erik")
        }
    wrong = daan.post(path, {"person": f"{to['content.erik']}:process_coordinator", "why": "x"})
    assert wrong.status_code == 422
    form = {"person": f"{to['process.dina']}:process_coordinator", "why": "I move to another desk"}
    assert daan.post(path, form | {"why": " "}).status_code == 422
    assert daan.post(path, form).status_code == 302
    assert daan.post(path, form).status_code == 422
    assert table.functions("process.daan") == {"process_coordinator"}
    assert dina.get(table.path).status_code == 404
    dina.get("/part")
    assert "I move to another desk" in dina.text()
    invitation = table.standing("process.dina")
    assert dina.post(f"/part/{invitation.id}/accept", {"neutral": "yes"}).status_code == 302
    assert table.functions("process.daan") == set()
    assert table.functions("process.dina") == {"process_coordinator"}
    assert daan.get(table.path).status_code == 404
    assert "process.daan" in table.told("handover_accepted")
    dina.get(f"{table.path}/people/history")
    assert "was handed on" in dina.text()
    assert "Daan Smit" in dina.text()


def test_part_of_an_organisation_is_handed_on_within_it(table: Table) -> None:
    table.colleague("police.paul", "police.peter", "partner")
    peter, path = table.site.visit("police.peter"), f"{table.path}/hand-on"
    with table.site.application.database.reading() as session:
        chris = table.site._account(session, "child.chris").id
        paul = table.site._account(session, "police.paul").id
    assert peter.post(path, {"person": f"{chris}:partner", "why": "x"}).status_code == 422
    assert peter.post(path, {"person": f"{paul}:partner", "why": "I leave"}).status_code == 302
    invitation = table.standing("police.paul")
    visitor = table.site.visit("police.paul")
    assert visitor.post(f"/part/{invitation.id}/accept", {"neutral": "yes"}).status_code == 302
    assert table.functions("police.peter") == set()
    assert table.functions("police.paul") == {"partner"}


def test_part_ends_with_the_role_and_with_the_account(table: Table) -> None:
    site = table.site
    with site.application.database.transaction() as session:
        now = site.application.now(session)
        people = ("process.dina", "content.erik", now)
        administration.change_roles(session, "school.sofia", frozenset({"agency_lead"}), *people)
        accounts.disable(session, "youth.yara", now)
    assert leaving.end_unheld(site.application) == 2
    assert leaving.end_unheld(site.application) == 0
    assert table.functions("school.sofia") == table.functions("youth.yara") == set()
    assert site.visit("school.sofia").get(table.path).status_code == 404
    assert {"process.daan", "content.emma"} <= table.told("member_left") | table.told(
        "step_without_person"
    )


@pytest.mark.parametrize(
    ("roles", "words"),
    [({"dpo", "partner"}, "give the roles to two persons"), ({"operator"}, "handed on or ended")],
)
def test_roles_that_exclude_each_other_are_refused_with_the_mend(
    table: Table, roles: set[str], words: str
) -> None:
    with (
        pytest.raises(SeparationError, match=words),
        table.site.application.database.transaction() as session,
    ):
        administration.change_roles(
            session,
            "police.peter",
            frozenset(roles),
            "process.dina",
            "content.erik",
            table.case.created_at,
        )


def test_sweep_of_many_parts_lets_other_work_go_before_it(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7: who was away for long finds thousands of parts unconfirmed; no timer waits for that."""
    monkeypatch.setattr(attestation, "PORTION", 1)
    clock = table.site.application.clock
    assert isinstance(clock, TestClock)
    clock.advance(QUARTER)
    went_before: list[bool] = []
    attestation.sweep(
        table.site.application,
        pause=lambda: went_before.append(not table.told("membership_due")),
    )
    assert went_before == [True]
    assert table.told("membership_due")
