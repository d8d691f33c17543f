"""Mails when one address is wrong, and who is told of an overdue step (R17)."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, update

from engine import due
from engine.models import Account, CaseMember, Job, Notice
from tasks.mail import recipients
from tests.engine.desk import Desk
from tests.engine.small import GO_ON
from tests.engine.test_mail import Relay, _with_relay, relay

__all__ = ["relay"]
WRONG = "intake.anna@example.org"


async def _refuse(server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
    del server, session, options
    if address == WRONG:
        return "550 no such person"
    envelope.rcpt_tos.append(address)
    return "250 OK"


def test_wrong_address_does_not_send_the_others_again(
    desk: Desk, relay: tuple[Relay, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, port = relay
    monkeypatch.setattr(Relay, "handle_RCPT", staticmethod(_refuse), raising=False)
    _with_relay(desk, port)
    desk.open()
    desk.pass_time(days=3)
    times = Counter(mail["To"] for mail in handler.mails)
    assert times["intake.bram@example.org"] == 1
    assert WRONG not in times
    with desk.application.database.reading() as session:
        job = session.scalars(select(Job).where(Job.key.startswith("work_item_new"))).one()
        assert job.state == "failed"
        assert len([one for one in session.scalars(select(Notice)) if one.sent_at]) == 1


def _told(desk: Desk, role: str) -> set[str]:
    with desk.application.database.reading() as session:
        job = session.scalars(select(Job).where(Job.key.startswith("work_item_overdue"))).one()
        return {one.username for one in recipients(session, job) if role in one.role_codes}


def test_overdue_step_is_told_to_who_has_the_function_in_the_case(desk: Desk) -> None:
    case = desk.open()
    with desk.application.database.transaction() as session:
        found = session.scalars(select(Account).where(Account.username == "chair.clara"))
        clara = found.unique().one()
        session.add(
            CaseMember(
                case_id=case, account_id=clara.id, function="desk_head", since=desk.clock.now()
            )
        )
    desk.pass_time(days=8)
    with desk.application.database.reading() as session:
        job = session.scalars(select(Job).where(Job.key.startswith("work_item_overdue"))).one()
        told = {one.username for one in recipients(session, job)}
    assert "chair.clara" in told
    assert "intake.anna" in told
    with desk.application.database.transaction() as session:
        session.execute(update(CaseMember).values(until=desk.clock.now()))
    assert _told(desk, "desk_head") == {"head.greta", "head.hanna"}


def test_overdue_step_that_was_done_meanwhile_is_told_to_nobody(desk: Desk) -> None:
    case = desk.open()
    desk.pass_time(days=8)
    desk.do(case, "ask", "intake.anna", GO_ON)
    assert _told(desk, "desk_head") == set()
    assert due.run_due(desk.application) >= 0
