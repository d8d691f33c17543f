"""Signs stored process states, so that a changed or foreign one is refused before it is read."""

import hmac
from hashlib import blake2b
from typing import Final

from engine.errors import StateError

VERSION: Final = 1
_SIZE: Final = 32


def seal(blob: bytes, key: bytes) -> bytes:
    """Return version byte, signature and `blob`; `key` is the secret of this installation."""
    head = bytes([VERSION])
    return head + _sign(head + blob, key) + blob


def unseal(sealed: bytes, key: bytes) -> bytes:
    """Return the blob that was sealed; raise StateError when it is not exactly ours."""
    if len(sealed) <= _SIZE or sealed[0] != VERSION:
        raise StateError("The stored process state has another version; migrate it first.")
    head, signature, blob = sealed[:1], sealed[1 : 1 + _SIZE], sealed[1 + _SIZE :]
    if not hmac.compare_digest(signature, _sign(head + blob, key)):
        raise StateError("The stored process state was not written by us; restore a backup.")
    return blob


def _sign(content: bytes, key: bytes) -> bytes:
    if not key:
        raise StateError("Signing needs a key; set CASETABLE_SECRET_KEY.")
    # A keyed BLAKE2b is a MAC by itself (RFC 7693); longer keys are hashed down to its limit.
    secret = key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()
    return blake2b(content, digest_size=_SIZE, key=secret, person=b"casetable-state").digest()
