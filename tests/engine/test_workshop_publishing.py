"""Two persons publish exactly what was judged, and nothing red."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from engine import accounts, administration, due, human, job
from engine.application import Application
from engine.clock import TestClock
from engine.deployment import ResolvedDeployment, publish_shipped
from engine.errors import ConflictError, InputError, NotFoundError, SeparationError
from engine.models import (
    AuditEntry,
    CurrentDeployment,
    Deployment,
    Job,
    WorkshopDraft,
    WorkshopJudgement,
    WorkshopPublication,
)
from engine.workshop import draft, judgement, publishing, version
from tests.engine.workshop import TABLE, content, few_scenarios, judged, passed, save, who

NOTE = "Deadlines as agreed with the partners"


@pytest.fixture
def olga(application: Application) -> UUID:
    return who(application, "owner.olga")


@pytest.fixture
def oscar(application: Application) -> UUID:
    return who(application, "owner.oscar")


@pytest.fixture
def opened(application: Application, olga: UUID) -> UUID:
    found = draft.open_draft(application, olga, "base", "Longer deadlines")
    change(application, found, olga, 30)
    return found


def change(application: Application, draft_id: UUID, actor: UUID, days: int) -> None:
    table = content(application, draft_id)[TABLE]
    note = f"<!-- {days} -->".encode()
    save(application, draft_id, actor, TABLE, table.rstrip() + note)


def current(application: Application) -> str:
    with application.database.transaction() as session:
        return session.get_one(CurrentDeployment, "base").deployment_id


def test_what_one_asks_and_another_agrees_to_is_published(
    application: Application, opened: UUID, olga: UUID, oscar: UUID
) -> None:
    before = current(application)
    found = passed(application, opened, olga)
    asked = publishing.ask(application, found, olga, NOTE)
    assert current(application) == before
    published = publishing.agree(application, asked, oscar)
    assert current(application) == published != before
    with application.database.transaction() as session:
        row = session.get_one(Deployment, published)
        assert (row.note, row.published_by_id) == (NOTE, olga)
        assert session.get_one(WorkshopDraft, opened).state == "published"
        assert application.deployment(session).files[TABLE].endswith(b"<!-- 30 -->")
        kept = session.get_one(WorkshopPublication, asked)
        assert (kept.outcome, kept.asked_by_id, kept.answered_by_id) == ("agreed", olga, oscar)
        assert kept.deployment_id == published == kept.judgement.deployment_id
        events = session.scalars(
            select(AuditEntry.event).where(AuditEntry.event.startswith("workshop:"))
        )
        assert set(events) == {"workshop:publication:ask", "workshop:publication:agree"}
        mails = {
            (one.payload["template"], one.payload["account_id"])
            for one in session.scalars(select(Job).where(Job.kind == "notice"))
            if one.payload["template"].startswith("publication")
        }
        assert mails == {("publication_asked", str(oscar)), ("publication_agreed", str(olga))}


def test_published_set_carries_its_scenarios_into_the_next_draft(
    application: Application, opened: UUID, olga: UUID, oscar: UUID
) -> None:
    few_scenarios(application, opened, olga)
    asked = publishing.ask(application, passed(application, opened, olga), olga, NOTE)
    publishing.agree(application, asked, oscar)
    after = draft.open_draft(application, oscar, "base", "Next")
    assert content(application, after) == content(application, opened)
    with application.database.transaction() as session:
        assert draft.own_files(session, draft.load(session, after)) == {}


def test_who_asked_does_not_agree_nor_with_a_second_account(
    application: Application, opened: UUID, olga: UUID, oscar: UUID
) -> None:
    before = current(application)
    asked = publishing.ask(application, passed(application, opened, olga), olga, NOTE)
    for deed in (
        lambda: publishing.agree(application, asked, olga),
        lambda: publishing.refuse(application, asked, olga, "no"),
    ):
        with pytest.raises(SeparationError, match="another process owner"):
            deed()
    with application.database.transaction() as session:
        one, other = (accounts.find_account(session, f"owner.{n}") for n in ("olga", "oscar"))
        human.join(session, other, one.person_id)
    with pytest.raises(SeparationError):
        publishing.agree(application, asked, oscar)
    for username in ("intake.anna", "operator.otto", "privacy.paula", "head.greta"):
        with pytest.raises(NotFoundError):
            publishing.agree(application, asked, who(application, username))
    assert current(application) == before


@pytest.mark.parametrize("outcome", ["agreed", "refused"])
@pytest.mark.parametrize("joined", [False, True])
def test_database_itself_refuses_one_human(
    application: Application,
    opened: UUID,
    olga: UUID,
    oscar: UUID,
    outcome: str,
    joined: bool,
) -> None:
    asked = publishing.ask(application, passed(application, opened, olga), olga, NOTE)
    if joined:
        with application.database.transaction() as session:
            mine = accounts.find_account(session, "owner.olga").person_id
            human.join(session, accounts.find_account(session, "owner.oscar"), mine)
    table = WorkshopPublication.__table__
    statement = (
        table.update()
        .where(table.c.id == asked)
        .values(
            outcome=outcome,
            reason="x",
            answered_at=application.clock.now(),
            answered_by_id=oscar if joined else olga,
        )
    )
    with application.database.engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(statement)


def test_draft_changed_after_it_was_judged_is_not_published(
    application: Application, opened: UUID, olga: UUID, oscar: UUID
) -> None:
    before = current(application)
    found = passed(application, opened, olga)
    asked = publishing.ask(application, found, olga, NOTE)
    change(application, opened, oscar, 31)
    with pytest.raises(ConflictError, match="changed after it was judged"):
        publishing.agree(application, asked, oscar)
    publishing.withdraw(application, asked, olga)
    with pytest.raises(ConflictError, match="changed after it was judged"):
        publishing.ask(application, found, olga, NOTE)
    assert current(application) == before


def test_what_another_published_in_between_is_not_undone_unread(
    application: Application, opened: UUID, olga: UUID, oscar: UUID, clock: TestClock
) -> None:
    second = draft.open_draft(application, oscar, "base", "Something else")
    save(application, second, oscar, "scenarios/new.toml", b'title = "New"\n')
    found = passed(application, opened, olga)
    asked = publishing.ask(application, passed(application, second, oscar), oscar, NOTE)
    with pytest.raises(ConflictError, match="waits to be published already"):
        publishing.ask(application, found, olga, NOTE)
    publishing.agree(application, asked, olga)
    with pytest.raises(ConflictError, match="Another set was published"):
        publishing.ask(application, found, olga, NOTE)
    with application.database.transaction() as session:
        assert version.is_behind(session, draft.load(session, opened))
    assert version.catch_up(application, opened, olga) == []
    assert content(application, opened)["scenarios/new.toml"] == b'title = "New"\n'
    assert content(application, opened)[TABLE].endswith(b"<!-- 30 -->")
    clock.advance(timedelta(minutes=1))
    publishing.ask(application, passed(application, opened, olga), olga, NOTE)


def test_what_both_changed_is_named_and_the_drafts_own_stays(
    application: Application, opened: UUID, olga: UUID, oscar: UUID
) -> None:
    second = draft.open_draft(application, oscar, "base", "Something else")
    change(application, second, oscar, 99)
    asked = publishing.ask(application, passed(application, second, oscar), oscar, NOTE)
    publishing.agree(application, asked, olga)
    assert version.catch_up(application, opened, olga) == [TABLE]
    assert content(application, opened)[TABLE].endswith(b"<!-- 30 -->")


RED = {
    "a broken diagram": ("case_management.bpmn", b"</bpmn:definitions>", b"<bpmn:process/>%s"),
    "a form without a class": ("forms/check_source.form", b'"class"', b'"klass"'),
}


@pytest.mark.parametrize("name", RED)
def test_nothing_red_is_asked_for(
    application: Application, opened: UUID, olga: UUID, name: str
) -> None:
    path, old, new = RED[name]
    there = content(application, opened)[path]
    text_ = there.replace(old, new % old if b"%s" in new else new)
    save(application, opened, olga, path, text_)
    found = passed(application, opened, olga)
    with application.database.transaction() as session:
        row = session.get_one(WorkshopJudgement, found)
        assert any(path in line for line in judgement.problems(row))
    with pytest.raises(ConflictError, match=r"This cannot be published[.] "):
        publishing.ask(application, found, olga, NOTE)


def test_rules_are_told_also_where_something_is_to_be_mended_and_scenarios_wait(
    application: Application, opened: UUID, olga: UUID
) -> None:
    path = "forms/check_source.form"
    text_ = content(application, opened)[path].replace(b'"class"', b'"klass"')
    save(application, opened, olga, path, text_)
    with application.database.transaction() as session:
        row = judgement.find(session, judged(application, opened, olga))
        assert row.state == "done"
        assert len(row.results["rules"]["rules"]) > 10
        assert row.results["scenarios"] == []


@pytest.mark.parametrize(
    "results",
    [
        {"rules": {"unproved": "", "rules": [{"id": "L1", "sentence": "S.", "holds": False}]}},
        {"rules": {"unproved": "too large", "rules": []}},
        {"scenarios": [{"name": "one", "passed": False, "problems": ["step 1"]}]},
    ],
)
def test_broken_rule_or_scenario_keeps_a_set_from_being_published(
    application: Application, opened: UUID, olga: UUID, results: dict[str, object]
) -> None:
    found = passed(application, opened, olga)
    with application.database.transaction() as session:
        row = session.get_one(WorkshopJudgement, found)
        row.results = {**row.results, **results}
    with pytest.raises(ConflictError, match="cannot be published"):
        publishing.ask(application, found, olga, NOTE)


def test_unfinished_judgement_is_not_enough(
    application: Application, opened: UUID, olga: UUID
) -> None:
    found = judgement.begin(application, opened, olga)
    with pytest.raises(ConflictError, match="not judged to the end"):
        publishing.ask(application, found, olga, NOTE)


def test_refusal_has_a_reason_and_leaves_the_draft_open(
    application: Application, opened: UUID, olga: UUID, oscar: UUID
) -> None:
    asked = publishing.ask(application, passed(application, opened, olga), olga, NOTE)
    with pytest.raises(InputError):
        publishing.refuse(application, asked, oscar, "  ")
    publishing.refuse(application, asked, oscar, "The partners have not agreed yet")
    with application.database.transaction() as session:
        assert session.get_one(WorkshopDraft, opened).state == "open"
        row = session.get_one(WorkshopPublication, asked)
        assert (row.outcome, row.reason) == ("refused", "The partners have not agreed yet")
    with pytest.raises(ConflictError, match="refused already"):
        publishing.agree(application, asked, oscar)


def test_asker_who_lost_the_role_publishes_nothing(
    application: Application, opened: UUID, olga: UUID, oscar: UUID
) -> None:
    asked = publishing.ask(application, passed(application, opened, olga), olga, NOTE)
    with application.database.transaction() as session:
        now = application.now(session)
        roles = frozenset({"intake_desk"})
        administration.change_roles(session, "owner.olga", roles, "head.greta", "chair.clara", now)
    with pytest.raises(ConflictError, match="no process owner any more"):
        publishing.agree(application, asked, oscar)


def test_worker_judges_piece_by_piece_and_takes_up_what_a_dead_one_left(
    application: Application, opened: UUID, olga: UUID, clock: TestClock
) -> None:
    few_scenarios(application, opened, olga)
    found = judgement.begin(application, opened, olga)
    claimed = job._claim(application)
    assert claimed is not None
    assert claimed.prepared.names == ()
    clock.advance(job.CALL_LIMIT + timedelta(seconds=1))
    assert due.run_due(application) >= 2
    with application.database.transaction() as session:
        row = session.get_one(WorkshopJudgement, found)
        assert (row.state, row.done, row.total) == ("done", 1, 1)
        assert judgement.problems(row) == []
        assert [one["passed"] for one in row.results["scenarios"]] == [True]
        assert all(one["holds"] for one in row.results["rules"]["rules"])


def test_shipped_set_is_never_laid_over_what_people_published(
    application: Application,
    opened: UUID,
    olga: UUID,
    oscar: UUID,
    shipped_processes: ResolvedDeployment,
) -> None:
    newer = ResolvedDeployment({**shipped_processes.files, "forms/new.form": b"{}"})
    newest = ResolvedDeployment({**shipped_processes.files, "forms/new2.form": b"{}"})
    with application.database.transaction() as session:
        assert publish_shipped(session, newer, at=application.now(session))
    assert current(application) == newer.id
    version.catch_up(application, opened, olga)
    with draft.changing(application, opened, olga) as found:
        found.apply({"forms/new.form": None})
    asked = publishing.ask(application, passed(application, opened, olga), olga, NOTE)
    published = publishing.agree(application, asked, oscar)
    with application.database.transaction() as session:
        assert not publish_shipped(session, newest, at=application.now(session))
        assert session.get(Deployment, newest.id) is None
    assert current(application) == published


def test_trail_notices_a_publication_that_was_turned_round(
    application: Application, opened: UUID, olga: UUID, oscar: UUID
) -> None:
    from engine.verification import verify
    from tests.conftest import with_all_rights

    asked = publishing.ask(application, passed(application, opened, olga), olga, NOTE)
    publishing.refuse(application, asked, oscar, "no")
    with with_all_rights(application.database) as session:
        session.execute(text("UPDATE workshop_publication SET outcome = 'agreed'"))
    with application.database.transaction() as session:
        assert any("workshop_publication" in str(one) for one in verify(session).breaks)
