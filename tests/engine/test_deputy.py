"""Who acts for whom: a deputy may what the absent person may, and nobody becomes two (P36)."""

import os
import random
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from engine import absence, access, due, staffing, worklist
from engine.checking import check_paths
from engine.errors import ConflictError, NotFoundError, SeparationError
from engine.models import (
    Absence,
    Account,
    AccountRole,
    AuditEntry,
    Case,
    CaseMember,
    CaseStanding,
    Incident,
    Job,
    Organisation,
    StepHistory,
    WorkItem,
)
from engine.settings import ROOT
from tasks.mail import recipients
from tests.engine.desk import Desk
from tests.engine.small import GO_ON

ROLES = ("intake_desk", "chair", "content_coordinator", "partner", "accountable_person")
LEVELS = ("anybody", "organisation", "nobody")

SEEDS = (11, 202, 203, 206) if os.environ.get("CASETABLE_TORTURE") == "yes" else (206,)


def away(desk: Desk, who: str, deputy: str, *, days: int = 7, by: str | None = None) -> UUID:
    today: date = desk.clock.now().date()
    wish = absence.Wish(
        desk.account(who).id, desk.account(deputy).id, today, today + timedelta(days=days)
    )
    return absence.enter(desk.application, desk.account(by or who).id, wish)


def names(session: Any, statement: Any) -> list[str]:
    return sorted(session.scalars(statement))


class World:
    """Random memberships, steps and absences around one case, and what the rule says by hand."""

    def __init__(self, desk: Desk, case: UUID, seed: int) -> None:
        self.desk, self.case, self.chance = desk, case, random.Random(seed)

    def stir(self) -> None:
        chance = self.chance
        with self.desk.application.database.transaction() as session:
            now = self.desk.clock.now()
            people = session.scalars(select(Account).order_by(Account.username)).unique().all()
            places = session.scalars(select(Organisation.id).order_by(Organisation.code)).all()
            session.execute(delete(Absence))
            session.execute(delete(CaseMember))
            session.execute(delete(CaseStanding))
            free = [one for one in people if not access.IN_NO_CASE & one.role_codes]
            for person in chance.sample(free, 2):
                session.add(
                    CaseStanding(
                        case_id=self.case,
                        account_id=person.id,
                        function=chance.choice(ROLES),
                        state=chance.choice(["recused", "suspended", "invited"]),
                        since=now,
                        until=chance.choice([None, None, now]),
                        reason="",
                    )
                )
            for person in chance.sample(free, 6):
                function = chance.choice(ROLES)
                until = chance.choice([None, None, now])
                session.add(
                    CaseMember(
                        case_id=self.case,
                        account_id=person.id,
                        function=function,
                        since=now,
                        until=until,
                    )
                )
            for item in session.scalars(
                select(WorkItem).order_by(WorkItem.element_id, WorkItem.created_at)
            ).unique():
                item.role, item.deputies = chance.choice(ROLES), chance.choice(LEVELS)
                item.desk = chance.random() < 0.4
                item.organisation_id = chance.choice([None, None, chance.choice(places)])
                item.escalate_to = chance.choice([None, "desk_head", "chair"])
                item.escalated_at = chance.choice([None, now])
            self.absences = []
            for _ in range(14):
                absent, deputy = chance.sample(people, 2)
                kind = chance.choice(("now", "now", "now", "past", "future", "ended"))
                starts, ends = {
                    "past": (now - timedelta(days=3), now),
                    "future": (now + timedelta(seconds=1), now + timedelta(days=3)),
                }.get(kind, (now, now + timedelta(seconds=1)))
                session.add(
                    Absence(
                        account_id=absent.id,
                        deputy_id=deputy.id,
                        first_day=now.date(),
                        last_day=now.date(),
                        starts_at=starts,
                        ends_at=ends,
                        by_id=absent.id,
                        at=now,
                        ended_at=now if kind == "ended" else None,
                    )
                )
                if kind == "now":
                    self.absences.append((absent.id, deputy.id))

    def compare(self) -> int:
        with self.desk.application.database.reading() as session:
            people = session.scalars(select(Account).order_by(Account.username)).unique().all()
            items = session.scalars(select(WorkItem).where(WorkItem.state == "open")).unique().all()
            rows = session.scalars(select(CaseMember)).unique().all()
            standings = session.scalars(select(CaseStanding)).unique().all()
            barred = {
                row.account_id
                for row in standings
                if row.until is None and row.state in {"recused", "suspended"}
            }
            active = {row.account_id for row in rows if row.until is None}
            excluded = ({row.account_id for row in rows} - active) | barred
            active -= barred
            case = session.get_one(Case, self.case)
            through = {
                (deputy.id, absent.id): (deputy, absent)
                for deputy in people
                for absent in people
                if (absent.id, deputy.id) in self.absences
                and not access.IN_NO_CASE & (deputy.role_codes | absent.role_codes)
            }
            seen: set[UUID] = set(active)
            deputised: set[UUID] = set()
            # The own right alone, which tests/engine/test_access.py compares.
            owned = {one.id: _found(session, access.work_items_of(one)) for one in people}
            shown = {
                one.id: _found(session, access.visible_work_items(session, one)) for one in people
            }
            for item in items:
                own = {one.id for one in people if item.id in owned[one.id]}
                here = item.case_id == self.case
                seen |= own if here else set()
                expected = set(own)
                for deputy, absent in through.values():
                    if here and deputy.id in excluded:
                        continue
                    within = deputy.organisation_id == absent.organisation_id
                    passes = item.deputies == "anybody" or (
                        item.deputies == "organisation" and within
                    )
                    if absent.id in own and passes:
                        expected.add(deputy.id)
                        deputised |= {deputy.id} if here else set()
                may = {
                    one.id for one in people if access.may(session, one, "work_item:complete", item)
                }
                listed = {one.id for one in people if item.id in shown[one.id]}
                able = {one.id for one in access.able_accounts(session, item)}
                assert expected == may == listed == able
            for deputy, absent in through.values():
                if absent.id in active and deputy.id not in excluded:
                    deputised.add(deputy.id)
            expected = seen | deputised
            may = {one.id for one in people if access.may(session, one, "case:read", case)}
            listed = {
                one.id
                for one in people
                if session.scalar(
                    select(Case.id).where(Case.id == case.id, access.visible_cases(session, one))
                )
            }
            assert expected == may == listed
            return len(deputised - seen)


