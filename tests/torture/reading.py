"""People who read one page after the other, and write down what reached them and when."""

import http.client
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from threading import Event
from uuid import UUID

from engine.errors import CasetableError

PATIENCE = 60.0
GONE = (OSError, http.client.HTTPException)
"""What a client meets when the serving process has just been killed."""


@dataclass(frozen=True)
class Read:
    """One request: by whom, from when to when, and whether a planted word came back."""

    account_id: UUID
    begun: float
    ended: float
    status: int
    """0: nothing came."""
    met: bool


@dataclass
class Reader:
    """One person with one browser, who sends a request only when the last one is over."""

    account_id: UUID
    cookie: str
    port: int
    pages: list[str]
    word: bytes
    dice: Random
    reads: list[Read] = field(default_factory=list)

    def read(self, wanted: int, stop: Event) -> None:
        """Read until so many answers came in."""
        answers, since = 0, time.monotonic()
        while answers < wanted and not stop.is_set():
            found = self._one()
            self.reads.append(found)
            if found.status:
                answers, since = answers + 1, time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                raise CasetableError("The pages did not come back.")
            else:
                time.sleep(0.02)

    def _one(self) -> Read:
        begun, body = time.time(), b""
        path = self.dice.choice(self.pages)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        status = 0
        with suppress(*GONE):
            connection.request("GET", path, headers={"Cookie": self.cookie})
            answer = connection.getresponse()
            status = answer.status
            for part in _parts(answer):
                body += part
        connection.close()
        return Read(self.account_id, begun, time.time(), status, self.word in body)


def _parts(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """Give what comes, also when the rest does not: half a page has been shown as well."""
    while True:
        try:
            part = answer.read1(65536)
        except http.client.IncompleteRead as error:
            yield error.partial
            return
        if not part:
            return
        yield part
