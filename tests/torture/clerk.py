"""People at a desk who answer steps through the served pages, and note what was acknowledged."""

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Event, Lock
from uuid import UUID

import requests

from engine.demo import PASSWORD
from tests.engine.small import GO_ON

PATIENCE = 45.0
REPORT = {
    "kind": "signal",
    "channel": "telephone",
    "text": "A teacher is worried about a pupil.",
    "name": "Person A",
}
TRY_AGAIN = 0.25
"""Seconds until somebody who was asked to wait tries again: sooner than the page says."""
AWAY = 503


@dataclass(frozen=True)
class Answered:
    """An answer that the pages have acknowledged."""

    item: UUID
    person: str
    at: float


@dataclass
class Journal:
    """What several clerks have seen; each line is there only after the answer came in."""

    answered: list[Answered] = field(default_factory=list)
    opened: int = 0
    """Cases whose opening was acknowledged."""
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """What nobody may see: an error page, a refusal without a word when to come back."""
    lock: Lock = field(default_factory=Lock)

    def note(self, path: str, answer: requests.Response) -> None:
        with self.lock:
            self.statuses[answer.status_code] += 1
            if answer.status_code == AWAY and _is_kind(answer):
                return
            if answer.status_code not in {200, 302, 409}:
                self.wrong.append(f"{path}: {answer.status_code} {answer.text[-300:]}")
            elif "Traceback" in answer.text:
                self.wrong.append(f"{path}: a traceback")

    def cut_off(self, path: str, error: Exception) -> None:
        with self.lock:
            self.statuses[0] += 1
            self.wrong.append(f"{path}: {type(error).__name__}")

    def since(self, instant: float) -> int:
        """Return how many answers were acknowledged after an instant."""
        return sum(one.at > instant for one in self.answered)


@dataclass
class Clerk:
    """One person with one browser, who tries the same again until it is acknowledged or taken."""

    name: str
    port: int
    journal: Journal
    stop: Event
    dice: random.Random
    pause: float = 0.0
    opens: float = 0.0
    """How often, between two answers, this person takes in a report by telephone."""
    browser: requests.Session = field(default_factory=requests.Session)

    def work(self) -> None:
        """Sign in and answer what is owed until told to stop."""
        self._sign_in()
        while not self.stop.is_set():
            items = re.findall(r'href="/work/([0-9a-f-]{36})"', self._get("/"))
            if not items or self.dice.random() < self.opens:
                self._take_in()
            else:
                self._answer(self.dice.choice(items))
            time.sleep(self.pause or 0.01)

    def _sign_in(self) -> None:
        page = self._get("/sign-in")
        told = {"username": self.name, "password": PASSWORD, "csrf_token": _token(page)}
        if not self.stop.is_set():
            self._ask("POST", "/sign-in", told)

    def _answer(self, item: str) -> None:
        page = self._get(f"/work/{item}")
        key = re.search(r'name="_key" value="([0-9a-f]+)"', page)
        if key is None or 'name="choice"' not in page:
            return  # a colleague was first, the day is over, or it is another process
        told = {**GO_ON, "_key": key[1], "csrf_token": _token(page), "action": "submit"}
        answer = self._ask("POST", f"/work/{item}", told)
        if answer is not None and answer.status_code == 302:
            with self.journal.lock:
                self.journal.answered.append(Answered(UUID(item), self.name, time.time()))

    def _take_in(self) -> None:
        if not self.opens:
            return
        told = {**REPORT, "csrf_token": _token(self._get("/signals/new"))}
        answer = self._ask("POST", "/signals/new", told)
        if answer is not None and answer.status_code == 302:
            with self.journal.lock:
                self.journal.opened += 1

    def _get(self, path: str) -> str:
        answer = self._ask("GET", path)
        return answer.text if answer is not None else ""

    def _ask(
        self, method: str, path: str, data: dict[str, str] | None = None
    ) -> requests.Response | None:
        """Send a request again and again until the database answers; None when told to stop."""
        while True:
            address = f"http://127.0.0.1:{self.port}{path}"
            try:
                answer = self.browser.request(
                    method, address, data=data, timeout=PATIENCE, allow_redirects=False
                )
            except requests.RequestException as error:
                self.journal.cut_off(path, error)
            else:
                self.journal.note(path, answer)
                if answer.status_code != AWAY:
                    return answer
            if self.stop.wait(TRY_AGAIN):
                return None


def _is_kind(answer: requests.Response) -> bool:
    """Say whether whoever is asked to wait is told when to come back, by a page and no more."""
    waits = answer.headers.get("Retry-After", "").isdecimal()
    return waits and "Back in a moment" in answer.text and "Error" not in answer.text


def _token(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    return found[1] if found else ""
