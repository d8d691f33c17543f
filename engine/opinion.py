"""Lets a partner change its opinion on closing until the decision; the old one is kept (P92)."""

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.application import Application
from engine.closing import ANSWERS, newest_decision
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.lock import lock_instance
from engine.models import (
    Account,
    Case,
    Episode,
    EpisodeState,
    InstanceState,
    Opinion,
    ProcessInstance,
)
from engine.turn import Turn, take_turn

STEP = "give_closing_opinion"
CHANGED = "opinion_changed"
"""The message that takes the decision back to the counting of the opinions."""


def current_opinion(session: Session, episode: Episode, organisation_id: UUID) -> Opinion | None:
    """Return the opinion of an organisation in the current closing round that counts."""
    return session.scalar(
        select(Opinion).where(
            Opinion.episode_id == episode.id,
            Opinion.closing_round == episode.closing_round,
            Opinion.organisation_id == organisation_id,
            Opinion.replaced_by_id.is_(None),
        )
    )


def may_change_opinion(session: Session, account: Account, episode: Episode) -> bool:
    """Say whether the case page offers this person to change the opinion of their organisation."""
    return (
        episode.status == EpisodeState.RUNNING.value
        and _speaks_for_partner(session, account, episode)
        and newest_decision(session, episode) is None
        and current_opinion(session, episode, account.organisation_id) is not None
    )


def _speaks_for_partner(session: Session, account: Account, episode: Episode) -> bool:
    return access.speaker(session, account, episode.case_id, "partner") is not None


def change_opinion(
    application: Application, case_id: UUID, account_id: UUID, choice: str, reasons: str
) -> UUID:
    """Record a new opinion of the person's organisation and return its id.

    Also an organisation that let the last day pass may still speak until the decision. Raise
    ConflictError when the decision has been taken or no opinion is due, InputError when the
    answer is incomplete.
    """
    if choice not in ANSWERS:
        raise InputError(gettext("Choose agree, disagree or abstain."))
    if not reasons.strip():
        raise InputError(gettext("Say in a few words why."))
    with application.database.transaction() as session:
        account = session.get_one(Account, account_id)
        row = _lock_episode(session, case_id, account)
        speaker = access.speaker(session, account, case_id, "partner")
        changed = uuid4()
        take_turn(
            application,
            session,
            row,
            lambda turn: _change(turn, account, changed, choice, reasons.strip()),
            actor=account,
            behalf=speaker if speaker is not None and speaker.id != account.id else None,
        )
        return changed


def _lock_episode(session: Session, case_id: UUID, account: Account) -> ProcessInstance:
    case = session.get(Case, case_id)
    if case is None:
        raise NotFoundError(gettext("This case does not exist, or it is not for you."))
    access.require(session, account, "case:opinion", case)
    episode = session.scalar(
        select(Episode).where(
            Episode.case_id == case_id, Episode.status == EpisodeState.RUNNING.value
        )
    )
    row = lock_instance(session, episode.instance_id) if episode else None
    if row is None or row.status != InstanceState.RUNNING.value:
        raise ConflictError(gettext("This case has ended, so there is no decision to speak to."))
    return row


def _change(turn: Turn, account: Account, changed: UUID, choice: str, reasons: str) -> None:
    episode = turn.episode
    if episode is None or not _speaks_for_partner(turn.session, account, episode):
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    if newest_decision(turn.session, episode) is not None:
        raise ConflictError(
            gettext("The decision has been taken; opinions of this round stay as they are.")
        )
    old = current_opinion(turn.session, episode, account.organisation_id)
    if old is None:
        raise ConflictError(
            gettext("Give your opinion in the worklist first; then it can be changed.")
        )
    turn.element_id = STEP
    turn.session.add(
        Opinion(
            **turn.statement(),
            id=changed,
            closing_round=episode.closing_round,
            choice=choice,
            reasons=reasons,
        )
    )
    # The old row points to the new one, so the new one has to be there first.
    turn.session.flush()
    old.replaced_by_id = changed
    turn.audit("case:opinion:change", changed, closing_round=episode.closing_round)
    # Without a waiting decision nothing has been counted yet, and nothing has to be counted anew.
    if CHANGED in turn.instance.awaited:
        turn.post(CHANGED, key=f"{CHANGED}:{changed}")
