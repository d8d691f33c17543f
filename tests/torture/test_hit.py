"""Whether somebody is known shows neither in bytes nor in time; no list is gone through (S22).

The wait is not slept through: a clock of its own goes on by it. What is left to compare is the
time that the whole answer takes, the wait included, as the person who asks would measure it.
"""

import math
import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from engine.application import Application
from engine.models import IdentityQuery, Incident, Person
from tests.webui.site import Site, Visitor
from tests.webui.story import tell
from webui.application import create_app
from webui.views import known

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
EACH = 5_000 if ALL else 50
"""Answers of each kind that are timed."""
NAMES = 1_000 if ALL else 40
A_DAY = 20
ALIKE = 0.01
ASKER, KNOWN = "care.karin", "Youssef Amrani"
NOTHING = "There is nothing we can tell you"


@dataclass
class Waits:
    """A clock that runs while this test works, and is put forward by every wait.

    So a busy machine does not hide in its noise what the work would tell.
    """

    waited: float = 0.0

    def monotonic(self) -> float:
        return time.thread_time() + self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    found = Waits()
    monkeypatch.setattr(known, "time", found)
    return found


@pytest.fixture
def site(application: Application) -> Site:
    found = Site(application, create_app(application))
    case = tell(found, "intake_to_multi_agency", "analysis_to_plan")
    with application.database.transaction() as session:
        person = session.scalars(select(Person).where(Person.case_id == case.id)).one()
        person.name, person.birth_date = KNOWN, date(2004, 3, 17)
    return found


def form(name: str, token: str) -> dict[str, str]:
    return {
        "name": name,
        "birth_date": "2004-03-17",
        "purpose": "support",
        "reason": "We begin to support the family and want to join up.",
        "csrf_token": token,
    }


def timed(site: Site, waits: Waits, each: int, chance: random.Random) -> dict[bool, list[float]]:
    """Ask for a known and an unknown person, in mixed order; return how long each answer took."""
    names = [KNOWN, "Somebody Else"] * each
    chance.shuffle(names)
    visitor, days = site.visit(ASKER), site.application.clock
    token, sizes = csrf_of(visitor), set()
    took: dict[bool, list[float]] = {True: [], False: []}
    for number, name in enumerate(names):
        if number % A_DAY == 0:
            days.advance(timedelta(days=1))  # type: ignore[attr-defined]
        began = waits.monotonic()
        answer = visitor.client.post("/known", data=form(name, token))
        took[name == KNOWN].append(waits.monotonic() - began)
        assert answer.status_code == 200
        assert (NOTHING in answer.text) is (name != KNOWN)
        sizes.add(len(answer.data))
    assert sizes == {known.SIZE}
    return took


def csrf_of(visitor: Visitor) -> str:
    visitor.get("/known")
    return visitor.hidden("csrf_token")


def likeness(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the p-value of the two-sample test of Kolmogorov and Smirnov, for large samples."""
    both = sorted([(value, 1 / len(one)) for value in one] + [(v, -1 / len(other)) for v in other])
    distance = height = 0.0
    for at, (value, step) in enumerate(both):
        height += step
        if at + 1 == len(both) or both[at + 1][0] != value:
            distance = max(distance, abs(height))
    scale = distance * math.sqrt(len(one) * len(other) / (len(one) + len(other)))
    if scale < 0.2:
        return 1.0
    terms = (2 * (-1) ** (k - 1) * math.exp(-2 * (k * scale) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, sum(terms)))


def test_likeness_tells_distributions_apart() -> None:
    chance = random.Random(22)
    one = [chance.gauss(0, 1) for _ in range(2_000)]
    assert likeness(one, [chance.gauss(0, 1) for _ in range(2_000)]) > ALIKE
    assert likeness(one, [chance.gauss(0.2, 1) for _ in range(2_000)]) < ALIKE
    assert likeness(one, [chance.gauss(0, 1.3) for _ in range(2_000)]) < ALIKE
    assert likeness(one, one) == 1.0
    # As printed in tables: a distance of 0.1 between 1,000 and 1,000 values has p = 0.00009.
    steps = [float(number) for number in range(1_000)]
    assert likeness(steps, [value + 100 for value in steps]) == pytest.approx(9.1e-5, rel=0.02)


def test_answers_take_the_same_time_whether_or_not_somebody_is_known(
    site: Site, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured twice where it looks unlike at first: chance alone does so once in a hundred."""
    chance = random.Random(1)
    found = timed(site, waits, EACH, chance)
    if likeness(found[True], found[False]) <= ALIKE:
        found = timed(site, waits, EACH, chance)
    assert likeness(found[True], found[False]) > ALIKE
    assert min(*found[True], *found[False]) >= known.SECONDS == 0.5
    if ALL:
        # Without the wait the difference shows: a hit writes more than a miss.
        monkeypatch.setattr(known, "SECONDS", 0.0)
        bare = timed(site, waits, EACH, chance)
        assert likeness(bare[True], bare[False]) < ALIKE


def test_list_of_names_is_stopped_however_many_browsers_go_through_it(
    site: Site, waits: Waits
) -> None:
    del waits
    visitors = [site.visit(ASKER) for _ in range(4)]
    asking = [(one, csrf_of(one)) for one in visitors]
    names = [f"Name {number:04d}" for number in range(NAMES - 1)]
    names.insert(30, KNOWN)

    def go_through(part: int) -> list[tuple[int, str]]:
        visitor, token = asking[part]
        answers = [
            visitor.client.post("/known", data=form(name, token))
            for name in names[part :: len(asking)]
        ]
        return [(answer.status_code, answer.text) for answer in answers]

    with ThreadPoolExecutor(len(asking)) as pool:
        found = [one for part in pool.map(go_through, range(len(asking))) for one in part]
    statuses = [status for status, _ in found]
    assert statuses.count(200) == A_DAY
    assert statuses.count(429) == NAMES - A_DAY
    with site.application.database.reading() as session:
        asked = len(session.scalars(select(IdentityQuery.id)).all())
        [incident] = session.scalars(select(Incident))
        assert asked == A_DAY
        assert (incident.owner_role, incident.attempts) == ("dpo", NAMES - A_DAY)
    told = [text for status, text in found if status == 429]
    assert not any("police@example.org" in text for text in told)
