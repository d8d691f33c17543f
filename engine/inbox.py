"""Events that may come at any time: kept durably, delivered when the diagram waits for them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.application import Application
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.lock import lock_instance
from engine.models import (
    Account,
    Case,
    Episode,
    EpisodeState,
    InboxMessage,
    InstanceState,
    Note,
    ProcessInstance,
)
from engine.note import LONGEST
from engine.turn import Turn, take_turn

EVENTS = {
    "new_information": "new_information",
    "urgent_danger": "danger",
    "partner_changed": "partner_change",
    "consent_withdrawn": "withdrawal",
    "person_unwilling": "withdrawal",
    "check_in_requested": "note",
}
"""Message names that people may send, with the kind of note that carries the words."""


@dataclass(frozen=True)
class Posted:
    """What became of a message: delivered at once, or kept until somebody waits for it."""

    message_id: UUID
    delivered: bool


def post_event(
    application: Application,
    case_id: UUID,
    account_id: UUID,
    name: str,
    text: str,
    *,
    key: str,
    payload: dict[str, Any] | None = None,
) -> Posted:
    """Record what happened as a note and tell the running episode; the same key counts once.

    The words go to the case file; only codes (`payload`) reach the process (P68).
    """
    if name not in EVENTS:
        raise InputError(gettext("There is no event %(name)s.", name=repr(name)))
    if not text.strip() or len(text) > LONGEST:
        raise InputError(
            gettext("Say what happened, in at most %(longest)s characters.", longest=LONGEST)
        )
    with application.database.transaction() as session:
        account = session.get_one(Account, account_id)
        row = _running_episode(session, case_id, account, key)
        if isinstance(row, Posted):
            return row
        posted: list[InboxMessage] = []

        def stimulus(turn: Turn) -> None:
            turn.element_id = name
            turn.session.add(Note(**turn.statement(), kind=EVENTS[name], text=text.strip()))
            posted.append(turn.post(name, payload, key=key))
            turn.audit(f"case:event:{name}", posted[0].id)

        absent = access.acting_for_in(session, account, "case:event", row.case)
        outcome = take_turn(application, session, row, stimulus, actor=account, behalf=absent)
        return Posted(posted[0].id, posted[0].id in outcome.delivered)


def _running_episode(
    session: Session, case_id: UUID, account: Account, key: str
) -> ProcessInstance | Posted:
    """Lock the running episode; what became of the message when it was sent before."""
    case = session.get(Case, case_id)
    if case is None:
        raise NotFoundError(gettext("This case does not exist, or it is not for you."))
    access.require(session, account, "case:event", case)
    instance_id = session.scalar(
        select(Episode.instance_id).where(
            Episode.case_id == case_id, Episode.status == EpisodeState.RUNNING.value
        )
    )
    # Under the lock: a message sent twice at the same instant is seen here the second time.
    row = lock_instance(session, instance_id) if instance_id is not None else None
    repeated = session.scalar(select(InboxMessage).where(InboxMessage.key == key))
    if repeated is not None and repeated.case_id == case_id:
        return Posted(repeated.id, repeated.state == "delivered")
    if repeated is not None:
        raise ConflictError(gettext("This page was already used in another case; open it again."))
    if instance_id is None:
        raise ConflictError(gettext("This case has ended; reopen it to act on new information."))
    if row is None or row.status != InstanceState.RUNNING.value:
        raise ConflictError(
            gettext("This case has just ended; reopen it to act on new information.")
        )
    return row


def waiting_messages(session: Session, case_id: UUID) -> list[InboxMessage]:
    """Return what came in and nobody has waited for yet: shown on the case page, not lost."""
    return list(
        session.scalars(
            select(InboxMessage)
            .where(InboxMessage.case_id == case_id, InboxMessage.state != "delivered")
            .order_by(InboxMessage.received_at)
        )
    )
