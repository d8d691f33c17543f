"""Kill -9 at random: nothing acknowledged is lost, nothing happens twice, nothing stays stuck (R1).

Workers, the pages and whoever uses them are killed at work; people answer by the pages and past
them. `CASETABLE_KILLS` sets how many processes are killed (default 10, a full run 1000), and each
of them lets so many operations go before; the seed is printed and `CASETABLE_SEED` repeats it.
"""

import os
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import demo, verification
from engine.models import (
    AuditEntry,
    FormSubmission,
    Incident,
    Job,
    Note,
    ProcessInstance,
    StepHistory,
    Timer,
    WorkItem,
)
from tests.engine.small import STOP
from tests.goal import Figure
from tests.torture.arena import Arena
from tests.torture.browser import cookies
from tests.webui.site import Site
from webui.application import create_app

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
KILLS = int(os.environ.get("CASETABLE_KILLS", "10"))
OPERATIONS = 50 if ALL else 0
"""From one kill to the next; in a small run something of each kind is enough."""
SEED = int(os.environ.get("CASETABLE_SEED", str(random.randrange(10**6))))
CASES = 60 if ALL else 12
KINDS = ("worker", "worker", "web", "player", "browser", "browser")


def _sign_in(arena: Arena) -> None:
    """Lay down the cookies of two people, as their browsers keep them."""
    site = Site(arena.application, create_app(arena.application))
    lines = []
    for name in ("intake.anna", "intake.bram"):
        found = site.visit(name).client.get_cookie("casetable")
        assert found is not None
        lines.append(f"{name} casetable={found.value}")
    cookies(str(arena.home / "journal")).write_text("\n".join(lines))


@dataclass(frozen=True)
class Done:
    """How much has been done so far."""

    lines: int
    effects: int

    @property
    def operations(self) -> int:
        """Acknowledged answers, and for each effect a firing and a mail."""
        return self.lines + 3 * self.effects


def _done(arena: Arena) -> Done:
    # By the length of the files: reading them again and again would take all the time there is.
    line, key = 110, 45
    return Done(arena.grown("journal") // line, arena.grown("effects") // key)


@pytest.mark.timeout(14_400)
def test_processes_killed_at_random_lose_and_double_nothing(arena: Arena, figure: Figure) -> None:
    print(f"seed {SEED}")  # noqa: T201 - to be repeated with CASETABLE_SEED
    chance, begun = random.Random(SEED), time.monotonic()
    arena.kinds, arena.seed = KINDS, SEED
    for _ in range(CASES):
        arena.desk.open()
    _sign_in(arena)
    arena.start_all()
    arena.until(lambda: any(line["kind"] == "page" for line in arena.journal()))
    killed = Counter[str]()
    for _ in range(KILLS):
        # Only what works can be killed at work: something was answered and fired since the last.
        before = _done(arena)

        def worked(before: Done = before) -> bool:
            now = _done(arena)
            enough = now.operations >= before.operations + OPERATIONS
            return now.lines > before.lines and now.effects > before.effects and enough

        arena.until(worked)
        time.sleep(chance.uniform(0, 0.3))
        victim = chance.randrange(len(KINDS))
        killed[KINDS[victim]] += 1
        arena.strike(victim)
    seconds = time.monotonic() - begun
    for place in range(len(KINDS)):
        arena.kill(place)
    arena.start(0)
    # A job whose worker was killed in the middle is taken up again after this time.
    control = demo.DemoClockControl(arena.application)
    control.set(control.now() + timedelta(minutes=3))
    arena.until(lambda: arena.at_rest(CASES))
    arena.kill(0)
    answers, firings, others = _compare(arena)
    _finish(arena)
    figure(
        "R1",
        kills=KILLS,
        of_web=killed["web"],
        of_workers=killed["worker"],
        answers=answers,
        by_pages=sum(line["kind"] == "page" for line in arena.journal()),
        firings=firings,
        effects=firings,
        notes_and_claims=others,
        lost=0,
        twice=0,
        stuck=0,
        seconds=seconds,
    )


def _compare(arena: Arena) -> tuple[int, int, int]:
    """Compare what was acknowledged with what the database and the outside say."""
    with arena.application.database.reading() as session:
        answers = {
            str(row.work_item_id): str(row.by_id)
            for row in session.scalars(select(FormSubmission)).unique()
        }
        completed = set(session.scalars(select(WorkItem.id).where(WorkItem.state == "completed")))
        steps = Counter(
            session.execute(
                select(StepHistory.element_id, StepHistory.token, StepHistory.instance_id).where(
                    StepHistory.kind != "sequenceFlow", StepHistory.state == "completed"
                )
            ).all()
        )
        fired = session.scalars(select(Timer.id).where(Timer.state == "fired")).all()
        told = _told(session, "case:timer:fire")
        claims = set(_told(session, "work_item:claim"))
        notes = Counter(note.text for note in session.scalars(select(Note)).unique())
        jobs = session.execute(select(Job.key, Job.state).where(Job.kind == "effect")).all()
        incidents = session.scalars(select(Incident.message)).all()
        breaks = verification.verify(session).breaks
    others = 0
    for line in arena.journal():
        if line["kind"] == "note":
            assert notes.pop(line["words"]) == 1, f"lost or twice: {line}"
        elif line["kind"] == "claim":
            assert line["item"] in claims, f"lost: {line}"
        else:
            assert answers.get(line["item"]) == line["person"], f"lost: {line}"
            continue
        others += 1
    done = Counter(element for element, _, _ in steps)
    effects = set((arena.home / "effects").read_text().split())
    assert set(steps.values()) == {1}
    # Those that nobody has acknowledged before a kill are there once, too.
    assert {count for words, count in notes.items() if words != "done"} <= {1}
    assert len(answers) == len(completed) == done["ask"] == notes["done"]
    assert done["wait"] == len(fired) == done["call_out"] == len(answers)
    assert set(told) == {str(timer) for timer in fired}
    assert set(told.values()) == {1}
    assert {state for _, state in jobs} == {"done"}
    assert effects == {key for key, _ in jobs}
    assert incidents == []
    assert breaks == []
    return len(answers), len(fired), others


def _told(session: object, event: str) -> Counter[str]:
    found = select(AuditEntry.subject).where(AuditEntry.event == event)
    return Counter(session.scalars(found))  # type: ignore[attr-defined]


def _finish(arena: Arena) -> None:
    """Every case can still be brought to its end."""
    with arena.application.database.reading() as session:
        items = session.scalars(select(WorkItem).where(WorkItem.state == "open")).unique().all()
    for item in items:
        arena.desk.answer(item, "intake.anna", STOP)
    with arena.application.database.reading() as session:
        assert set(session.scalars(select(ProcessInstance.status))) == {"ended"}
