"""M2: the cost of a check-in must not grow with the age of a case; M1b: what one costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from uuid import UUID, uuid4

from sqlalchemy import event, select

from benchmarks.harness import Figure, figure, measure
from benchmarks.place import Place, answers_of, place, play
from engine import worklist
from engine.models import Episode, ProcessInstance


def run(kind: str, *, quick: bool) -> list[Figure]:
    """Record many check-ins in one case and compare the early ones with the late ones."""
    count = 220 if quick else 2000
    with place(kind) as found:
        player = found.player()
        play(player, "intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
        times, sizes, statements = _check_ins(found, count)
    early, late, last = times[5:25], times[190:210], times[-20:]
    return [
        figure("M2", f"check-in 10, {kind}", early, unit="ms", goal=""),
        figure("M2", f"check-in 200, {kind}", late, unit="ms", goal=""),
        _ratio(f"check-in 200 : 10, {kind}", median(late) / median(early), "<= 1.1"),
        figure("M2", f"check-in {count}, {kind}", last, unit="ms", goal=""),
        _ratio(f"check-in {count} : 10, {kind}", median(last) / median(early), "<= 1.1"),
        _ratio(f"state, last : 10th, {kind}", sizes[-1] / sizes[9], "<= 1.01"),
        figure("M1b", f"state, {kind}", sizes, unit="bytes", goal="<= 4096"),
        figure(
            "M1b",
            f"statements of a check-in with what its operators read, {kind}",
            statements,
            unit="",
            goal="",
        ),
    ]


def _ratio(what: str, value: float, goal: str) -> Figure:
    return Figure("M2", what, "x", round(value, 3), round(value, 3), round(value, 3), 1, goal)


def _check_ins(found: Place, count: int) -> tuple[list[float], list[int], list[int]]:
    answers = answers_of("implementation_to_closure", "record_check_in")
    emma = found.account("content.emma").id
    times: list[float] = []
    sizes: list[int] = []
    statements: list[int] = []
    while len(times) < count:
        found.pass_time("P1M")
        for item in found.open_items("record_check_in"):

            def send(item_id: UUID = item.id) -> None:
                result = worklist.complete(found.application, item_id, emma, answers, uuid4().hex)
                if not isinstance(result, worklist.Completed):
                    raise SystemExit(f"The check-in was not recorded: {result}")

            with _counted(found) as counted:
                times.append(measure(send)[1])
            statements.append(len(counted))
            sizes.append(_state_size(found))
    return times, sizes, statements


def _state_size(found: Place) -> int:
    with found.application.database.reading() as session:
        query = select(ProcessInstance).join(Episode, Episode.instance_id == ProcessInstance.id)
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
