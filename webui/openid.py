"""Asks the organisation's own directory who somebody is, and believes nothing unproved (V10.5).

Authorisation code with PKCE; Authlib builds and sends what is asked and checks the claims. What is
trusted is what the settings name: one issuer, one client, a few signature algorithms.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from engine.errors import CasetableError
from engine.provider import LASTS, LONGEST_SUBJECT, Flow, Leaving
from engine.settings import Provider
from webui import logout_token
from webui.logout_token import LogoutTokenError

ALGORITHMS = ("RS256", "PS256", "ES256")
"""With a key of the provider's own only: `none` and shared secrets prove nothing."""
SCOPE = "openid"
"""Nothing else is asked for: no name, no mail address."""
TIMEOUT = 10
LEEWAY = 60
"""Seconds by which the provider's clock may differ."""
LARGEST = 262_144
KEPT = 3600.0
RETRY = 60.0
"""Seconds after which an unknown key makes us ask for the provider's keys once more."""
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
BACK = "/sign-in/organisation/back"


class ProviderError(CasetableError):
    """The provider did not answer as it has to; the message is for the log, not for people."""


@dataclass(frozen=True)
class Proved:
    """Who the provider says somebody is, and whether its second factor counts here."""

    issuer: str
    subject: str
    has_second_factor: bool
    session: str = ""
    """What the provider calls the sign-in (`sid`), where it does."""


