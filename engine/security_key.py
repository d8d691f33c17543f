"""Security keys and passkeys (WebAuthn) as a second factor: a false page gets nothing from them.

A key signs a challenge together with the address that the browser shows. So what is signed for a
look-alike address is worth nothing here (S9).
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import factor
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext, mark
from engine.models import Account, SecurityKey, WebSession
from engine.place import Place

NAME = "Casetable"
CHALLENGE = 32
LASTS = timedelta(minutes=5)
MOST = 10
LONGEST_NAME = 60
LONGEST_ANSWER = 16_384
MILLISECONDS = int(LASTS.total_seconds() * 1000)
WRONG = mark("The key was not accepted; touch it again, or take another one.")

# -- the challenge: random, of one session, used once ------------------------------------------


def new_challenge(session: Session, token_hash: str, now: datetime) -> bytes:
    """Return a challenge and keep it in the row of the session; the one before is dead."""
    row = session.get_one(WebSession, token_hash)
    row.challenge, row.challenge_ends_at = secrets.token_bytes(CHALLENGE), now + LASTS
    return row.challenge


def take_challenge(session: Session, token_hash: str, now: datetime) -> bytes | None:
    """Return the challenge of a session and use it up; of many at once the database lets one."""
    row = session.get_one(WebSession, token_hash)
    challenge, ends_at = row.challenge, row.challenge_ends_at
    if challenge is None:
        return None
    mine = (WebSession.token_hash == token_hash, WebSession.challenge == challenge)
    used = update(WebSession).where(*mine).values(challenge=None, challenge_ends_at=None)
    taken = session.scalar(used.returning(WebSession.id)) is not None
    return challenge if taken and ends_at is not None and now < ends_at else None


# -- what the browser is asked for -------------------------------------------------------------


def keys_of(session: Session, account_id: UUID) -> list[SecurityKey]:
    """Return the keys of an account, the oldest first."""
    rows = select(SecurityKey).where(SecurityKey.account_id == account_id)
    return list(session.scalars(rows.order_by(SecurityKey.created_at, SecurityKey.id)))


def ask_to_make(place: Place, account: Account, keys: list[SecurityKey], challenge: bytes) -> str:
    """Return as JSON what a browser needs to make a key; keys that are known already refuse."""
    import webauthn
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = webauthn.generate_registration_options(
        rp_id=place.rp_id,
        rp_name=NAME,
        user_name=account.username,
        user_id=account.id.bytes,
        user_display_name=account.display_name,
        challenge=challenge,
        timeout=MILLISECONDS,
        exclude_credentials=_described(keys),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return webauthn.options_to_json(options)


def ask_to_sign(place: Place, keys: list[SecurityKey], challenge: bytes) -> str:
    """Return as JSON what a browser needs to have the challenge signed by one of the keys."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=place.rp_id,
        challenge=challenge,
        timeout=MILLISECONDS,
        allow_credentials=_described(keys),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return webauthn.options_to_json(options)


def _described(keys: list[SecurityKey]) -> list[Any]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=key.credential_id) for key in keys]


# -- what the browser answers ------------------------------------------------------------------


def register(
    session: Session,
    place: Place,
    account_id: UUID,
    answer: str,
    challenge: bytes | None,
    *,
    name: str,
    now: datetime,
    unless: Callable[[Session, UUID], bool] | None = None,
) -> None:
    """Store a key that has signed the challenge; raise InputError where it does not fit.

    At the first sign-in it is stored only where what `unless` asks for is not there yet: a factor,
    or a key beside an app that was used a moment ago.
    """
    import webauthn

    named = " ".join(name.split())[:LONGEST_NAME]
    if not named:
        raise InputError(gettext("Give the key a name by which you know it again."))
    # Locked, so that two browsers that add keys at once see each other's.
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update())
    if unless is not None and unless(session, account_id):
        raise ConflictError(gettext("A second factor is set up already; sign in again and use it."))
    if len(keys_of(session, account_id)) >= MOST:
        raise ConflictError(
            gettext("There are %(most)s keys already; remove one that you do not use.", most=MOST)
        )
    made = _checked(
        webauthn.verify_registration_response,
        answer,
        expected_challenge=challenge,
        expected_rp_id=place.rp_id,
        expected_origin=place.origin,
    )
    known = select(SecurityKey.id).where(SecurityKey.credential_id == made.credential_id)
    if session.scalar(known) is not None:
        raise ConflictError(gettext("This key is set up already; take another one."))
    session.add(
        SecurityKey(
            account_id=account_id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=named,
            created_at=now,
        )
    )


def verify(
    session: Session,
    place: Place,
    account_id: UUID,
    answer: str,
    challenge: bytes | None,
    now: datetime,
) -> bool:
    """Say whether one of the account's own keys has signed the challenge for our address."""
    import webauthn

    # Locked: of two answers with the same count, one comes second and is refused.
    key = session.scalar(
        select(SecurityKey)
        .where(
            SecurityKey.account_id == account_id,
            SecurityKey.credential_id == _id_in(answer),
        )
        .with_for_update()
    )
    if key is None:
        return False
    try:
        found = _checked(
            webauthn.verify_authentication_response,
            answer,
            expected_challenge=challenge,
            expected_rp_id=place.rp_id,
            expected_origin=place.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
        )
    except InputError:
        return False
    key.sign_count, key.used_at = found.new_sign_count, now
    return True


def remove(session: Session, account_id: UUID, key_id: UUID) -> None:
    """Take one of one's own keys away; with the last factor the recovery codes go too."""
    key = session.get(SecurityKey, key_id)
    if key is None or key.account_id != account_id:
        raise NotFoundError(gettext("There is no such key; it may be removed already."))
    session.delete(key)
    session.flush()
    factor.forget_useless_codes(session, account_id)


def _id_in(answer: str) -> bytes:
    """Return the id of the key that an answer names; empty when it names none."""
    import orjson
    from webauthn.helpers import base64url_to_bytes

    try:
        named = orjson.loads(answer[:LONGEST_ANSWER])["id"]
        return base64url_to_bytes(named)
    except (ValueError, TypeError, LookupError, AttributeError):
        return b""


def _checked(check: Callable[..., Any], answer: str, **expected: Any) -> Any:
    """Return what the library found in an answer; whatever is wrong with it says no more."""
    from webauthn.helpers.exceptions import WebAuthnException

    if expected["expected_challenge"] is None or len(answer) > LONGEST_ANSWER:
        raise InputError(gettext(WRONG))
    try:
        return check(credential=answer, **expected)
    # What strangers send is taken apart there: malformed parts end in any of these.
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError) as error:
        raise InputError(gettext(WRONG)) from error
