"""Printing the whole file of a case: one person asks, another agrees, and it prints once (S19).

Threat: paper leaves every log behind. A compromised account, or one person with a bad moment, must
not be able to carry a file out. Each page can still be read, and printed as a page, by who may
read it; what takes two is everything at once. It is asked and answered in person, not as a deputy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from engine import access, human
from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext, mark
from engine.membership import NOT_HERE, Deed, deed
from engine.models import Account, AccountRole, Case, FilePrinting

OFFICER = "dpo"
AGREED, REFUSED, WITHDRAWN = "agreed", "refused", "withdrawn"
LASTS = "printing_lasts"
"""The value of the profile that says how long an agreement holds."""
LONGEST = 4000
NOBODY = mark("Nobody else leads this case and there is no officer, so nobody can agree.")
ASKED = mark("You have asked already; it waits for an answer, or for you to print.")
OVER = mark("This agreement is used, or its time is over; ask anew.")


def may_ask(session: Session, account: Account, case: Case) -> bool:
    """Say whether the account takes part in a case itself and reads it."""
    members = access.members_of(session, case.id)
    takes_part = any(member == account.id for member, _ in members)
    return takes_part and access.may(session, account, "case:print", case)


def may_answer(session: Session, account: Account, row: FilePrinting) -> bool:
    """Say whether the account agrees or refuses: it leads the case and reads it, or is officer.

    The officer reads nothing of the case and judges the purpose. Never a human who asked, or who
    is kept out of the case.
    """
    if account.disabled_at is not None or account.id in human.accounts_of(
        session, [row.asked_by_id]
    ):
        return False
    members = access.members_of(session, row.case_id)
    if account.id in members.barred:
        return False
    if OFFICER in account.role_codes:
        return True
    leads = any((account.id, function) in members for function in access.LEADING)
    return leads and access.may(session, account, "case:print", row.case)


def able(session: Session, row: FilePrinting) -> list[Account]:
    """Return who may answer, by user name."""
    of_case = [member for member, _ in access.members_of(session, row.case_id)]
    officers = select(AccountRole.account_id).where(AccountRole.role == OFFICER)
    people = session.scalars(
        select(Account)
        .where(or_(Account.id.in_(of_case), Account.id.in_(officers)))
        .order_by(Account.username)
    ).unique()
    return [one for one in people.all() if may_answer(session, one, row)]


def waiting(session: Session, account: Account) -> list[FilePrinting]:
    """Return what waits for this person to agree or refuse, the oldest first."""
    rows = session.scalars(_UNANSWERED).unique()
    return [row for row in rows if may_answer(session, account, row)]


def own(session: Session, account: Account, now: datetime) -> list[FilePrinting]:
    """Return what this person asked and nobody has answered, or what may be printed now."""
    mine = _rows().where(FilePrinting.asked_by_id == account.id, _alive(now))
    return list(session.scalars(mine).unique())


def _rows() -> Select[FilePrinting]:
    return select(FilePrinting).order_by(FilePrinting.asked_at, FilePrinting.id)


_UNANSWERED: Final = _rows().where(FilePrinting.outcome.is_(None))


def _alive(now: datetime) -> ColumnElement[bool]:
    agreed = (FilePrinting.prints_until >= now) & FilePrinting.printed_at.is_(None)
    return or_(FilePrinting.outcome.is_(None), agreed)


def ask(application: Application, case_id: UUID, account_id: UUID, purpose: str) -> UUID:
    """Ask to print the whole file, and tell who may agree; the purpose is never empty."""
    with deed(application, case_id, account_id) as what:
        account = _actor(what)
        if not may_ask(what.session, account, what.case):
            raise NotFoundError(gettext(NOT_HERE))
        if not 0 < len(purpose.strip()) <= LONGEST:
            raise InputError(
                gettext(
                    "Write what the paper is for, in at most %(longest)s characters.",
                    longest=LONGEST,
                )
            )
        mine = select(FilePrinting.id).where(
            FilePrinting.case_id == case_id,
            FilePrinting.asked_by_id == account.id,
            _alive(what.now),
        )
        if what.session.scalar(mine) is not None:
            raise ConflictError(gettext(ASKED))
        row = FilePrinting(
            case_id=case_id, purpose=purpose.strip(), asked_by_id=account.id, asked_at=what.now
        )
        what.session.add(row)
        what.session.flush()
        people = able(what.session, row)
        if not people:
            raise ConflictError(gettext(NOBODY))
        what.audit("case:printing:ask", row.id)
        what.tell("printing_asked", [one.id for one in people], once=str(row.id))
        return row.id


def agree(application: Application, row_id: UUID, account_id: UUID, reason: str = "") -> None:
    """Agree: for a short time the asker may print the file once."""
    with _answering(application, row_id, account_id, reason) as (what, row):
        if not may_ask(what.session, row.asked_by, what.case):
            raise ConflictError(gettext("Whoever asked does not take part any more."))
        _finish(what, row, AGREED, reason)
        profile = application.deployment(what.session).profile
        lasts = parse_duration(str(profile.values[LASTS]))
        row.prints_until = occurrence(what.now, lasts, 1, profile.zone)
        what.session.flush()
        what.audit("case:printing:agree", row.id, asked_by=str(row.asked_by_id))
        what.tell("printing_agreed", [row.asked_by_id], once=str(row.id))


def refuse(application: Application, row_id: UUID, account_id: UUID, reason: str) -> None:
    """Refuse, with the reason for who asked."""
    if not reason.strip():
        raise InputError(gettext("Write why, for whoever asked."))
    with _answering(application, row_id, account_id, reason) as (what, row):
        _finish(what, row, REFUSED, reason)
        what.audit("case:printing:refuse", row.id, asked_by=str(row.asked_by_id))
        what.tell("printing_refused", [row.asked_by_id], once=str(row.id))


def withdraw(application: Application, row_id: UUID, account_id: UUID) -> None:
    """Take back what one asked."""
    with _open(application, row_id, account_id) as (what, row):
        if row.asked_by_id != account_id or row.outcome is not None:
            raise NotFoundError(gettext(NOT_HERE))
        _finish(what, row, WITHDRAWN, "")
        what.audit("case:printing:withdraw", row.id)


def take(application: Application, case_id: UUID, row_id: UUID, account_id: UUID) -> None:
    """Use the agreement up, with both names on record.

    Committed before anything of the file is shown: what fails after it has to be asked anew.
    """
    with deed(application, case_id, account_id) as what:
        account, row = _actor(what), what.session.get(FilePrinting, row_id)
        is_own = row is not None and row.case_id == case_id and row.asked_by_id == account.id
        if row is None or not is_own or not may_ask(what.session, account, what.case):
            raise NotFoundError(gettext(NOT_HERE))
        if row.printed_at or not row.prints_until or row.prints_until < what.now:
            raise ConflictError(gettext(OVER))
        row.printed_at = what.now
        what.audit("case:printing:print", row.id, agreed_by=str(row.answered_by_id))


def _actor(what: Deed) -> Account:
    if what.actor is None or what.actor.disabled_at is not None:
        raise NotFoundError(gettext(NOT_HERE))
    return what.actor


def _finish(what: Deed, row: FilePrinting, outcome: str, reason: str) -> None:
    row.outcome, row.answered_at = outcome, what.now
    row.answered_by_id = _actor(what).id
    row.reason = reason.strip() or None
    what.session.flush()


@contextmanager
def _open(
    application: Application, row_id: UUID, account_id: UUID
) -> Iterator[tuple[Deed, FilePrinting]]:
    """Open the deed of a request under the lock of its case; two who act at once queue up."""
    with application.database.reading() as session:
        found = session.get(FilePrinting, row_id)
        case_id = found.case_id if found else None
    if case_id is None:
        raise NotFoundError(gettext(NOT_HERE))
    with deed(application, case_id, account_id) as what:
        yield what, what.session.get_one(FilePrinting, row_id)


@contextmanager
def _answering(
    application: Application, row_id: UUID, account_id: UUID, reason: str
) -> Iterator[tuple[Deed, FilePrinting]]:
    if len(reason) > LONGEST:
        raise InputError(gettext("Write at most %(longest)s characters.", longest=LONGEST))
    with _open(application, row_id, account_id) as (what, row):
        if row.outcome is not None or not may_answer(what.session, _actor(what), row):
            raise NotFoundError(gettext(NOT_HERE))
        yield what, row
