"""Two bodies, two files: opened once, told once, and shut to the other body by every layer."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, NoResultFound

from engine import absence, access, casekey, due, emergency, invitation, job, worklist
from engine.access import may
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.errors import InputError, OperatorError, SeparationError
from engine.incident import raise_incident
from engine.linked_file import ENDED, linked_files
from engine.models import (
    AuditEntry,
    Case,
    CaseKey,
    CaseMember,
    Contribution,
    Episode,
    InboxMessage,
    Incident,
    Job,
    Note,
    Person,
    WorkItem,
)
from engine.profile import parse_profile
from engine.separate_file import read_separate_files
from engine.turn import Turn
from tasks import linked_file
from tests.conftest import with_all_rights
from tests.engine.apart import HAND, Bodies, open_application

GROUP, DESK, CHAIR = "security.serge", "intake.anna", "chair.clara"
WORDS = "Needs somebody to talk to."


@pytest.fixture
def bodies(database: Database, tmp_path: Path, clock: TestClock) -> Bodies:
    return Bodies(open_application(database, tmp_path, clock), clock)


def hand(bodies: Bodies, key: str) -> object:
    """Hand words over as the desk does, with the key that its page carries."""
    with bodies.application.database.reading() as session:
        item = (
            session.scalars(
                select(WorkItem).where(WorkItem.element_id == "hand_over", WorkItem.state == "open")
            )
            .unique()
            .one()
        )
        who = bodies.named(session, DESK).id
    answers = {
        "crossing_level": "summary",
        "crossing_words": WORDS,
        "crossing_basis": "Circular of 2014",
    }
    return worklist.complete(bodies.application, item.id, who, answers, key)


def test_what_is_handed_over_crosses_and_nothing_else(bodies: Bodies) -> None:
    bodies.tell("intake_to_handing_over")
    first = bodies.case
    hand(bodies, "once")
    with bodies.application.database.reading() as session:
        care = session.scalars(select(Case).where(Case.file == "care")).one()
        [given] = session.scalars(select(Contribution).where(Contribution.case_id == care.id))
        assert (given.summary, given.body, given.by_id) == (WORDS, None, None)
        known, same = (
            session.scalars(select(Person).where(Person.case_id == one)).one()
            for one in (first, care.id)
        )
        assert (same.name, same.birth_date) == (known.name, known.birth_date)
        assert set(same.details) == {"age_group"}
        assert session.scalar(select(func.count()).where(Note.case_id == care.id)) == 0
        # Nobody of the first body is named there, not even in the trail.
        deeds = list(session.scalars(select(AuditEntry).where(AuditEntry.case_id == care.id)))
        assert deeds == [] or {deed.actor_id for deed in deeds} == {None}
        assert {key.case_id for key in session.scalars(select(CaseKey))} >= {first, care.id}
        handed = select(AuditEntry).where(AuditEntry.event == "case:file:hand_over")
        [deed] = session.scalars(handed)
        assert deed.case_id == first
        assert str(care.id) not in str(deed.detail) + deed.subject


def test_each_body_gets_of_the_other_file_what_a_case_gives_that_is_not_there(
    bodies: Bodies,
) -> None:
    first, care = bodies.hand_over()
    with bodies.application.database.reading() as session:
        security, cell = session.get_one(Case, first), session.get_one(Case, care)
        for action in ("case:read", "case:write", "case:event", "case:audit", "case:own"):
            for name in (GROUP, "security.solene", DESK, "head.greta"):
                assert not may(session, bodies.named(session, name), action, cell), (name, action)
            for name in (CHAIR, "process.daan", "content.emma", "police.peter"):
                assert not may(session, bodies.named(session, name), action, security), name
        assert may(session, bodies.named(session, GROUP), "case:read", security)
        assert may(session, bodies.named(session, CHAIR), "case:read", cell)
        assert linked_files(session, bodies.named(session, GROUP), security) == []
        assert linked_files(session, bodies.named(session, CHAIR), cell) == []


def test_link_is_shown_to_who_takes_part_in_both(bodies: Bodies) -> None:
    first, care = bodies.hand_over()
    with bodies.application.database.transaction() as session:
        prefect = bodies.named(session, "mayor.fatima")
        now = bodies.application.now(session)
        for case in (first, care):
            session.add(
                CaseMember(
                    case_id=case, account_id=prefect.id, function="accountable_person", since=now
                )
            )
    with bodies.application.database.reading_as(prefect.id) as session:
        for case, other in ((first, care), (care, first)):
            [found] = linked_files(session, prefect, session.get_one(Case, case))
            assert found.id == other


@pytest.mark.postgres
def test_policies_of_the_database_hide_file_and_link_from_the_other_body(
    postgres_only: Database, tmp_path: Path, clock: TestClock
) -> None:
    bodies = Bodies(open_application(postgres_only, tmp_path, clock), clock)
    first, care = bodies.hand_over()
    for name, own in ((GROUP, first), (CHAIR, care)):
        with bodies.application.database.reading() as session:
            me = bodies.named(session, name).id
        with bodies.application.database.reading_as(me) as session:
            # Plain SQL: no condition of the program stands before it.
            assert [row.id for row in session.scalars(select(Case))] == [own]
            assert session.execute(text("SELECT count(*) FROM case_link")).scalar() == 0
            assert {row.case_id for row in session.scalars(select(Person))} == {own}


def test_file_is_opened_once_however_often_the_answer_is_sent(bodies: Bodies) -> None:
    bodies.tell("intake_to_handing_over")
    key = str(uuid4())
    hand(bodies, key)
    with pytest.raises(NoResultFound):
        hand(bodies, key)  # nobody owes it any more
    with bodies.application.database.reading() as session:
        done = (
            session.scalars(select(WorkItem).where(WorkItem.element_id == "hand_over"))
            .unique()
            .one()
        )
        who = bodies.named(session, DESK).id
    answers = {"crossing_level": "concern_only"}
    worklist.complete(bodies.application, done.id, who, answers, key)
    assert [case.file for case in bodies.files()] == ["security", "care"]
    assert len(bodies.links()) == 1


def test_opening_that_breaks_off_leaves_nothing_and_can_be_done_again(
    bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies.tell("intake_to_handing_over")

    def broken(*_: object) -> None:
        raise OSError("killed")

    # The other file is written whole, then its process breaks: nothing of either may stay.
    with monkeypatch.context() as patched:
        patched.setattr(Turn, "_run_others", broken)
        with pytest.raises(OSError, match="killed"):
            hand(bodies, "first try")
    assert [case.file for case in bodies.files()] == ["security"]
    assert bodies.links() == []
    hand(bodies, "second try")
    assert [case.file for case in bodies.files()] == ["security", "care"]


def end_care(bodies: Bodies) -> None:
    """End the file of the second body by its own people; the news is owed, and not told yet."""
    bodies.do({"message": "consent_withdrawn", "as": CHAIR})
    assert bodies._do({"do": "decide_after_withdrawal", "answers": WITHDRAWN}) == []


WITHDRAWN = {
    "what_person_said": "Does not want to talk to anybody.",
    "danger_check": "no",
    "withdrawal_outcome": "end",
    "reasons": "Nothing can be done against the will of the person.",
}


def told(bodies: Bodies) -> list[tuple[str, dict[str, object]]]:
    with bodies.application.database.reading() as session:
        rows = select(InboxMessage).where(InboxMessage.key.startswith(f"{ENDED}:"))
        return [(row.name, dict(row.payload)) for row in session.scalars(rows)]


def owed(bodies: Bodies, case: object) -> list[str]:
    with bodies.application.database.reading() as session:
        rows = select(WorkItem.element_id).where(WorkItem.case_id == case, WorkItem.state == "open")
        return sorted(session.scalars(rows))


def test_news_of_an_end_says_that_and_nothing_more(bodies: Bodies) -> None:
    first, _ = bodies.hand_over()
    end_care(bodies)
    assert told(bodies) == []
    due.run_due(bodies.application)
    assert told(bodies) == [("care_file_ended", {})]
    assert owed(bodies, first) == ["review_follow_up"]
    with bodies.application.database.reading() as session:
        deed = session.scalars(select(AuditEntry).where(AuditEntry.event == "case:file:told")).one()
        assert (deed.case_id, deed.actor_id) == (first, None)


def test_worker_killed_before_it_told_tells_once_afterwards(bodies: Bodies) -> None:
    first, _ = bodies.hand_over()
    end_care(bodies)
    with bodies.application.database.transaction() as session:
        # Everything else that is owed waits, so that the news is what the worker takes up.
        now = bodies.application.now(session)
        for row in session.scalars(select(Job).where(Job.kind != ENDED, Job.state == "waiting")):
            row.run_after = now + timedelta(days=1)
    killed = job._claim(bodies.application)
    assert killed is not None
    assert killed.handler is not None
    due.run_due(bodies.application)
    assert told(bodies) == []
    bodies.clock.set(bodies.clock.now() + timedelta(minutes=5))
    due.run_due(bodies.application)
    assert told(bodies) == [("care_file_ended", {})]
    # The first worker was only slow: what it writes now no longer counts.
    job._finish(bodies.application, killed, killed.handler, killed.prepared)
    assert told(bodies) == [("care_file_ended", {})]
    assert owed(bodies, first) == ["review_follow_up"]


def test_news_that_is_told_twice_counts_once(bodies: Bodies) -> None:
    bodies.hand_over()
    end_care(bodies)
    for _ in range(2):
        with bodies.application.database.transaction() as session:
            row = session.scalars(select(Job).where(Job.kind == ENDED)).one()
            news = linked_file._prepare(bodies.application, session, row)
            linked_file._finish(bodies.application, session, row, news)
    assert told(bodies) == [("care_file_ended", {})]


def test_news_without_a_reader_is_done_and_reopens_nothing(bodies: Bodies) -> None:
    first, _ = bodies.hand_over()
    with bodies.application.database.transaction() as session:
        session.execute(text("DELETE FROM case_link"))  # as the erasure of either file does
    end_care(bodies)
    due.run_due(bodies.application)
    assert told(bodies) == []
    assert owed(bodies, first) == []
    with bodies.application.database.reading() as session:
        assert session.scalars(select(Job).where(Job.kind == ENDED)).one().state == "done"


def test_no_role_of_one_body_becomes_a_member_of_the_other_file(bodies: Bodies) -> None:
    first, care = bodies.hand_over()
    with bodies.application.database.transaction() as session:
        security, cell = session.get_one(Case, first), session.get_one(Case, care)
        assert not any(
            role in {"content_coordinator", "chair", "process_coordinator", "partner"}
            for _, role in invitation.candidates(session, security)
        )
        for case, name, role in (
            (cell, GROUP, "security_group"),
            (security, CHAIR, "chair"),
        ):
            episode = session.scalars(select(Episode).where(Episode.case_id == case.id)).one()
            turn = Turn(
                bodies.application,
                session,
                episode.instance,
                now=bodies.application.now(session),
                actor=None,
            )
            with pytest.raises(SeparationError):
                turn.add_member(bodies.named(session, name), role)


def add_by_hand(bodies: Bodies, row: CaseMember) -> None:
    with with_all_rights(bodies.application.database) as session:
        session.add(row)
        session.flush()


def test_database_refuses_such_a_member_by_hand(bodies: Bodies) -> None:
    _, care = bodies.hand_over()
    with bodies.application.database.reading() as session:
        group = bodies.named(session, GROUP).id
    for function, fits in (("security_group", False), ("chair", True)):
        row = CaseMember(
            case_id=care, account_id=group, function=function, since=bodies.clock.now()
        )
        if fits:
            with bodies.application.database.transaction() as session:
                session.add(row)
            continue
        with pytest.raises(IntegrityError, match="takes no part in this file"):
            add_by_hand(bodies, row)


def test_deputy_of_the_other_body_sees_nothing_of_the_file(bodies: Bodies) -> None:
    _, care = bodies.hand_over()
    today = bodies.today
    with bodies.application.database.reading() as session:
        chair, colleague, desk = (
            bodies.named(session, name) for name in (CHAIR, "process.daan", DESK)
        )
        assert chair.organisation_id == desk.organisation_id
    for deputy, sees in ((desk, False), (colleague, True)):
        wish = absence.Wish(chair.id, deputy.id, today, today)
        row = absence.enter(bodies.application, chair.id, wish)
        with bodies.application.database.reading_as(deputy.id) as session:
            me = bodies.named(session, deputy.username)
            seen = select(Case.id).where(access.visible_cases(session, me), Case.id == care)
            assert (session.scalar(seen) is not None) is sees
        with bodies.application.database.reading() as session:
            item = (
                session.scalars(select(WorkItem).where(WorkItem.element_id == "select_partners"))
                .unique()
                .one()
            )
            case, me = session.get_one(Case, care), bodies.named(session, deputy.username)
            assert may(session, me, "case:read", case) is sees
            assert may(session, me, "work_item:complete", item) is sees
            assert (me in access.able_accounts(session, item)) is sees
        absence.end(bodies.application, row, chair.id)


def test_emergency_opens_no_file_of_the_other_body(bodies: Bodies) -> None:
    first, care = bodies.hand_over()
    with bodies.application.database.reading() as session:
        codes = {case: session.get_one(Case, case).code for case in (first, care)}
    for name, case, opens in (
        ("police.peter", first, False),
        (DESK, care, False),
        ("police.peter", care, True),
    ):
        with bodies.application.database.reading() as session:
            who = bodies.named(session, name).id
        wanted = emergency.Request(
            codes[case], "violence", "He said that he will do it tonight, at the station."
        )
        answer = emergency.open_case(bodies.application, who, wanted)
        assert (answer.access_id is not None) is opens, name
    # Of that in the second body's file the head of the first one's desk hears nothing.
    with bodies.application.database.reading() as session:
        head = bodies.named(session, "head.greta").id
        notices = select(Job).where(Job.key.startswith("notice:"))
        assert str(head) not in {row.payload["account_id"] for row in session.scalars(notices)}


def test_incident_of_a_file_goes_to_its_own_body(bodies: Bodies) -> None:
    first, care = bodies.hand_over()
    with bodies.application.database.transaction() as session:
        for case, role in ((first, "desk_head"), (care, "chair")):
            episode = session.scalars(select(Episode).where(Episode.case_id == case)).one()
            raise_incident(
                session,
                key=f"test:{case}",
                error=OperatorError("Something failed."),
                now=bodies.application.now(session),
                instance_id=episode.instance_id,
            )
            session.flush()
            found = session.scalars(select(Incident).where(Incident.case_id == case)).one()
            assert found.owner_role == role


def test_each_file_has_a_key_of_its_own_that_goes_alone(bodies: Bodies) -> None:
    first, care = bodies.hand_over()
    with bodies.application.database.transaction() as session:
        case = session.get_one(Case, first)
        casekey.destroy(session, case, bodies.application.now(session))
    with bodies.application.database.reading() as session:
        assert session.get_one(CaseKey, first).wrapped is None
        assert session.scalars(select(Person).where(Person.case_id == care)).one().name


def test_words_may_not_cross_without_a_basis(bodies: Bodies) -> None:
    bodies.tell("intake_to_handing_over")
    found = bodies.take("do", HAND | {"answers": {"crossing_level": "summary"}})
    assert found
    assert [case.file for case in bodies.files()] == ["security"]


HEAD = """
[profile]
code = "x"
name = "X"
[values]
[roles.chair]
scope = "case"
[disciplines]
d = "D"
"""


def table(code: str, **entries: str) -> str:
    """Write a file of a profile; what is given stands over a whole one."""
    whole = {"name": "'A'", "explain": "'A'", "roles": "['chair']"} | entries
    lines = (f"{key} = {value}" for key, value in whole.items() if value)
    return "\n".join([f"[files.{code}]", *lines, ""])


@pytest.mark.parametrize(
    ("files", "mend"),
    [
        (table("a", explain=""), "needs name and explain"),
        (table("a", roles=""), "roles is a list"),
        (table("a", opened_by="'b'"), "begins with a report"),
        (table("a") + table("b", opened_by="'c'"), "opened_by names c"),
        (
            table("a") + table("b", opened_by="'c'") + table("c", opened_by="'b'"),
            "is never opened",
        ),
        (table("a") + table("b", opened_by="'a'") + table("c", opened_by="'a'"), "opens two files"),
        (table("a", instead="{ desk_head = 'dpo' }"), "another role of this file"),
        (table("a", instead="{ chair = 'chair' }"), "take no part"),
        (table("a", stages="'intake'"), "stages is a list"),
    ],
)
def test_mistake_in_files_is_told_with_its_place(files: str, mend: str) -> None:
    with pytest.raises(InputError, match=mend) as told_as:
        parse_profile((HEAD + files).encode())
    assert "[files" in str(told_as.value)


def test_structure_without_files_keeps_one(application: Application) -> None:
    with application.database.reading() as session:
        assert application.deployment(session).profile.files == {}
    assert read_separate_files({}, "profile.toml") == {}
