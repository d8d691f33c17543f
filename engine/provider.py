"""Sign-in by the organisation's own directory (OpenID Connect): who is linked, one flow at a time.

An account is linked by what never changes and is never given to anybody else: the address of the
provider and its number for the person (V6.8.1). Never by a mail address, never by itself.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from engine import human
from engine.accounts import ABSOLUTE, end_sessions, hash_token
from engine.errors import ConflictError, InputError
from engine.language import gettext
from engine.models import Account, ProviderFlow, ProviderLink, ProviderSession, SpentLogout
from engine.sealing import fingerprint

LASTS = timedelta(minutes=10)
LONGEST_SUBJECT = 255
"""As the standard has it."""
SESSION, LOGOUT = "provider session", "provider logout"


@dataclass(frozen=True)
class Flow:
    """What one sign-in at the provider has to come back with."""

    state: str
    nonce: str
    verifier: str
    target: str


def begin_flow(session: Session, target: str, now: datetime) -> tuple[str, Flow]:
    """Begin a sign-in; return the token by which this browser comes back to it, and the flow."""
    session.execute(delete(ProviderFlow).where(ProviderFlow.ends_at <= now))
    token, flow = secrets.token_urlsafe(32), Flow(_random(), _random(), _random(), target[:300])
    session.add(
        ProviderFlow(
            token_hash=hash_token(token),
            state=flow.state,
            nonce=flow.nonce,
            verifier=flow.verifier,
            target=flow.target,
            ends_at=now + LASTS,
        )
    )
    return token, flow


def take_flow(session: Session, token: str, state: str, now: datetime) -> Flow | None:
    """Return the flow of this browser with this state and use it up, None when there is none."""
    mine = (ProviderFlow.token_hash == hash_token(token), ProviderFlow.state == state)
    columns = (ProviderFlow.nonce, ProviderFlow.verifier, ProviderFlow.target, ProviderFlow.ends_at)
    # Of many who come back with the same state at once the database lets one through.
    taken = session.execute(delete(ProviderFlow).where(*mine).returning(*columns)).one_or_none()
    if taken is None or now >= taken.ends_at:
        return None
    return Flow(state, taken.nonce, taken.verifier, taken.target)


def _random() -> str:
    return secrets.token_urlsafe(32)


# -- links ---------------------------------------------------------------------------------------


def linked_account(session: Session, issuer: str, subject: str) -> Account | None:
    """Return the account that is linked to a person of the provider and may sign in."""
    found = session.scalar(
        select(Account)
        .join(ProviderLink, ProviderLink.account_id == Account.id)
        .where(ProviderLink.issuer == issuer, ProviderLink.subject == subject)
    )
    return found if found is not None and found.disabled_at is None else None


def link(session: Session, account_id: UUID, issuer: str, subject: str, now: datetime) -> None:
    """Link an account to a person of the provider; the one before is replaced."""
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise InputError(
            gettext(
                "Give the provider's number for the person, up to %(longest_subject)s signs.",
                longest_subject=LONGEST_SUBJECT,
            )
        )
    unlink(session, account_id, issuer)
    theirs = (ProviderLink.issuer == issuer, ProviderLink.subject == subject)
    if session.scalar(select(ProviderLink.id).where(*theirs)) is not None:
        raise ConflictError(gettext("Another account is linked to this person; unlink it first."))
    human.join(session, session.get_one(Account, account_id), human.of_provider(issuer, subject))
    session.add(ProviderLink(account_id=account_id, issuer=issuer, subject=subject, created_at=now))


def unlink(session: Session, account_id: UUID, issuer: str) -> bool:
    """Remove the link of an account; say whether there was one."""
    mine = (ProviderLink.account_id == account_id, ProviderLink.issuer == issuer)
    gone = delete(ProviderLink).where(*mine).returning(ProviderLink.id)
    return session.scalar(gone) is not None


# -- leaving at the provider -----------------------------------------------------------------------


@dataclass(frozen=True)
class Leaving:
    """The provider's word that somebody has left there: the person, the session, or both."""

    issuer: str
    subject: str
    session: str
    """What the provider calls the session (`sid`)."""
    number: str
    """Of this one word (`jti`)."""
    ends_at: datetime
    """From when on it is refused because of its age."""


def note_session(
    session: Session, key: bytes, account_id: UUID, at: tuple[str, str], now: datetime
) -> None:
    """Remember what the provider calls a sign-in; `at` is the issuer and its `sid`."""
    session.execute(delete(ProviderSession).where(ProviderSession.ends_at <= now))
    row = ProviderSession(
        mark=fingerprint(key, SESSION, "\n".join(at)), account_id=account_id, ends_at=now + ABSOLUTE
    )
    session.merge(row)


def leave(session: Session, key: bytes, word: Leaving, now: datetime) -> tuple[bool, UUID | None]:
    """End all sessions of who has left; say whether the word counts, and whom it was about.

    A word counts once: whoever copied it could else throw the person out again and again.
    """
    if not _spend(session, fingerprint(key, LOGOUT, f"{word.issuer}\n{word.number}"), word, now):
        return False, None
    account_id = _who_left(session, key, word)
    if account_id is not None:
        end_sessions(session, account_id, now)
    return True, account_id


def _spend(session: Session, mark: str, word: Leaving, now: datetime) -> bool:
    session.execute(delete(SpentLogout).where(SpentLogout.ends_at <= now))
    is_postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgres_insert if is_postgres else sqlite_insert
    row = insert(SpentLogout).values(mark=mark, ends_at=word.ends_at).on_conflict_do_nothing()
    return session.scalar(row.returning(SpentLogout.mark)) is not None


def _who_left(session: Session, key: bytes, word: Leaving) -> UUID | None:
    if word.subject:
        found = linked_account(session, word.issuer, word.subject)
        return found.id if found is not None else None
    mark = fingerprint(key, SESSION, f"{word.issuer}\n{word.session}")
    noted = session.get(ProviderSession, mark)
    return noted.account_id if noted is not None else None
