"""Holds what people were told against what the database and the outside say."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from engine import verification
from engine.application import Application
from engine.models import (
    Account,
    AuditEntry,
    FormSubmission,
    Incident,
    Job,
    Note,
    StepHistory,
    Timer,
    WorkItem,
)
from tests.torture.clerk import Answered


@dataclass(frozen=True)
class Balance:
    """What was found; `lost` and `twice` have to be empty."""

    answers: int
    fired: int
    lost: tuple[str, ...]
    twice: tuple[str, ...]
    incidents: tuple[str, ...]
    breaks: tuple[str, ...]
    called_again: int
    """Calls on the outside that were made again with the same key: at least once, by design."""

    def check(self) -> None:
        """Fail with everything that does not fit."""
        found = (self.lost, self.twice, self.incidents, self.breaks)
        assert found == ((), (), (), ()), found


def at_rest(application: Application, cases: int) -> bool:
    """Say whether every case waits for a person again and nothing is owed in the background."""
    with application.database.reading() as session:
        busy = session.scalar(
            select(func.count()).select_from(Job).where(Job.state.in_(("waiting", "calling")))
        )
        waiting = session.scalar(
            select(func.count()).select_from(WorkItem).where(WorkItem.state == "open")
        )
    return busy == 0 and waiting == cases


def fired(application: Application) -> int:
    """Return how many timers have fired."""
    with application.database.reading() as session:
        query = select(func.count()).select_from(Timer).where(Timer.state == "fired")
        return session.scalar(query) or 0


def balance(application: Application, told: Iterable[Answered], effects: Path) -> Balance:
    """Compare, when all is at rest: each answer has led to one note, one timer and one call."""
    with application.database.reading() as session:
        people = dict(session.execute(select(Account.id, Account.username)).all())
        answers = {
            row.work_item_id: people[row.by_id]
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
        timers = {
            str(one) for one in session.scalars(select(Timer.id).where(Timer.state == "fired"))
        }
        firings = Counter(
            session.scalars(select(AuditEntry.subject).where(AuditEntry.event == "case:timer:fire"))
        )
        notes = session.scalar(select(func.count()).select_from(Note)) or 0
        calls = dict(session.execute(select(Job.key, Job.state).where(Job.kind == "effect")).all())
        incidents = tuple(session.scalars(select(Incident.message)))
        breaks = tuple(map(str, verification.verify(session).breaks))
    done = Counter(element for element, _, _ in steps)
    made = Counter(effects.read_text().split()) if effects.exists() else Counter[str]()
    wanted = len(answers)
    lost = [f"answer {one}" for one in told if answers.get(one.item) != one.person]
    lost += [f"call {key}" for key, state in calls.items() if state != "done" or key not in made]
    lost += [f"told of no firing: {timer}" for timer in timers - set(firings)]
    twice = [f"step {step}" for step, times in steps.items() if times > 1]
    twice += [f"firing {timer}" for timer, times in firings.items() if times > 1]
    twice += [f"call of nobody {key}" for key in made.keys() - calls.keys()]
    counted = {
        "completed": len(completed),
        "asked": done["ask"],
        "notes": notes,
        "waited": done["wait"],
        "called": done["call_out"],
        "timers": len(timers),
    }
    for name, number in counted.items():
        (lost if number < wanted else twice).extend(
            [f"{name}: {number} of {wanted}"] if number != wanted else []
        )
    again = sum(made.values()) - len(made)
    return Balance(
        wanted, len(timers), tuple(lost), tuple(twice), incidents, breaks, called_again=again
    )
