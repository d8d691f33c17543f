"""Mails: sent after the commit, once each, without a word about the case (R17)."""

import email
import email.policy
import socket
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from engine import due
from engine.models import Case, Job, Notice
from tests.engine.desk import Desk


class Relay:
    """A mail relay that can be down, slow to accept, or cut after a mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        del server, session
        if self.refuse:
            return "451 try again later"
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append(parsed)  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def relay() -> Iterator[tuple[Relay, int]]:
    handler = Relay()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def _with_relay(desk: Desk, port: int) -> None:
    settings = replace(desk.application.settings, mail_host="127.0.0.1", mail_port=port)
    desk.application.settings = settings


def test_mail_reaches_everybody_who_can_do_the_step_once(
    desk: Desk, relay: tuple[Relay, int]
) -> None:
    handler, port = relay
    _with_relay(desk, port)
    desk.open()
    due.run_due(desk.application)
    due.run_due(desk.application)
    assert sorted(mail["To"] for mail in handler.mails) == [
        "intake.anna@example.org",
        "intake.bram@example.org",
    ]
    assert len({mail["Message-ID"] for mail in handler.mails}) == 2


def test_mail_says_an_opaque_code_and_nothing_else(desk: Desk, relay: tuple[Relay, int]) -> None:
    handler, port = relay
    _with_relay(desk, port)
    desk.open()
    due.run_due(desk.application)
    with desk.application.database.reading() as session:
        code = session.scalars(select(Case.code)).one()
    text = "".join(str(mail) for mail in handler.mails)
    assert code in text
    for word in ("worry", "Ask", "radical", "intake desk", "police"):
        assert word not in text


def test_mail_is_sent_when_the_relay_is_back(desk: Desk, relay: tuple[Relay, int]) -> None:
    handler, port = relay
    _with_relay(desk, port)
    handler.refuse = True
    desk.open()
    due.run_due(desk.application)
    with desk.application.database.reading() as session:
        job = session.scalars(select(Job).where(Job.kind == "notice")).one()
        assert job.state == "waiting"
        assert job.run_after > desk.clock.now()
    handler.refuse = False
    desk.pass_time(minutes=2)
    assert len(handler.mails) == 2
    with desk.application.database.reading() as session:
        assert all(notice.sent_at for notice in session.scalars(select(Notice)))


def test_mail_without_a_relay_is_written_to_a_folder(desk: Desk) -> None:
    desk.open()
    due.run_due(desk.application)
    folder = desk.application.settings.data_dir / "mail"
    assert len(list(folder.glob("*.eml"))) == 2


def test_mail_taken_up_again_after_a_lost_call_keeps_its_message_id(
    desk: Desk, relay: tuple[Relay, int]
) -> None:
    handler, port = relay
    _with_relay(desk, port)
    desk.open()
    due.run_due(desk.application)
    first = {mail["Message-ID"] for mail in handler.mails}
    # As if the worker had been killed after the relay took the mails, before the second commit.
    with desk.application.database.transaction() as session:
        job = session.scalars(select(Job).where(Job.kind == "notice")).one()
        job.state = "calling"
        for notice in session.scalars(select(Notice)):
            notice.sent_at = None
    desk.pass_time(minutes=5)
    assert {mail["Message-ID"] for mail in handler.mails} == first
    with desk.application.database.reading() as session:
        assert session.scalars(select(Job.state).where(Job.kind == "notice")).one() == "done"
