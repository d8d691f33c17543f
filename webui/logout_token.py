"""Reads the provider's word that somebody has left there (OpenID Connect Back-Channel Logout 1.0).

Threat: a token of another kind that the provider has signed, such as the proof of a sign-in, must
not throw anybody out, and a word must not be good for ever (V10.5.5).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.provider import LONGEST_SUBJECT, Leaving
from engine.settings import Provider

KIND = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LASTS = timedelta(minutes=2)
LEEWAY = timedelta(minutes=1)
"""By which the provider's clock may differ."""
LONGEST = 16_384
"""Characters of a token."""


class LogoutTokenError(ValueError):
    """The token does not hold; the message is for the log and names the part."""


def read(
    header: Mapping[str, Any], claims: Mapping[str, Any], settings: Provider, now: datetime
) -> Leaving:
    """Return what a token says whose signature was right; raise LogoutTokenError."""
    if str(header.get("typ", "")).lower() != KIND:
        raise LogoutTokenError("typ")
    if claims.get("iss") != settings.issuer:
        raise LogoutTokenError("iss")
    if settings.client_id not in _audience(claims.get("aud")):
        raise LogoutTokenError("aud")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise LogoutTokenError("events")
    if "nonce" in claims:
        raise LogoutTokenError("nonce")
    number = _text(claims, "jti")
    subject, session = _text(claims, "sub"), _text(claims, "sid")
    if not number or not (subject or session):
        raise LogoutTokenError("jti, sub or sid")
    return Leaving(settings.issuer, subject, session, number, _ends_at(claims, now))


def _audience(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _text(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim, empty when it is left out."""
    found = claims.get(name, "")
    if not isinstance(found, str) or len(found) > LONGEST_SUBJECT:
        raise LogoutTokenError(name)
    return found


def _ends_at(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Return from when on the token is too old; raise when it is, or comes from the future."""
    issued, ends = _instant(claims, "iat"), _instant(claims, "exp")
    if issued > now + LEEWAY:
        raise LogoutTokenError("iat")
    latest = min(issued + LASTS, ends) + LEEWAY
    if now >= latest:
        raise LogoutTokenError("exp")
    return latest


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise LogoutTokenError(name)
    try:
        return datetime.fromtimestamp(found, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise LogoutTokenError(name) from error
