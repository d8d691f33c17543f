"""Accounts, passwords and signed-in browsers (S8, S11)."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session, joinedload

from engine import password as passwords
from engine.errors import InputError, NotFoundError
from engine.language import gettext
from engine.models import Account, AccountRole, Organisation, SessionStage, WebSession
from engine.profile import Profile

IDLE = timedelta(minutes=20)
ABSOLUTE = timedelta(hours=10)
FRESH = timedelta(minutes=5)
"""How long a typed password counts as fresh for signing a decision."""
HALF = timedelta(minutes=5)
"""How long the second step of signing in is waited for."""
SEEN_STEP = timedelta(seconds=60)
SKEW = timedelta(minutes=2)
"""How far the clocks of two machines that serve pages may lie apart."""
MAX_PASSWORD = passwords.LONGEST

HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
_NOBODY = HASHER.hash(secrets.token_urlsafe(24))
"""Verified when the name is unknown, so that the answer takes as long (S10)."""


def add_account(  # noqa: PLR0913 - an account has these parts
    session: Session,
    *,
    username: str,
    display_name: str,
    password: str | None = None,
    password_hash: str | None = None,
    organisation: Organisation,
    roles: frozenset[str],
    email: str,
    now: datetime,
) -> Account:
    """Add a person who works with the system, with a password or a hash made before."""
    if session.scalar(select(Account.id).where(Account.username == username)) is not None:
        raise InputError(
            gettext(
                "There is already an account %(username)s; choose another name.",
                username=repr(username),
            )
        )
    if password_hash is None:
        passwords.check(password or "", (username, email, display_name, organisation.name))
        password_hash = HASHER.hash(password or "")
    account = Account(
        username=username,
        display_name=display_name,
        email=email,
        password_hash=password_hash,
        organisation_id=organisation.id,
        created_at=now,
    )
    account.roles = [AccountRole(role=role) for role in sorted(roles)]
    session.add(account)
    return account


def find_or_add_organisation(
    session: Session, code: str, name: str | None, discipline: str | None, profile: Profile
) -> Organisation:
    """Return the organisation, adding it when its name and discipline are given."""
    found = session.scalar(select(Organisation).where(Organisation.code == code))
    if found is not None:
        return found
    if not name or discipline not in profile.disciplines:
        known = ", ".join(sorted(profile.disciplines))
        raise InputError(
            gettext(
                "There is no organisation %(code)s; give its name and its discipline (%(known)s).",
                code=repr(code),
                known=known,
            )
        )
    found = Organisation(code=code, name=name, discipline=discipline)
    session.add(found)
    session.flush()
    return found


def known_roles(codes: Iterable[str], profile: Profile) -> frozenset[str]:
    """Return the roles; raise InputError naming those that the profile does not have."""
    wanted = frozenset(codes)
    unknown = sorted(wanted - set(profile.roles))
    if unknown:
        known = ", ".join(sorted(profile.roles))
        raise InputError(
            gettext(
                "There is no role %(value)s; choose from %(known)s.",
                value=", ".join(unknown),
                known=known,
            )
        )
    return wanted


def disable(session: Session, username: str, now: datetime) -> None:
    """Disable an account and close its signed-in browsers (S8)."""
    account = find_account(session, username)
    account.disabled_at = now
    end_sessions(session, account.id, now)


def find_account(session: Session, username: str) -> Account:
    """Return the account of a user name; raise NotFoundError when there is none."""
    found = account_named(session, username)
    if found is None:
        raise NotFoundError(gettext("There is no account %(username)s.", username=repr(username)))
    return found


def account_named(session: Session, username: str) -> Account | None:
    """Return the account of a user name, None when there is none."""
    return session.scalar(select(Account).where(Account.username == username))


def set_password(
    session: Session, account: Account, password: str, now: datetime, *, is_lent: bool = False
) -> None:
    """Replace the password; every session of the account dies, also half signed-in ones (S8).

    `is_lent`: others have set it and know it, so the person changes it first (V6.4.1).
    """
    names = (account.username, account.email, account.display_name, account.organisation.name)
    passwords.check(password, names)
    account.password_hash = HASHER.hash(password)
    account.password_is_lent = is_lent
    end_sessions(session, account.id, now)


def set_roles(session: Session, account: Account, roles: frozenset[str], now: datetime) -> None:
    """Replace the roles; every session of the account dies, so that none acts on old ones (S8)."""
    kept = [role for role in account.roles if role.role in roles]
    new = sorted(roles - {role.role for role in kept})
    account.roles = [*kept, *(AccountRole(role=role) for role in new)]
    end_sessions(session, account.id, now)


def everybody(session: Session) -> list[Account]:
    """Return all accounts by user name."""
    return list(
        session.scalars(
            select(Account).options(joinedload(Account.organisation)).order_by(Account.username)
        ).unique()
    )


def check_password(account: Account, password: str) -> bool:
    """Say whether the password is the account's."""
    try:
        return HASHER.verify(account.password_hash, password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def authenticate(session: Session, username: str, password: str) -> Account | None:
    """Return the account when name and password fit; takes as long when they do not."""
    account = account_named(session, username.strip().lower())
    if account is None or account.disabled_at is not None:
        try:
            HASHER.verify(_NOBODY, password[:MAX_PASSWORD])
        except VerificationError:
            return None
        return None
    if not check_password(account, password):
        return None
    if HASHER.check_needs_rehash(account.password_hash):
        account.password_hash = HASHER.hash(password)
    return account


def hash_token(token: str) -> str:
    """Return what is stored of a session token."""
    return hashlib.sha256(b"session:" + token.encode()).hexdigest()


def open_session(
    session: Session,
    account: Account,
    now: datetime,
    stage: SessionStage = SessionStage.FULL,
    device: str = "",
    pending_secret: bytes | None = None,
) -> str:
    """Sign a browser in, as far as `stage`; return its token, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    lasts = ABSOLUTE if stage == SessionStage.FULL else HALF
    session.add(
        WebSession(
            token_hash=hash_token(token),
            account_id=account.id,
            stage=stage.value,
            device=device,
            pending_secret=pending_secret,
            csrf=secrets.token_urlsafe(32),
            created_at=now,
            seen_at=now,
            confirmed_at=now,
            ends_at=now + lasts,
        )
    )
    return token


# With what the head of each page shows; put together once, because each request begins with it.
_SESSION: Final = (
    select(WebSession)
    .where(WebSession.token_hash == bindparam("token"))
    .options(joinedload(WebSession.account).joinedload(Account.organisation))
)


def find_session(
    session: Session, token: str, now: datetime, stage: SessionStage = SessionStage.FULL
) -> WebSession | None:
    """Return the live session of a token; None when revoked, idle, at its end, or half-way."""
    found = session.scalars(_SESSION, {"token": hash_token(token)}).unique().one_or_none()
    if found is None or found.stage != stage.value:
        return None
    if found.revoked_at is not None or found.account.disabled_at is not None:
        return None
    if now >= found.ends_at or now - found.seen_at > IDLE:
        return None
    if found.seen_at - now > SKEW:
        # Threat: opened while a clock was ahead, it would live as much longer (R9).
        return None
    return found


def touch_session(found: WebSession, now: datetime) -> bool:
    """Note that the session was used, at most once a minute; say whether a write is due."""
    if now - found.seen_at < SEEN_STEP:
        return False
    found.seen_at = now
    return True


def close_session(session: Session, token: str, now: datetime) -> None:
    """Sign a browser out: its token is dead at once, everywhere."""
    found = session.get(WebSession, hash_token(token))
    if found is not None and found.revoked_at is None:
        found.revoked_at = now


def rotate_session(session: Session, token: str, now: datetime) -> str:
    """Give a session whose person typed the password again a new token; the old one is dead.

    What a thief copied before the step-up is worth nothing after it (S8).
    """
    old = session.get_one(WebSession, hash_token(token))
    old.revoked_at = now
    new = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            token_hash=hash_token(new),
            account_id=old.account_id,
            stage=old.stage,
            device=old.device,
            pending_secret=old.pending_secret,
            csrf=secrets.token_urlsafe(32),
            created_at=old.created_at,
            seen_at=now,
            confirmed_at=now,
            ends_at=old.ends_at,
        )
    )
    return new


def end_sessions(
    session: Session, account_id: UUID, now: datetime, *, kept: str | None = None
) -> None:
    """Close all sessions of an account but the one whose token hash is `kept`."""
    session.execute(
        update(WebSession)
        .where(
            WebSession.account_id == account_id,
            WebSession.revoked_at.is_(None),
            WebSession.token_hash != (kept or ""),
        )
        .values(revoked_at=now)
    )


def end_one(session: Session, account_id: UUID, session_id: UUID, now: datetime) -> None:
    """Close one session of one's own; what is not one's own does not exist."""
    found = session.scalar(
        select(WebSession).where(
            WebSession.id == session_id,
            WebSession.account_id == account_id,
            WebSession.revoked_at.is_(None),
        )
    )
    if found is None:
        raise NotFoundError(gettext("There is no such session; it may be closed already."))
    found.revoked_at = now