def _found(session: Any, condition: Any) -> set[UUID]:
    """Return the open steps that a condition finds."""
    return set(session.scalars(select(WorkItem.id).where(WorkItem.state == "open", condition)))


@pytest.mark.parametrize("seed", SEEDS)
def test_deputy_rule_is_the_same_in_sql_and_in_python_and_as_written_down(
    desk: Desk, seed: int
) -> None:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    desk.open()
    world = World(desk, case, seed)
    gained = 0
    for _ in range(40):
        world.stir()
        gained += world.compare()
    assert gained > 15, "deputies gained nothing, so nothing was compared"


def test_deputy_does_a_step_and_both_names_are_recorded(desk: Desk) -> None:
    case = desk.open()
    away(desk, "intake.anna", "chair.clara")
    item = desk.item(case, "ask")
    desk.do(case, "ask", "chair.clara", GO_ON)
    with desk.application.database.reading() as session:
        done = session.get_one(WorkItem, item.id)
        anna, clara = desk.account("intake.anna").id, desk.account("chair.clara").id
        assert (done.completed_by_id, done.completed_for_id) == (clara, anna)
        step = session.scalars(select(StepHistory).where(StepHistory.token == item.token)).one()
        assert (step.actor_id, step.for_id) == (clara, anna)
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "case:work_item:complete")
        ).one()
        assert (entry.actor_id, entry.detail["for"]) == (clara, str(anna))
        members = session.scalars(select(CaseMember).where(CaseMember.account_id == clara))
        assert members.all() == [], "a membership would outlast the absence"


def test_deputy_has_nothing_left_when_the_absence_ends(desk: Desk) -> None:
    case = desk.open()
    item = desk.item(case, "ask")
    found = away(desk, "intake.anna", "chair.clara")
    with desk.application.database.transaction() as session:
        clara = session.get_one(Account, desk.account("chair.clara").id)
        worklist.claim(session, session.get_one(WorkItem, item.id), clara, desk.clock.now())
    with desk.application.database.reading() as session:
        holder = session.get_one(WorkItem, item.id).assignee_id
        assert holder == desk.account("intake.anna").id, "taken in the absent person's name"
    absence.end(desk.application, found, desk.account("intake.anna").id)
    with desk.application.database.reading() as session:
        row, clara = session.get_one(Case, case), desk.account("chair.clara")
        assert not access.may(session, clara, "case:read", row)
    with pytest.raises(NotFoundError):
        desk.do(case, "ask", "chair.clara", GO_ON)


def test_deputy_loses_access_at_the_last_instant_without_anything_running(desk: Desk) -> None:
    case = desk.open()
    away(desk, "intake.anna", "chair.clara", days=0)
    with desk.application.database.reading() as session:
        ends = session.scalars(select(Absence.ends_at)).one()
        row, clara = session.get_one(Case, case), desk.account("chair.clara")
        desk.clock.set(ends - timedelta(microseconds=1))
        assert access.may(session, clara, "case:read", row)
        desk.clock.set(ends)
        assert not access.may(session, clara, "case:read", row)


