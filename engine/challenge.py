"""Challenges of the public page: a small work or a small wait instead of an address (S10).

A challenge is signed and kept nowhere; only that one was spent is a row (engine/letterbox.py).
A browser with scripts finds a number whose hash begins with enough zeros. Without scripts a
person answers a written question and sends after a short while. So nobody is followed and
nobody is locked out; the more comes in, the more work and the longer the while.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from engine.errors import InputError
from engine.language import gettext, mark
from engine.sealing import fingerprint

LIFETIME = timedelta(hours=4)
"""How long somebody may take to write."""
FEWEST_BITS, MOST_BITS = 14, 20
"""14 bits take a telephone about a second, 20 bits about a minute, both while one writes."""
QUIET = 15
"""So much in an hour is ordinary; each doubling beyond it asks for one bit more."""
SHORTEST_WAIT, LONGEST_WAIT = 5, 300
"""Seconds between opening and sending the page, for those who send no proof."""
LEEWAY = 2
"""A challenge may lag so many bits behind what is asked for now.

Threat: somebody collects cheap challenges in a quiet hour and spends them in a flood.
"""
LONGEST_PROOF = 20
NUMBERS = mark(
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
)
TOGETHER = (
    *NUMBERS,
    *mark(
        ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen")
    ),
)


class ChallengeError(InputError):
    """A form cannot be taken yet; the message says what to do.

    `stale`: the form needs a new challenge.
    """

    def __init__(self, message: str, *, stale: bool) -> None:
        super().__init__(message)
        self.stale = stale


@dataclass(frozen=True)
class Challenge:
    """One challenge; `token` is what the form carries."""

    kind: str
    id: str
    at: datetime
    bits: int
    wait: int
    token: str
    sum: tuple[int, int]

    @property
    def question(self) -> str:
        """Return the written question for those who have no scripts."""
        first, second = self.sum
        return gettext(
            "How much is %(first)s and %(second)s?",
            first=gettext(NUMBERS[first]),
            second=gettext(NUMBERS[second]),
        )

    def is_solved_by(self, proof: str) -> bool:
        """Say whether the hash of token and proof begins with enough zero bits."""
        if not proof.isascii() or not proof.isdigit() or len(proof) > LONGEST_PROOF:
            return False
        digest = hashlib.sha256(f"{self.token}:{proof}".encode()).digest()
        return int.from_bytes(digest) >> (256 - self.bits) == 0

    def is_answered_by(self, answer: str) -> bool:
        """Say whether the answer to the question is right, as a figure or in words."""
        right = sum(self.sum)
        words = {TOGETHER[right], gettext(TOGETHER[right]).lower()}
        return answer.strip().lower() in {str(right), *words}


def bits_for(load: int) -> int:
    """Return how many zero bits are asked for when so much came in within an hour."""
    return min(MOST_BITS, FEWEST_BITS + (load // QUIET).bit_length())


def wait_for(load: int) -> int:
    """Return how many seconds those without scripts have to take."""
    return min(LONGEST_WAIT, SHORTEST_WAIT + load)


def issue(key: bytes, kind: str, load: int, now: datetime) -> Challenge:
    """Return a new challenge for one form of one kind."""
    parts: list[str | int]
    parts = [kind, secrets.token_hex(16), int(now.timestamp()), bits_for(load), wait_for(load)]
    body = urlsafe_b64encode(orjson.dumps(parts)).decode()
    return _challenge(key, f"{body}.{_signature(key, body)}", parts)


def judge(key: bytes, kind: str, sent: tuple[str, str, str], load: int, now: datetime) -> Challenge:
    """Return the challenge of a form that may be taken; raise ChallengeError with what to do.

    `sent` are token, proof and written answer.
    """
    token, proof, answer = sent
    challenge = read(key, kind, token, now)
    if challenge.bits < bits_for(load) - LEEWAY:
        raise ChallengeError(
            gettext("Very much comes in at this moment. Please send it again."), stale=True
        )
    if challenge.is_solved_by(proof):
        return challenge
    if not challenge.is_answered_by(answer):
        raise ChallengeError(gettext("Answer this with a figure or a word."), stale=False)
    left = challenge.wait - int((now - challenge.at).total_seconds())
    if left > 0:
        raise ChallengeError(
            gettext("You were quick. Please wait %(left)s seconds, then send it again.", left=left),
            stale=False,
        )
    return challenge


def read(key: bytes, kind: str, token: str, now: datetime) -> Challenge:
    """Return the challenge of a token that is ours, of this kind and not too old."""
    body, _, signature = token.partition(".")
    stale = ChallengeError(
        gettext("The page was open for a long time. Please send it again."), stale=True
    )
    if not hmac.compare_digest(signature.encode(), _signature(key, body).encode()):
        raise stale
    try:
        found = _challenge(key, token, orjson.loads(urlsafe_b64decode(body)))
    except (Base64Error, ValueError) as error:
        raise stale from error
    if found.kind != kind or not timedelta() <= now - found.at <= LIFETIME:
        raise stale
    return found


def _challenge(key: bytes, token: str, parts: list[str | int]) -> Challenge:
    kind, identifier, at, bits, wait = parts
    drawn = bytes.fromhex(fingerprint(key, "question", str(identifier)))
    return Challenge(
        kind=str(kind),
        id=str(identifier),
        at=datetime.fromtimestamp(int(at), UTC),
        bits=int(bits),
        wait=int(wait),
        token=token,
        sum=(1 + drawn[0] % 9, 1 + drawn[1] % 9),
    )


def _signature(key: bytes, body: str) -> str:
    return fingerprint(key, "challenge", body)[:32]
