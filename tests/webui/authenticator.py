"""A security key in software: answers what a browser would pass on, also what it never would."""

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 1, 4, 64
ORIGIN = "http://localhost:8080"


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One key on the curve P-256 with a counter, at a browser that shows `origin`."""

    origin: str = ORIGIN
    rp_id: str = "localhost"
    count: int = 0
    flags: int = PRESENT | VERIFIED
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, asked: str, **changes: Any) -> str:
        """Return the answer to a request to make a key."""
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(attested=True)}
        response = {
            "clientDataJSON": b64(self._client("webauthn.create", asked, changes)),
            "attestationObject": b64(cbor2.dumps(statement)),
        }
        return self._answer(response)

    def sign(self, asked: str, **changes: Any) -> str:
        """Return the answer to a request to sign; the counter goes on by one."""
        self.count += 1
        client, data = self._client("webauthn.get", asked, changes), self._data()
        signed = data + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(self.private.sign(signed, ec.ECDSA(SHA256()))),
        }
        return self._answer(response)

    def _answer(self, response: dict[str, str]) -> str:
        named = b64(self.credential_id)
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": response})

    def _client(self, kind: str, asked: str, changes: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": json.loads(asked)["challenge"], "origin": self.origin}
        return json.dumps(said | changes).encode()

    def _data(self, *, attested: bool = False) -> bytes:
        flags = self.flags | (ATTESTED if attested else 0)
        head = hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.count)
        if not attested:
            return head
        length = struct.pack(">H", len(self.credential_id))
        return head + bytes(16) + length + self.credential_id + cbor2.dumps(self._public())

    def _public(self) -> dict[int, Any]:
        numbers = self.private.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