def test_finished_step_of_a_deputy_is_not_read_after_the_absence(desk: Desk) -> None:
    case = desk.open()
    found = away(desk, "intake.anna", "chair.clara")
    item = desk.item(case, "ask")
    desk.do(case, "ask", "chair.clara", GO_ON)
    with desk.application.database.reading() as session:
        done, clara = session.get_one(WorkItem, item.id), desk.account("chair.clara")
        assert access.may(session, clara, "work_item:read", done)
    absence.end(desk.application, found, desk.account("intake.anna").id)
    with desk.application.database.reading() as session:
        done = session.get_one(WorkItem, item.id)
        assert not access.may(session, clara, "work_item:read", done)
        assert access.may(session, desk.account("intake.anna"), "work_item:read", done)


PEOPLE = ("intake.anna", "intake.bram", "chair.clara", "content.emma")


def test_two_persons_rule_holds_through_every_pair_of_deputies(desk: Desk) -> None:
    """Each way in which two may do the two steps, with who deputises for whom each time."""
    tried = refused = 0
    everybody = [(who, None) for who in PEOPLE[:2]] + [
        (deputy, absent) for absent in PEOPLE[:2] for deputy in PEOPLE if deputy != absent
    ]
    for first, first_for in everybody:
        for second, second_for in everybody:
            case = desk.open()
            _do_as(desk, case, "ask", first, first_for)
            persons = {first, first_for} - {None} if _acts_for(first, first_for) else {first}
            others = {second, second_for} - {None} if _acts_for(second, second_for) else {second}
            tried += 1
            if persons & others:
                refused += 1
                with pytest.raises(SeparationError):
                    _do_as(desk, case, "decide", second, second_for)
            else:
                _do_as(desk, case, "decide", second, second_for)
    assert tried == 64
    assert 20 < refused < tried


def _acts_for(who: str, absent: str | None) -> bool:
    """Whoever can do it anyway, and nobody had taken it, does it in the own name."""
    return absent is not None and not who.startswith("intake.")


def _do_as(desk: Desk, case: UUID, element: str, who: str, absent: str | None) -> None:
    found = away(desk, absent, who) if absent else None
    try:
        desk.do(case, element, who, GO_ON)
    finally:
        if found is not None and absent is not None:
            absence.end(desk.application, found, desk.account(absent).id)


def test_step_that_an_absent_colleague_had_taken_counts_as_done_by_both(desk: Desk) -> None:
    case = desk.open()
    item = desk.item(case, "ask")
    with desk.application.database.transaction() as session:
        anna = session.get_one(Account, desk.account("intake.anna").id)
        worklist.claim(session, session.get_one(WorkItem, item.id), anna, desk.clock.now())
    found = away(desk, "intake.anna", "intake.bram")
    desk.do(case, "ask", "intake.bram", GO_ON)
    absence.end(desk.application, found, desk.account("intake.anna").id)
    with pytest.raises(SeparationError, match="your deputy"):
        desk.do(case, "decide", "intake.anna", GO_ON)


def test_colleague_takes_over_what_somebody_absent_had_taken(desk: Desk) -> None:
    item = desk.item(desk.open(), "ask")
    with desk.application.database.transaction() as session:
        row = session.get_one(WorkItem, item.id)
        worklist.claim(session, row, desk.account("intake.anna"), desk.clock.now())
    with desk.application.database.transaction() as session:
        row, bram = session.get_one(WorkItem, item.id), desk.account("intake.bram")
        with pytest.raises(ConflictError, match="has taken"):
            worklist.claim(session, row, bram, desk.clock.now())
    away(desk, "intake.anna", "chair.clara")
    with desk.application.database.transaction() as session:
        row = session.get_one(WorkItem, item.id)
        worklist.claim(session, row, desk.account("intake.bram"), desk.clock.now())
        assert row.assignee_id == desk.account("intake.bram").id


def test_notice_for_somebody_absent_reaches_the_deputy_too(desk: Desk) -> None:
    away(desk, "intake.anna", "chair.clara")
    desk.open()
    with desk.application.database.reading() as session:
        job = session.scalars(select(Job).where(Job.key.startswith("work_item_new:"))).one()
        told = {one.username for one in recipients(session, job)}
        assert told == {"intake.anna", "intake.bram", "chair.clara"}
        named = session.scalars(select(Job).where(Job.key.startswith("deputy_named:"))).one()
        assert [one.username for one in recipients(session, named)] == ["chair.clara"]


def test_step_is_brought_before_the_head_at_once_when_nobody_is_there(desk: Desk) -> None:
    case = desk.open()
    item = desk.item(case, "ask")
    away(desk, "intake.anna", "intake.bram", days=9)
    _vanish(desk, "intake.bram", days=9)
    assert item.remind_at is not None
    due.advance(desk.application, desk.clock, item.remind_at)
    with desk.application.database.reading() as session:
        row = session.get_one(WorkItem, item.id)
        assert row.escalated_at == item.remind_at < row.due_at
    desk.do(case, "ask", "head.greta", GO_ON)


