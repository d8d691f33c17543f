"""M6: the pages of one case that has gone on for five years, with 2,000 entries in its timeline."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.harness import Figure, in_turn, ninety_fifth, single
from benchmarks.place import Place, place, play
from benchmarks.web import fetch, signed_in
from engine import audit
from engine.models import Case, CheckIn, Decision, Episode, Note, StepHistory, WorkItem

ENTRIES, FEW = 2000, 40
YEARS = 5
RUNS = 60
STANDING = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
TEXT = "What was seen, said and agreed, as people write it down after a talk. " * 6
PAGES = (("case page", "", "<= 60"), ("timeline", "/timeline", "<= 60"))
LAST = ("last page of the timeline", "/timeline?page={last}", "<= 60")


def run(kind: str, *, quick: bool) -> list[Figure]:
    """Measure the pages with few entries and with many, one and the other in turn."""
    entries = ENTRIES // (10 if quick else 1)
    with place(kind) as small, place(kind) as large:
        opened = [_opener(small, FEW), _opener(large, entries)]
        return list(_figures(kind, entries, opened, quick=quick))


def _figures(
    kind: str, entries: int, opened: list[Callable[[str], str]], *, quick: bool
) -> Iterator[Figure]:
    for what, path, goal in (*PAGES, LAST):
        works = [
            partial(one, path.format(last=number // 25))
            for one, number in zip(opened, (FEW, entries), strict=True)
        ]
        before, after = in_turn(works, 8 if quick else RUNS)
        told = f"{what}, p95, {entries} entries, {kind}"
        yield ninety_fifth("M6", told, after, unit="ms", goal=goal)
        grown = round(median(after) / median(before), 2)
        yield single("M6", f"{what}, {entries} : {FEW} entries, {kind}", grown, "x", "")


def _opener(found: Place, entries: int) -> Callable[[str], str]:
    """Make the case of so many entries; return what opens a page of it."""
    play(found.player(), *STANDING)
    add_years(found, entries)
    found.count_rows()
    with found.application.database.reading() as session:
        code = session.scalars(select(Case.code)).one()
    client = signed_in(found, "content.emma")
    return lambda path: fetch(client, f"/cases/{code}{path}")


def add_years(found: Place, entries: int) -> None:
    """Write as much into the file as years of work: steps, notes, checks, decisions, deadlines."""
    now = found.clock.now()
    apart = timedelta(days=365 * YEARS) / entries
    with found.application.database.transaction() as session:
        case = session.scalars(select(Case)).unique().one()
        emma = found.account("content.emma").id
        episode = session.scalars(select(Episode)).unique().one()
        step = session.scalars(select(WorkItem).where(WorkItem.state == "completed")).unique()
        model = next(iter(step))
        makers: list[Callable[[datetime, int], Any]] = [
            lambda at, n: _step(session, model, emma, at, n),
            lambda at, _: Note(**_written(case.id, episode.id, emma, at), kind="note", text=TEXT),
            lambda at, n: _check_in(case.id, episode.id, emma, at, n),
            lambda at, _: _decision(case.id, episode.id, emma, at),
            lambda at, _: _deadline(session, case, at),
        ]
        for number in range(entries):
            at = now - apart * number
            row = makers[number % len(makers)](at, number)
            if row is not None:
                session.add(row)


def _written(case_id: UUID, episode_id: UUID, by: UUID, at: datetime) -> dict[str, Any]:
    return {"case_id": case_id, "episode_id": episode_id, "by_id": by, "at": at, "element_id": "x"}


def _step(session: Session, model: WorkItem, by: UUID, at: datetime, number: int) -> WorkItem:
    columns = {column.key: getattr(model, column.key) for column in WorkItem.__table__.columns}
    changed = {"id": uuid4(), "token": f"bench{number}", "completed_at": at, "completed_by_id": by}
    session.add(
        StepHistory(
            instance_id=model.instance_id,
            sequence=100_000 + number,
            process_id=model.process_id,
            element_id=model.element_id,
            kind="userTask",
            name=model.name,
            state="completed",
            token=f"bench{number}",
            at=at,
            actor_id=by,
        )
    )
    return WorkItem(**{**columns, **changed, "created_at": at})


def _check_in(case_id: UUID, episode_id: UUID, by: UUID, at: datetime, number: int) -> CheckIn:
    written = _written(case_id, episode_id, by, at)
    told = {"number": number, "outcome": "continue", "summary": TEXT}
    return CheckIn(**written, kind="check_in", **told)


def _decision(case_id: UUID, episode_id: UUID, by: UUID, at: datetime) -> Decision:
    written = _written(case_id, episode_id, by, at)
    return Decision(**written, kind="plan_approval", outcome="approve", reasons=TEXT)


def _deadline(session: Session, case: Case, at: datetime) -> None:
    event, timer = "case:timer:fire", uuid4()
    audit.record(
        session, case, at=at, actor_id=None, event=event, subject=timer, element="check_in_due"
    )
