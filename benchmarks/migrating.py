"""M9: how long it takes to move ten thousand running cases, the proof of each included."""

import resource
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table, func, insert, select

from benchmarks.harness import Figure, measure
from benchmarks.place import Place, place, play
from engine.application import Application
from engine.deployment import ResolvedDeployment, store
from engine.migrating import proving
from engine.migrating import run as runs
from engine.models import (
    Base,
    Case,
    CurrentDeployment,
    Episode,
    InstanceState,
    MigrationOutcome,
    ProcessInstance,
    StepHistory,
    Timer,
    WorkItem,
    WorkItemState,
)

CASES = 10_000
FILE = "signal_intake.bpmn"
STANDING = (
    ("signal_to_route",),
    ("intake_to_multi_agency",),
    ("intake_to_multi_agency", "analysis_to_plan"),
    ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation"),
    (
        *("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation"),
        *("implementation_to_closure",),
    ),
    (
        *("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation"),
        *("implementation_to_closure", "closure_to_monitoring"),
    ),
)
"""Where the cases stand: six positions from the first look to the monitoring."""
Row = dict[str, Any]


def run(kind: str, *, quick: bool) -> list[Figure]:
    """Copy cases in six positions, move all of them, and say how long it took and in what space."""
    wanted = CASES // (20 if quick else 1)
    with place(kind) as found:
        for fragments in STANDING:
            play(found.player(), *fragments)
        copy_cases(found.application, wanted)
        found.count_rows()
        new, owner = _edited(found), found.account("owner.olga").id
        with found.application.database.reading() as session:
            old = found.application.deployment(session).id
        run_id = runs.ask(found.application, owner, old, new, {}, by_worker=False)
        before = _memory()
        planning = measure(lambda: _all(found, run_id))
        runs.begin(found.application, run_id, owner, by_worker=False)
        # A worker that has planned nothing makes every proof itself, as after days of thought.
        proving.forget()
        moving = measure(lambda: _all(found, run_id))
        _check(found, run_id, wanted)
    (planned, _), (moved, busy) = planning, moving
    return [
        _figure(f"a plan of {wanted} cases with all proofs, {kind}", planned / 1000, "s", "<= 60"),
        _figure(f"moving them, all proofs made anew, {kind}", moved / 1000, "s", "<= 60"),
        _figure(f"of it processor time, {kind}", busy / 1000, "s", ""),
        _figure(f"memory at most, {kind}", _memory(), "MB", "<= 300"),
        _figure(f"memory before, {kind}", before, "MB", ""),
    ]


def _all(found: Place, run_id: UUID) -> None:
    while not runs.work(found.application, run_id):
        pass


def _figure(what: str, value: float, unit: str, goal: str) -> Figure:
    return Figure("M9", what, unit, round(value, 1), round(value, 1), round(value, 1), 1, goal)


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _check(found: Place, run_id: UUID, wanted: int) -> None:
    counted = select(func.count()).where(
        MigrationOutcome.run_id == run_id, MigrationOutcome.state == "moved"
    )
    with found.application.database.reading() as session:
        moved = session.scalar(counted)
    if moved != wanted:
        raise SystemExit(f"{moved} of {wanted} cases were moved.")


def _edited(found: Place) -> str:
    """Store the shipped processes with one step renamed; new cases stay on the shipped ones."""
    with found.application.database.transaction() as session:
        shipped = found.application.deployment(session)
        named = shipped.files[FILE].replace(b'name="Decide the route"', b'name="Choose the route"')
        content = named if named != shipped.files[FILE] else shipped.files[FILE] + b"\n"
        changed = ResolvedDeployment({**shipped.files, FILE: content})
        store(session, changed, at=found.application.now(session), note="edited")
        session.merge(CurrentDeployment(profile="base", deployment_id=shipped.id))
    return changed.id


def copy_cases(application: Application, wanted: int) -> None:
    """Copy the rows of the running cases under other ids until there are so many."""
    with application.database.transaction() as session:
        wanted_rows = select(ProcessInstance).where(
            ProcessInstance.status == InstanceState.RUNNING.value
        )
        cases = sorted({row.case_id for row in session.scalars(wanted_rows).unique()})
        found_rows = [dict(_rows(session, case_id)) for case_id in cases]
        for number in range(wanted - len(cases)):
            _insert(session, found_rows[number % len(cases)], number)


def _rows(session: Any, case_id: UUID) -> Iterator[tuple[Table, list[Row]]]:
    of_case = select(ProcessInstance.id).where(ProcessInstance.case_id == case_id)
    conditions: list[tuple[type[Base], Any]] = [
        (Case, Case.id == case_id),
        (ProcessInstance, ProcessInstance.case_id == case_id),
        (Episode, Episode.case_id == case_id),
        (
            WorkItem,
            (WorkItem.case_id == case_id) & (WorkItem.state == WorkItemState.OPEN.value),
        ),
        (Timer, Timer.instance_id.in_(of_case)),
        (StepHistory, StepHistory.instance_id.in_(of_case)),
    ]
    for model, condition in conditions:
        table = model.metadata.tables[model.__tablename__]
        found = session.connection().execute(select(table).where(condition)).mappings()
        yield table, [dict(row) for row in found]


def _insert(session: Any, rows: dict[Table, list[Row]], number: int) -> None:
    ids: dict[Any, UUID] = {
        row["id"]: uuid4()
        for table, found in rows.items()
        for row in found
        if table.name != "step_history"
    }
    for table, found in rows.items():
        copies = [
            {
                name: ids.get(value, value) if name.endswith("id") else value
                for name, value in row.items()
            }
            for row in found
        ]
        for copy in copies:
            if table.name == "step_history":
                del copy["id"]
            if table.name == "casework_case":
                copy |= {"code": f"BENCH{number:06}", "audit_sequence": 0, "audit_head": ""}
        if copies:
            session.connection().execute(insert(table), copies)
