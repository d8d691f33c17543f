"""Seals small secrets so that whoever reads the database reads nothing (S9, S14)."""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.errors import StateError

NONCE = 12


def seal(key: bytes, purpose: str, belongs_to: str, plain: bytes) -> bytes:
    """Return `plain` sealed with AES-256-GCM; it opens only for the row that it belongs to."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + _cipher(key, purpose).encrypt(nonce, plain, belongs_to.encode())


def unseal(key: bytes, purpose: str, belongs_to: str, sealed: bytes) -> bytes:
    """Return what was sealed; raise StateError when the key or the row is another one."""
    try:
        return _cipher(key, purpose).decrypt(sealed[:NONCE], sealed[NONCE:], belongs_to.encode())
    except InvalidTag as error:
        raise StateError(
            f"A sealed {purpose} does not open: another secret key is set, or it was moved."
        ) from error


def fingerprint(key: bytes, purpose: str, text: str) -> str:
    """Return a keyed hash by which a value is found again and never guessed from the table."""
    return hmac.new(key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def _cipher(key: bytes, purpose: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"casetable {purpose}".encode())
    return AESGCM(derived.derive(key))
