"""Two people, or a person and the clock, at the same instant: nothing lost, nothing broken."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from engine import answer_draft, due, inbox, worklist
from engine.errors import ConflictError
from engine.lock import lock_instance
from engine.models import Account, Base, Case, Draft, FormSubmission, InboxMessage, WorkItem
from tests.engine.desk import Desk
from tests.engine.small import GO_ON, STOP


def _together(*deeds: Callable[[], object]) -> list[object]:
    """Do all at once; give each result, or the exception in its place."""
    gate = threading.Barrier(len(deeds))

    def one(deed: Callable[[], object]) -> object:
        gate.wait()
        try:
            return deed()
        except Exception as error:  # noqa: BLE001 - the test looks at what was raised
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(one, deeds))


def _count(desk: Desk, table: type[Base]) -> int:
    with desk.application.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _claim(desk: Desk, item: WorkItem, username: str) -> None:
    me = desk.account(username).id
    with desk.application.database.transaction() as session:
        row = session.get_one(WorkItem, item.id)
        worklist.claim(session, row, session.get_one(Account, me), desk.clock.now())


def test_key_of_one_answer_sent_with_another_item_counts_for_both(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    desk.do(first, "ask", "intake.anna", GO_ON, key="same")
    done = desk.do(second, "ask", "intake.bram", GO_ON, key="same")
    assert isinstance(done, worklist.Completed)
    assert not done.repeated
    assert _count(desk, FormSubmission) == 2


def test_key_of_one_person_tells_another_that_he_was_late(desk: Desk) -> None:
    item = desk.item(desk.open(), "ask")
    desk.answer(item, "intake.anna", GO_ON, key="same")
    with pytest.raises(ConflictError, match="Anna Visser"):
        desk.answer(item, "intake.bram", STOP, key="same")


def test_step_is_taken_by_one_of_two(desk: Desk) -> None:
    for _ in range(5):
        item = desk.item(desk.open(), "ask")
        found = _together(
            lambda item=item: _claim(desk, item, "intake.anna"),  # type: ignore[misc]
            lambda item=item: _claim(desk, item, "intake.bram"),  # type: ignore[misc]
        )
        assert sorted(type(one).__name__ for one in found) == ["ConflictError", "NoneType"], found


def test_step_that_is_done_is_not_taken(desk: Desk) -> None:
    case = desk.open()
    item = desk.item(case, "ask")
    desk.answer(item, "intake.anna", GO_ON)
    with pytest.raises(ConflictError, match="Anna Visser has already answered"):
        _claim(desk, item, "intake.bram")


def test_taking_a_step_waits_for_a_turn_instead_of_blocking_it(desk: Desk) -> None:
    """The lock on the case comes first everywhere, else the two wait for each other for ever."""
    item = desk.item(desk.open(), "ask")
    with ThreadPoolExecutor(1) as pool:
        with desk.application.database.transaction() as session:
            lock_instance(session, item.instance_id)
            claimed = pool.submit(_claim, desk, item, "intake.bram")
            time.sleep(0.5)
            session.get_one(WorkItem, item.id).name = "Changed by the turn"
            session.flush()
        assert claimed.result(timeout=20) is None


def test_two_windows_save_a_draft_at_once(desk: Desk) -> None:
    item = desk.item(desk.open(), "ask")
    anna = desk.account("intake.anna").id

    def save(word: str) -> None:
        with desk.application.database.transaction() as session:
            row = session.get_one(WorkItem, item.id)
            me = session.get_one(Account, anna)
            answer_draft.save_draft(session, row, me, {"reason": word}, desk.clock.now())
            session.flush()
            time.sleep(0.2)

    assert _together(lambda: save("one"), lambda: save("two")) == [None, None]
    with desk.application.database.reading() as session:
        assert session.scalars(select(Draft)).one().values["reason"] in {"one", "two"}


def _save(desk: Desk, item: WorkItem, username: str, word: str) -> None:
    me = desk.account(username).id
    with desk.application.database.transaction() as session:
        row, person = session.get_one(WorkItem, item.id), session.get_one(Account, me)
        answer_draft.save_draft(session, row, person, {"reason": word}, desk.clock.now())


def test_draft_of_a_step_that_is_done_is_refused(desk: Desk) -> None:
    case = desk.open()
    item = desk.item(case, "ask")
    desk.answer(item, "intake.anna", GO_ON)
    with pytest.raises(ConflictError):
        _save(desk, item, "intake.bram", "x")


def test_drafts_of_everybody_are_gone_once_the_step_is_done(desk: Desk) -> None:
    """What was typed and not sent has no reader and no purpose any more."""
    case = desk.open()
    item = desk.item(case, "ask")
    for username in ("intake.anna", "intake.bram"):
        _save(desk, item, username, "CANARY")
    due.run_due(desk.application)
    assert _count(desk, Draft) == 2
    desk.answer(item, "intake.anna", GO_ON)
    due.run_due(desk.application)
    assert _count(desk, Draft) == 0


def test_same_event_sent_twice_at_once_counts_once(desk: Desk) -> None:
    case = desk.open()
    anna = desk.account("intake.anna").id

    def post() -> bool:
        return inbox.post_event(
            desk.application, case, anna, "new_information", "Heard.", key="double"
        ).delivered

    assert _together(post, post, post) == [True, True, True]
    assert _count(desk, InboxMessage) == 1


def test_event_key_of_another_case_is_not_taken_for_a_repetition(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    anna = desk.account("intake.anna").id
    inbox.post_event(desk.application, first, anna, "new_information", "Heard.", key="same")
    with pytest.raises(ConflictError):
        inbox.post_event(desk.application, second, anna, "new_information", "Heard.", key="same")


def test_case_row_is_locked_before_any_other_row(desk: Desk) -> None:
    """Guards the order itself: a completion blocks while the case is locked, and goes through."""
    case = desk.open()
    item = desk.item(case, "ask")
    with ThreadPoolExecutor(1) as pool:
        with desk.application.database.transaction() as session:
            session.scalar(select(Case).where(Case.id == case).with_for_update(of=Case))
            done = pool.submit(desk.answer, item, "intake.anna", GO_ON)
            time.sleep(0.3)
            assert not done.done()
        assert isinstance(done.result(timeout=20), worklist.Completed)
