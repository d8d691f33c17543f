"""Counts the running cases that stand on what a change touches. Numbers only: no case is named."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.comparison.change import Change
from engine.comparison.side import Side
from engine.drawing import Drawing, Element
from engine.models import InstanceState, ProcessInstance

Place = tuple[str, str]
"""Process and element."""


def touched_cases(
    session: Session, old: Side, changes: Iterable[Change], *, least: int = 0
) -> tuple[str, ...]:
    """Return in sentences how many running cases of the old side stand on what changes.

    Fewer than `least` are not counted out: a page for many must not tell that one case exists.
    """
    rows = session.execute(
        select(
            ProcessInstance.case_id, ProcessInstance.deployment_id, ProcessInstance.active
        ).where(ProcessInstance.status == InstanceState.RUNNING.value)
    ).all()
    here: set[UUID] = {case for case, deployment, _ in rows if deployment == old.deployment_id}
    elsewhere = {case for case, deployment, _ in rows if deployment != old.deployment_id} - here
    standing: dict[Place, set[UUID]] = defaultdict(set)
    for case, deployment, active in rows:
        if deployment == old.deployment_id:
            for process, elements in active.items():
                for element in elements:
                    standing[process, element].add(case)
    told = [
        f"{_count(len(here), least)} on this version; they stay on it until somebody moves them."
    ]
    if elsewhere:
        told.append(f"{_count(len(elsewhere), least)} on other versions.")
    if here and len(here) >= least:
        told += _standing(standing, touched_places(old, changes), least)
    return tuple(told)


def _number(number: int, least: int) -> str:
    return str(number) if number >= least else f"Fewer than {least}"


def _count(number: int, least: int) -> str:
    if number < least:
        return f"Fewer than {least} cases run"
    return f"{number} case runs" if number == 1 else f"{number} cases run"


def _standing(
    standing: dict[Place, set[UUID]], touched: dict[Place, tuple[str, str]], least: int
) -> Iterator[str]:
    found = {place: cases for place, cases in standing.items() if place in touched}
    if not found:
        yield "None of them stands on anything that changes."
        return
    every = set().union(*found.values())
    noun = "stands" if len(every) == 1 else "stand"
    yield f"{_number(len(every), least)} of them {noun} on something that changes:"
    for place, cases in sorted(found.items(), key=lambda one: (-len(one[1]), one[0])):
        name, how = touched[place]
        yield f"  *{name}* {how}: {_number(len(cases), least).lower()}"


def touched_places(old: Side, changes: Iterable[Change]) -> dict[Place, tuple[str, str]]:
    """Return where a case may stand that a change of meaning touches: its name, and how."""
    found: dict[Place, tuple[str, str]] = {}
    for change in changes:
        if change.weight != "meaning":
            continue
        gone = change.kind == "removed" and not change.attribute
        gone = gone or (change.kind == "removed" and change.attribute == "file")
        for process, element in _elements(old, change):
            own = element.id == change.element or not change.element
            how = "is gone" if gone and own else "changes"
            if found.get((process, element.id), ("", ""))[1] != "is gone":
                found[process, element.id] = element.label, how
    return found


def _elements(old: Side, change: Change) -> Iterator[tuple[str, Element]]:
    """Yield the elements on which a case stands that the change is about."""
    drawing = old.drawings.get(change.file)
    if drawing is not None:
        yield from _in_drawing(drawing, change)
    stem = change.file.rpartition("/")[2].partition(".")[0]
    for one in old.drawings.values():
        for element in one.elements:
            form = change.file.endswith(".form") and element.properties.get("formRef") == stem
            if form:
                yield element.process, element


def _in_drawing(drawing: Drawing, change: Change) -> Iterator[tuple[str, Element]]:
    for element in drawing.elements:
        of_border = any(
            one.attached_to == element.id and one.id == change.element for one in drawing.elements
        )
        leaves = any(
            flow.id == change.element and flow.source == element.id for flow in drawing.flows
        )
        in_lane = element.lane == change.element and change.attribute == "role"
        whole = change.attribute == "file"
        if element.id == change.element or of_border or leaves or in_lane or whole:
            yield element.process, element
