"""Receipt codes: what a reporter takes away, and the keyed hash that is kept of it."""

import hashlib
import secrets

from engine.sealing import fingerprint

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O: codes are read out over the telephone."""
GROUPS = (4, 4, 4)


def new_code(groups: tuple[int, ...] = (4, 4)) -> str:
    """Return a random code such as `7KQM-2XWP`."""
    return _grouped("".join(secrets.choice(ALPHABET) for _ in range(sum(groups))), groups)


def new_receipt() -> str:
    """Return a random receipt code of sixty bits."""
    return new_code(GROUPS)


def receipt_of(key: bytes, challenge: str) -> str:
    """Return the receipt code that belongs to a challenge.

    A form that was sent twice by a double click gives the same code twice, although the code
    itself is stored nowhere.
    """
    digest = bytes.fromhex(fingerprint(key, "receipt code", challenge))
    # 32 characters divide 256 evenly: each is as likely as any other.
    return _grouped("".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:12]), GROUPS)


def hash_receipt(key: bytes, code: str) -> str:
    """Return what is stored of a receipt code: whoever reads the table can try out none."""
    plain = "".join(code.upper().split()).replace("-", "")
    inner = hashlib.sha256(b"receipt:" + plain.encode()).hexdigest()
    return fingerprint(key, "receipt", inner)


def _grouped(plain: str, groups: tuple[int, ...]) -> str:
    parts, start = [], 0
    for length in groups:
        parts.append(plain[start : start + length])
        start += length
    return "-".join(parts)