def _vanish(desk: Desk, who: str, *, days: int) -> None:
    """Make somebody absent whose deputy can do nothing here."""
    now, absent = desk.clock.now(), desk.account(who)
    with desk.application.database.transaction() as session:
        # Whoever watches over the files takes part in none, for nobody.
        watcher = Account(
            username="privacy.paula",
            display_name="Paula Mertens",
            email="paula@example.org",
            password_hash=absent.password_hash,
            organisation_id=absent.organisation_id,
            created_at=now,
        )
        watcher.roles = [AccountRole(role="dpo")]
        session.add(watcher)
        session.flush()
        session.add(
            Absence(
                account_id=absent.id,
                deputy_id=watcher.id,
                first_day=now.date(),
                last_day=now.date() + timedelta(days=days),
                starts_at=now,
                ends_at=now + timedelta(days=days),
                by_id=absent.id,
                at=now,
            )
        )


def test_reminder_reaches_the_second_person_although_the_first_has_taken_it(desk: Desk) -> None:
    item = desk.item(desk.open(), "ask")
    with desk.application.database.transaction() as session:
        row = session.get_one(WorkItem, item.id)
        worklist.claim(session, row, desk.account("intake.anna"), desk.clock.now())
    assert item.remind_at is not None
    due.advance(desk.application, desk.clock, item.remind_at)
    with desk.application.database.reading() as session:
        job = session.scalars(select(Job).where(Job.key.startswith("work_item_reminder:"))).one()
        told = {one.username for one in recipients(session, job)}
    assert told == {"intake.anna", "intake.bram"}


def test_queue_without_anybody_there_is_an_incident_until_somebody_is(desk: Desk) -> None:
    due.run_due(desk.application)
    assert "queue:intake_desk" not in _short(desk)
    found = away(desk, "intake.anna", "intake.bram")
    due.run_due(desk.application)
    assert "queue:intake_desk" not in _short(desk), "one of two is there"
    _vanish(desk, "intake.bram", days=3)
    due.run_due(desk.application)
    due.run_due(desk.application)
    assert _short(desk)["queue:intake_desk"] == "desk_head"
    with desk.application.database.reading() as session:
        told = session.scalars(
            select(Job).where(Job.payload["template"].as_string() == "queue_short")
        ).all()
        assert "head.greta" in {one.username for job in told for one in recipients(session, job)}
    absence.end(desk.application, found, desk.account("intake.anna").id)
    due.run_due(desk.application)
    assert "queue:intake_desk" not in _short(desk)


def test_queue_is_short_with_one_person_alone(desk: Desk) -> None:
    with desk.application.database.transaction() as session:
        bram = session.get_one(Account, desk.account("intake.bram").id)
        bram.disabled_at = desk.clock.now()
    short = {queue.role: queue for queue in staffing.watch(desk.application)}
    assert (short["intake_desk"].able, short["intake_desk"].there) == (1, 1)


def test_queue_of_acts_that_no_deputy_does_counts_no_deputies(desk: Desk) -> None:
    with desk.application.database.reading() as session:
        deployment = desk.application.deployment(session)
        profile = deployment.profile
    assert "not_delegated" not in profile.values
    away(desk, "intake.anna", "chair.clara")
    away(desk, "intake.bram", "chair.clara")
    assert "intake_desk" not in {queue.role for queue in staffing.watch(desk.application)}
    _vanish(desk, "chair.clara", days=1)
    assert "intake_desk" in {queue.role for queue in staffing.watch(desk.application)}


def _short(desk: Desk) -> dict[str, str]:
    with desk.application.database.reading() as session:
        rows = session.scalars(
            select(Incident).where(Incident.state != "resolved", Incident.key.startswith("queue:"))
        )
        return {row.key: row.owner_role for row in rows}


def test_profile_that_keeps_an_unknown_step_for_the_person_is_refused(tmp_path: Path) -> None:
    """A slip of the pen there would let a deputy do what should stay with the person."""
    folder = tmp_path / "processes"
    shutil.copytree(ROOT / "processes", folder)
    profile = folder / "profiles/base/profile.toml"
    written = profile.read_text()
    assert '["accountable_person"]' in written
    profile.write_text(written.replace('["accountable_person"]', '["accountable_persn"]'))
    found = check_paths((folder,), "base").errors
    assert [one.code for one in found] == ["unknown_not_delegated"]
    profile.write_text(written.replace('["accountable_person"]', '["check_source", "chair"]'))
    assert check_paths((folder,), "base").errors == ()
