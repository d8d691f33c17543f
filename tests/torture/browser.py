"""People who answer through the served pages, and send a form again when no answer came."""

import http.client
import random
import re
import time
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from engine.application import open_application
from tests.engine.small import GO_ON
from tests.torture.player import Journal, owed, people, picked
from tests.torture.reading import GONE

MOST_TRIES = 200
"""A served process that was killed is there again within a few seconds."""
FIELD = re.compile(r'<input type="hidden" name="(csrf_token|_key)" value="([^"]*)"')
FOUND, LATE = 302, 409
Answer = tuple[int, str]
NOTHING: Answer = (0, "")


def cookies(journal: str) -> Path:
    """Return where the cookies of those lie who are signed in: a line of name and cookie each."""
    return Path(journal).with_name("cookies")


def browse(journal: str, seed: int, port: int) -> None:
    """Open a step, fill it in and send it, for ever."""
    application, chance, kept = open_application(), random.Random(seed), Journal(journal)
    ids = people(application)
    lines = cookies(journal).read_text().splitlines()
    signed_in = [(ids[name], cookie) for name, cookie in (line.split(" ", 1) for line in lines)]
    while True:
        for item, _ in picked(chance, owed(application), side=1):
            person, cookie = chance.choice(signed_in)
            if _sent(port, cookie, item):
                kept.keep(kind="page", item=item, person=person)
        time.sleep(0.02)


def _sent(port: int, cookie: str, item: UUID) -> bool:
    """Answer a step; say whether it was acknowledged. Without an answer the same is sent again."""
    path = f"/work/{item}"
    status, page = _ask(port, cookie, "GET", path)
    fields = dict(FIELD.findall(page))
    if status != http.client.OK or "_key" not in fields:
        return False  # the pages are just being killed, or the step is done
    form = {**fields, "action": "submit", **GO_ON}
    for _ in range(MOST_TRIES):
        status, _ = _ask(port, cookie, "POST", path, urlencode(form))
        if status in {FOUND, LATE}:
            return status == FOUND
        time.sleep(0.05)
    raise TimeoutError("The pages did not come back.")


def _ask(port: int, cookie: str, method: str, path: str, body: str | None = None) -> Answer:
    """Return the status and the page; nothing when what serves was killed before all of it came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except GONE:
        return NOTHING
    finally:
        connection.close()
