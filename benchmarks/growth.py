"""M2: the cost of a check-in must not grow with the age of a case; M1b: what one costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from uuid import UUID, uuid4

from sqlalchemy import event, select

from benchmarks.harness import Figure, figure, measure
from benchmarks.place import Place, answers_of, place, play
from engine import worklist
from engine.models import Episode, ProcessInstance

YOUNG = (5, 25)
"""Check-ins of a young case that are compared; those of the old one are taken in turn with them."""
STANDING = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")


def run(kind: str, *, quick: bool) -> list[Figure]:
    """Record check-ins in an old case and in young ones, in turn, month by month."""
    old, ages = _Recorded(), (200, 220 if quick else 2000)
    young = {age: _Recorded() for age in ages}
    with place(kind) as found:
        _add_case(found, old)
        while len(old.times) < ages[-1]:
            for age, one in young.items():
                if one.case is None and len(old.times) >= age - YOUNG[1]:
                    _add_case(found, one)
            found.pass_time("P1M")
            for one in (old, *young.values()):
                # A young case is left alone once it has told what it is here for.
                if one is old or len(one.times) < YOUNG[1]:
                    _check_in(found, one)
    label = f"statements of a check-in with what its operators read, {kind}"
    return [
        *(line for age, one in young.items() for line in _compared(age, old, one, kind)),
        _ratio(f"state, last : 10th, {kind}", old.sizes[-1] / old.sizes[9], "<= 1.01"),
        figure("M1b", f"state, {kind}", old.sizes, unit="bytes", goal="<= 4096"),
        figure("M1b", label, old.statements, unit="", goal=""),
    ]


def _compared(age: int, old: "_Recorded", young: "_Recorded", kind: str) -> Iterator[Figure]:
    early, late = young.times[slice(*YOUNG)], old.times[age - YOUNG[1] + YOUNG[0] : age]
    yield figure("M2", f"check-in 10, beside {age}, {kind}", early, unit="ms", goal="")
    yield figure("M2", f"check-in {age}, {kind}", late, unit="ms", goal="")
    yield _ratio(f"check-in {age} : 10, {kind}", median(late) / median(early), "<= 1.1")


def _ratio(what: str, value: float, goal: str) -> Figure:
    return Figure("M2", what, "x", round(value, 3), round(value, 3), round(value, 3), 1, goal)


@dataclass
class _Recorded:
    """What the check-ins of one case have cost: processor milliseconds, bytes, statements."""

    case: UUID | None = None
    times: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)


def _add_case(found: Place, recorded: _Recorded) -> None:
    player = found.player()
    play(player, *STANDING)
    recorded.case = player.case_id


def _check_in(found: Place, recorded: _Recorded) -> None:
    if recorded.case is None:
        return
    answers = answers_of("implementation_to_closure", "record_check_in")
    emma = found.account("content.emma").id
    for item in found.open_items("record_check_in", recorded.case):

        def send(item_id: UUID = item.id) -> None:
            result = worklist.complete(found.application, item_id, emma, answers, uuid4().hex)
            if not isinstance(result, worklist.Completed):
                raise SystemExit(f"The check-in was not recorded: {result}")

        with _counted(found) as counted:
            recorded.times.append(measure(send)[1])
        recorded.statements.append(len(counted))
        recorded.sizes.append(_state_size(found, recorded.case))


def _state_size(found: Place, case: UUID) -> int:
    with found.application.database.reading() as session:
        query = (
            select(ProcessInstance)
            .join(Episode, Episode.instance_id == ProcessInstance.id)
            .where(Episode.case_id == case)
        )
        return len(session.scalars(query).one().blob)


@contextmanager
def _counted(found: Place) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    engines = found.application.database.engines
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
