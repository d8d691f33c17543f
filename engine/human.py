"""Which accounts belong to one human: where two persons are asked for, humans count (S19)."""

from collections.abc import Iterable
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from engine.models import Account


def accounts_like(accounts: Iterable[UUID | None]) -> "Select[UUID]":
    """Return the question for some accounts and all others of the same humans."""
    known = [account for account in accounts if account is not None]
    persons = select(Account.person_id).where(Account.id.in_(known))
    return select(Account.id).where(Account.person_id.in_(persons))


def accounts_of(session: Session, accounts: Iterable[UUID | None]) -> set[UUID]:
    """Return some accounts and all others of the same humans."""
    known = {account for account in accounts if account is not None}
    return set(session.scalars(accounts_like(known))) | known


def are_apart(*accounts: Account) -> bool:
    """Say whether all these accounts belong to different humans."""
    return len({account.person_id for account in accounts}) == len(accounts)


def join(session: Session, account: Account, person_id: UUID) -> None:
    """Let an account, and all others of its human, be of the human with this number."""
    before = account.person_id
    session.execute(update(Account).where(Account.person_id == before).values(person_id=person_id))
    session.expire_all()


def of_provider(issuer: str, subject: str) -> UUID:
    """Return the number of the human whom a provider means by a subject.

    Threat: one subject linked to one account today and to another tomorrow is still one human.
    """
    return uuid5(NAMESPACE_URL, f"{issuer} {subject}")
