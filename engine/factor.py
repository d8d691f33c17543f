"""The second factor: codes of an app (TOTP), each used once, and recovery codes (S9).

Security keys, the other kind, are in engine/security_key.py; the recovery codes serve both.
"""

import hmac
import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from engine.errors import ConflictError, InputError
from engine.language import gettext
from engine.models import Account, RecoveryCode, SecurityKey, TotpFactor, TotpStep
from engine.sealing import fingerprint, seal, unseal

ISSUER = "Casetable"
SECONDS = 30
DRIFT = 1
"""Steps by which a telephone's clock may be ahead or behind."""
KEPT_STEPS = 20
DIGITS = 6
RECOVERY_CODES = 10
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
GROUPS = 4
"""Four groups of four: 80 random bits, so that a fast keyed hash is enough."""
SECRET = "second factor"  # noqa: S105 - what it is for, not what it is
CODE = "recovery code"


def new_secret() -> str:
    """Return a secret to be shared with an app: 160 random bits in base 32."""
    return pyotp.random_base32()


def address_of(secret: str, username: str) -> str:
    """Return the otpauth address that an app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def seal_secret(key: bytes, account_id: UUID, secret: str) -> bytes:
    """Return a secret as it is stored."""
    return seal(key, SECRET, str(account_id), secret.encode())


def unseal_secret(key: bytes, account_id: UUID, sealed: bytes) -> str:
    """Return a secret as an app needs it."""
    return unseal(key, SECRET, str(account_id), sealed).decode()


def find_factor(session: Session, account_id: UUID) -> TotpFactor | None:
    """Return the app that an account has as its second factor."""
    return session.get(TotpFactor, account_id)


def has_factor(session: Session, account_id: UUID) -> bool:
    """Say whether the account has a second factor: an app or a key."""
    app = select(TotpFactor.account_id).where(TotpFactor.account_id == account_id)
    key = select(SecurityKey.account_id).where(SecurityKey.account_id == account_id)
    return session.scalar(app.union(key).limit(1)) is not None


def has_key(session: Session, account_id: UUID) -> bool:
    """Say whether the account has a security key."""
    key = select(SecurityKey.account_id).where(SecurityKey.account_id == account_id)
    return session.scalar(key.limit(1)) is not None


def enrol(
    session: Session,
    key: bytes,
    account_id: UUID,
    secret: str,
    code: str,
    now: datetime,
    *,
    replaces: bool = False,
) -> list[str]:
    """Store the factor once a code shows that the app has it; return the recovery codes.

    Only where it `replaces` one does another factor give way, once the new one is proved.
    """
    # Locked, so that of two browsers that set one up at once the second is told.
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update())
    if not replaces and has_factor(session, account_id):
        raise ConflictError(gettext("A second factor is set up already; sign in again and use it."))
    if not _use_step(session, account_id, secret, code, now):
        raise InputError(
            gettext("This is not the code that the app shows now; type the newest one.")
        )
    remove_app(session, account_id)
    sealed = seal_secret(key, account_id, secret)
    session.add(TotpFactor(account_id=account_id, secret=sealed, created_at=now))
    return new_recovery_codes(session, key, account_id)


def remove_app(session: Session, account_id: UUID) -> bool:
    """Take the app away, with the last factor its recovery codes too; say whether there was one."""
    there = find_factor(session, account_id) is not None
    # Used steps stay: a code that was used is not worth anything to the next factor either.
    session.execute(delete(TotpFactor).where(TotpFactor.account_id == account_id))
    forget_useless_codes(session, account_id)
    return there


def remove_all(session: Session, account_id: UUID) -> bool:
    """Take app, keys and recovery codes away; say whether there was a factor."""
    there = has_factor(session, account_id)
    session.execute(delete(SecurityKey).where(SecurityKey.account_id == account_id))
    remove_app(session, account_id)
    return there


def forget_useless_codes(session: Session, account_id: UUID) -> None:
    """Forget the recovery codes of an account that has no factor any more."""
    if not has_factor(session, account_id):
        session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))


def verify(
    session: Session,
    key: bytes,
    account_id: UUID,
    typed: str,
    now: datetime,
    *,
    takes_app: bool = True,
) -> bool:
    """Say whether a code of the app, or a recovery code, is right; it is used up by that.

    Where no code of an app is taken, a recovery code still is: it works once and is on paper.
    """
    code = _plain(typed)
    if len(code) != DIGITS:
        return _use_recovery_code(session, key, account_id, code, now)
    factor = session.get(TotpFactor, account_id) if takes_app else None
    if factor is None:
        return False
    secret = unseal_secret(key, account_id, factor.secret)
    return _use_step(session, account_id, secret, code, now)


def new_recovery_codes(session: Session, key: bytes, account_id: UUID) -> list[str]:
    """Replace the recovery codes; return the new ones, which can be shown only now."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(account_id=account_id, code_hash=_hash(key, account_id, _plain(code)))
        for code in codes
    )
    return codes


def codes_left(session: Session, account_id: UUID) -> int:
    """Return how many recovery codes are not used yet."""
    unused = select(func.count()).where(
        RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None)
    )
    return session.scalar(unused) or 0


def _use_step(session: Session, account_id: UUID, secret: str, code: str, now: datetime) -> bool:
    current = int(now.timestamp()) // SECONDS
    totp = pyotp.TOTP(secret)
    matching = [
        step
        for step in range(current - DRIFT, current + DRIFT + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), _plain(code).encode())
    ]
    return bool(matching) and _take(session, account_id, matching[0], current)


def _take(session: Session, account_id: UUID, step: int, current: int) -> bool:
    """Mark a step as used; of many at the same instant the database lets one through."""
    old = (TotpStep.account_id == account_id, TotpStep.step < current - KEPT_STEPS)
    session.execute(delete(TotpStep).where(*old))
    is_postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgres_insert if is_postgres else sqlite_insert
    row = insert(TotpStep).values(account_id=account_id, step=step).on_conflict_do_nothing()
    return session.scalar(row.returning(TotpStep.step)) is not None


def _use_recovery_code(
    session: Session, key: bytes, account_id: UUID, code: str, now: datetime
) -> bool:
    unused = (
        RecoveryCode.account_id == account_id,
        RecoveryCode.code_hash == _hash(key, account_id, code),
        RecoveryCode.used_at.is_(None),
    )
    used = update(RecoveryCode).where(*unused).values(used_at=now).returning(RecoveryCode.id)
    return session.scalar(used) is not None


def _recovery_code() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(GROUPS))
    return "-".join(groups)


def _hash(key: bytes, account_id: UUID, code: str) -> str:
    return fingerprint(key, CODE, f"{account_id}:{code}")


def _plain(code: str) -> str:
    """Return a code without the spaces and dashes that people type along."""
    return "".join(sign for sign in code.upper() if sign.isalnum())[:64]
