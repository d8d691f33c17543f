"""An identity provider on loopback: Authlib's server with keys of its own, which can lie."""

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "casetable", "a secret of these tests"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Client:
    """The only client: our pages."""

    redirect_uri: str

    def get_client_id(self) -> str:
        return CLIENT

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method, endpoint) == ("client_secret_basic", "token")

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"

    def get_allowed_scope(self, scope: str) -> str:
        return scope if scope == "openid" else ""


@dataclass
class Code:
    """An authorisation code and what it was given for."""

    code: str
    user: str
    asked: dict[str, str]

    def get_redirect_uri(self) -> str:
        return self.asked["redirect_uri"]

    def get_scope(self) -> str:
        return self.asked["scope"]

    def get_nonce(self) -> str:
        return self.asked["nonce"]

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> str:
        return ""

    def get_amr(self) -> list[str]:
        return []

    @property
    def code_challenge(self) -> str:
        return self.asked["code_challenge"]

    @property
    def code_challenge_method(self) -> str:
        return self.asked["code_challenge_method"]


@dataclass
class Directory:
    """What the provider knows, what it was asked, and how it lies."""

    redirect_uri: str
    issuer: str = ""
    user: str = "person-17"
    key: RSAKey = field(default_factory=lambda: _new_key("one"))
    published: list[RSAKey] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    lies: dict[str, Any] = field(default_factory=dict)
    """Claims that are other than they should be; None leaves one out."""
    published_lies: dict[str, Any] = field(default_factory=dict)
    says_iss: bool = True
    signs: Callable[[dict[str, Any]], str] | None = None
    """Makes the token in its own way, for instance without a signature."""

    def token(self, claims: dict[str, Any]) -> str:
        told = {name: value for name, value in (claims | self.lies).items() if value is not None}
        if self.signs is not None:
            return self.signs(told)
        header = {"alg": "RS256", "kid": self.key.kid}
        return jwt.encode(header, told, self.key, ["RS256"])

    def logout_token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return the word that somebody has left; a change to None leaves a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_hex(16),
            "sub": self.user,
            "events": {EVENT: {}},
        }
        told = {name: value for name, value in (claims | changes).items() if value is not None}
        if self.signs is not None:
            return self.signs(told)
        head = {"alg": "RS256", "kid": self.key.kid, "typ": "logout+jwt"} | (header or {})
        return jwt.encode(head, told, self.key, ["RS256"])

    def change_key(self) -> None:
        self.key = _new_key("two")
        self.published = [self.key]


def _new_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, private=True)


def unsigned(claims: dict[str, Any], algorithm: str = "none", signature: bytes = b"") -> str:
    """Return a token that nobody has signed, or signed in another way."""
    header = {"alg": algorithm, "typ": "JWT"}
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _parts(house: Directory) -> tuple[Any, Any, Any]:
    """Return the parts of Authlib's server that know this provider."""

    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]  # noqa: RUF012 - as the base has it

        def save_authorization_code(self, code: str, request: Any) -> None:
            asked = dict(request.payload.data.items())
            house.codes[code] = Code(code, request.user, asked)

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            del client
            return house.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            del house.codes[authorization_code.code]

        def authenticate_user(self, authorization_code: Code) -> str:
            return authorization_code.user

    class Token(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            del request
            return any(code.asked.get("nonce") == nonce for code in house.codes.values())

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            return {"iss": house.issuer, "aud": [client.get_client_id()]}

        def generate_user_info(self, user: str, scope: str) -> UserInfo:
            del scope
            return UserInfo(sub=user)

        def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
            claims = self.get_compatible_claims(request)
            claims |= self.get_authorization_code_claims(request.authorization_code)
            claims |= self.generate_user_info(request.user, token["scope"])
            return house.token(claims)

    class Named(IssuerParameter):  # type: ignore[misc]
        def get_issuer(self) -> str | None:
            return house.issuer if house.says_iss else None

    return Grant, Token, Named


def _keep(token: dict[str, Any], request: Any) -> None:
    """Keep no access token: nobody asks for anything with it."""
    del token, request


def make_app(house: Directory) -> Flask:
    """Return the provider's pages: whoever comes is signed in as `house.user` at once."""
    app = Flask("directory")
    server = AuthorizationServer(
        app,
        query_client=lambda name: Client(house.redirect_uri) if name == CLIENT else None,
        save_token=_keep,
    )

    grant, token_maker, named = _parts(house)
    server.register_grant(grant, [token_maker(require_nonce=True), CodeChallenge(required=True)])
    server.register_extension(named())

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        found = {
            "issuer": house.issuer,
            "authorization_endpoint": f"{house.issuer}/authorize",
            "token_endpoint": f"{house.issuer}/token",
            "jwks_uri": f"{house.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": house.says_iss,
        }
        return jsonify(found | house.published_lies)

    @app.get("/jwks")
    def keys() -> Response:
        shown = house.published or [house.key]
        return jsonify({"keys": [key.as_dict(private=False) for key in shown]})

    @app.get("/authorize")
    def authorize() -> Any:
        asked = server.get_consent_grant(end_user=house.user)
        house.asked.append(dict(asked.request.payload.data.items()))
        return server.create_authorization_response(grant=asked, grant_user=house.user)

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    return app


@contextmanager
def served(redirect_uri: str) -> Iterator[Directory]:
    """Serve a provider on a free port of loopback until the block ends."""
    house = Directory(redirect_uri)
    server = make_server("127.0.0.1", 0, make_app(house), threaded=True)
    house.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield house
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
