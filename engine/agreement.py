"""The second person's answer: agree that others read everything, refuse, or take it back (S19)."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from engine import access, audit, second_person, sharing
from engine.application import Application
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.membership import NOT_HERE, Deed, deed
from engine.models import Account, Contribution, SharingRequest

LONGEST = 20_000


def agree(application: Application, request_id: UUID, account_id: UUID, reason: str = "") -> None:
    """Let others read everything from now on; two persons of the organisation want it.

    Raise NotFoundError when it is not this person's to answer, ConflictError when who asked is
    gone, SharingError when it is not allowed any more (consent, legal basis, audience).
    """
    with _answering(application, request_id, account_id, reason) as (what, row, absent):
        if not second_person.is_wanted(what.session, row):
            raise ConflictError(gettext("Whoever asked does not take part any more; ask anew."))
        contribution = what.session.get_one(Contribution, row.contribution_id)
        second_person.finish(what, row, "agreed", absent, reason)
        _note(what, "case:sharing:agree", row, absent)
        sharing.share_together(what, contribution, row)
        _tell(what, row, "agreement_given")


def refuse(application: Application, request_id: UUID, account_id: UUID, reason: str) -> None:
    """Leave it as it is, with the reason for who asked; raise InputError without one."""
    if not reason.strip():
        raise InputError(gettext("Write why, for the colleague who asked."))
    with _answering(application, request_id, account_id, reason) as (what, row, absent):
        second_person.finish(what, row, "refused", absent, reason)
        _note(what, "case:sharing:refuse", row, absent)
        _tell(what, row, "agreement_refused")


def withdraw(application: Application, request_id: UUID, account_id: UUID) -> None:
    """Take back what one asked; so may everybody who speaks for the organisation here."""
    with _open(application, request_id, account_id) as (what, row, account):
        speaks = access.speaker(what.session, account, row.case_id) is not None
        of_house = account.organisation_id == row.organisation_id
        if not of_house or (account.id != row.asked_by_id and not speaks):
            raise NotFoundError(gettext(NOT_HERE))
        second_person.finish(what, row, second_person.WITHDRAWN)
        _note(what, "case:sharing:withdraw", row, None)


@contextmanager
def _open(
    application: Application, request_id: UUID, account_id: UUID
) -> Iterator[tuple[Deed, SharingRequest, Account]]:
    """Open the deed of a request that nobody has answered; two who answer at once queue up."""
    with application.database.reading() as session:
        found = session.get(SharingRequest, request_id)
        case_id = found.case_id if found else None
    if case_id is None:
        raise NotFoundError(gettext(NOT_HERE))
    with deed(application, case_id, account_id) as what:
        row = what.session.get(SharingRequest, request_id)
        if row is None or row.outcome is not None or what.actor is None:
            raise NotFoundError(gettext(NOT_HERE))
        yield what, row, what.actor


@contextmanager
def _answering(
    application: Application, request_id: UUID, account_id: UUID, reason: str
) -> Iterator[tuple[Deed, SharingRequest, Account | None]]:
    if len(reason) > LONGEST:
        raise InputError(gettext("Write at most %(longest)s characters.", longest=LONGEST))
    with _open(application, request_id, account_id) as (what, row, account):
        speaker = second_person.as_whom(what.session, account, row)
        if speaker is None or account.disabled_at is not None:
            raise NotFoundError(gettext(NOT_HERE))
        yield what, row, speaker if speaker.id != account.id else None


def _note(what: Deed, event: str, row: SharingRequest, absent: Account | None) -> None:
    what.audit(event, row.id, asked_by=str(row.asked_by_id), **audit.acting_for(absent))


def _tell(what: Deed, row: SharingRequest, template: str) -> None:
    what.tell(template, [row.asked_by_id], once=str(row.id))