class Directory:
    """The provider of the settings; what it publishes about itself is kept for an hour."""

    def __init__(self, settings: Provider, base_url: str) -> None:
        self.settings = settings
        self._back = base_url.rstrip("/") + BACK
        self._lock = Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._read_at = self._keys_at = -KEPT

    def address_for(self, flow: Flow) -> str:
        """Return the address at the provider to which the browser is sent."""
        wanted = [name for kind, name in self.settings.second_factors if kind == "acr"]
        extra = {"acr_values": " ".join(sorted(wanted))} if wanted else {}
        address, _ = self._client().create_authorization_url(
            self._about("authorization_endpoint"),
            state=flow.state,
            nonce=flow.nonce,
            code_verifier=flow.verifier,
            **extra,
        )
        return str(address)

    def prove(self, flow: Flow, code: str, issuer: str | None, now: datetime) -> Proved:
        """Return who came back with a code; raise ProviderError for everything that does not fit.

        `issuer` is what the answer itself says about who sent it (RFC 9207).
        """
        self._check_sender(issuer)
        token = self._token(flow, code)
        claims = self._claims(token, flow, now)
        is_enough = self._has_second_factor(claims)
        return Proved(claims["iss"], claims["sub"], is_enough, _session(claims))

    def hear_of_leaving(self, text: str, now: datetime) -> Leaving:
        """Return who has left there; raise ProviderError for a token that does not hold."""
        if not 0 < len(text) <= logout_token.LONGEST:
            raise ProviderError("There is no logout token, or it is too long.")
        try:
            found = self._opened(text)
            return logout_token.read(found.header, found.claims, self.settings, now)
        except LogoutTokenError as error:
            raise ProviderError(f"The logout token does not hold: {error}.") from error
        except (JoseError, ValueError, TypeError, LookupError, AttributeError) as error:
            kind = type(error).__name__
            raise ProviderError(f"The logout token does not hold: {kind}.") from error

    # -- what the provider publishes -------------------------------------------------------------

    def _about(self, name: str) -> str:
        with self._lock:
            if time.monotonic() - self._read_at >= KEPT:
                self._metadata = self._discovered()
                self._read_at = time.monotonic()
            return str(self._metadata[name])

    def _discovered(self) -> dict[str, Any]:
        issuer = self.settings.issuer
        found = _read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise ProviderError("The provider calls itself by another name than the settings.")
        for name in NEEDED:
            address = urlsplit(str(found.get(name, "")))
            if address.scheme != "https" and address.scheme != urlsplit(issuer).scheme:
                raise ProviderError(f"The provider's {name} is missing or not https.")
        says = found.get("authorization_response_iss_parameter_supported") is True
        return {**{name: found[name] for name in NEEDED}, "says_iss": "yes" if says else ""}

    def _key_set(self, *, anew: bool = False) -> KeySet:
        address = self._about("jwks_uri")
        with self._lock:
            age = time.monotonic() - self._keys_at
            if self._keys is None or age >= KEPT or (anew and age >= RETRY):
                self._keys = KeySet.import_key_set(_read(address))  # type: ignore[arg-type]
                self._keys_at = time.monotonic()
            return self._keys

    # -- what comes back ---------------------------------------------------------------------------

    def _check_sender(self, issuer: str | None) -> None:
        """Refuse what another provider sends: it could pass on a code of ours (mix-up)."""
        missing = issuer is None and self._about("says_iss")
        if missing or issuer not in {None, self.settings.issuer}:
            raise ProviderError("The answer is not from the provider that was asked.")

    def _client(self) -> OAuth2Session:
        return OAuth2Session(
            self.settings.client_id,
            self.settings.client_secret,
            scope=SCOPE,
            redirect_uri=self._back,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the way, no secret
            default_timeout=TIMEOUT,
        )

    def _token(self, flow: Flow, code: str) -> dict[str, Any]:
        address = self._about("token_endpoint")
        try:
            with self._client() as client:
                found = client.fetch_token(
                    address,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=flow.verifier,
                    allow_redirects=False,
                )
        except (AuthlibBaseError, requests.RequestException, ValueError) as error:
            raise ProviderError(f"The code was not taken: {type(error).__name__}.") from error
        if not isinstance(found.get("id_token"), str):
            raise ProviderError("The provider gave no identity token.")
        return dict(found)

    def _claims(self, token: dict[str, Any], flow: Flow, now: datetime) -> dict[str, Any]:
        try:
            found = self._opened(token["id_token"])
            claims = CodeIDToken(
                found.claims,
                found.header,
                {
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                    "nonce": {"essential": True, "value": flow.nonce},
                },
                {
                    "nonce": flow.nonce,
                    "client_id": self.settings.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, LookupError) as error:
            raise ProviderError(f"The token does not hold: {type(error).__name__}.") from error
        _check_age(claims, now)
        return dict(claims)

    def _opened(self, text: str) -> jwt.Token:
        """Return the token when one of the provider's keys has signed it."""
        try:
            return jwt.decode(text, self._key_set(), algorithms=ALGORITHMS)
        except (InvalidKeyIdError, ValueError):
            # The provider may have changed its keys since they were read.
            return jwt.decode(text, self._key_set(anew=True), algorithms=ALGORITHMS)

    def _has_second_factor(self, claims: dict[str, Any]) -> bool:
        amr = claims.get("amr") or []
        proved = {("amr", name) for name in amr if isinstance(name, str)}
        if isinstance(claims.get("acr"), str):
            proved.add(("acr", claims["acr"]))
        return not proved.isdisjoint(self.settings.second_factors)


def _session(claims: dict[str, Any]) -> str:
    found = claims.get("sid")
    return found if isinstance(found, str) and len(found) <= LONGEST_SUBJECT else ""


def _check_age(claims: dict[str, Any], now: datetime) -> None:
    oldest = now.timestamp() - LASTS.total_seconds() - LEEWAY
    if claims["iat"] < oldest:
        raise ProviderError("The token is older than the sign-in.")
    if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
        raise ProviderError("The provider's number for the person is too long.")


def _read(address: str) -> dict[str, Any]:
    """Return a JSON object that the provider publishes; never follow it elsewhere."""
    try:
        with requests.get(address, timeout=TIMEOUT, allow_redirects=False, stream=True) as answer:
            body = answer.raw.read(LARGEST + 1, decode_content=True)
            status = answer.status_code
    except (requests.RequestException, OSError) as error:
        raise ProviderError(f"The provider is not there: {type(error).__name__}.") from error
    if status != requests.codes.ok or len(body) > LARGEST:
        raise ProviderError(f"The provider answered {status}.")
    return _object(body)


def _object(body: bytes) -> dict[str, Any]:
    import orjson

    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ProviderError("The provider's answer is no JSON.") from error
    if not isinstance(found, dict):
        raise ProviderError("The provider's answer is no object.")
    return found
