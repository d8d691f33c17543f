"""Counts the running cases that stand on what a change touches. Numbers only: no case is named."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.comparison.change import Change
from engine.comparison.side import Side
from engine.drawing import Drawing, Element
from engine.language import mark
from engine.language.telling import counted, named, told
from engine.models import InstanceState, ProcessInstance

Place = tuple[str, str]
"""Process and element."""


def touched_cases(
    session: Session, old: Side, changes: Iterable[Change], *, least: int = 0
) -> tuple[str, ...]:
    """Return in sentences how many running cases of the old side stand on what changes.

    A count below `least` is not told apart from none: who reads it takes part in no case.
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
    sentences: list[str] = [_here(len(here), least)]
    if len(elsewhere) >= max(1, least):
        sentences.append(
            counted(
                "%(count)s case runs on other versions.",
                "%(count)s cases run on other versions.",
                len(elsewhere),
            )
        )
    if len(here) >= max(1, least):
        sentences += _standing(standing, touched_places(old, changes), least)
    return tuple(sentences)


def _here(number: int, least: int) -> str:
    if number < least:
        return told(
            "Fewer than %(least)s cases run on this version; they stay on it until somebody moves "
            "them.",
            least=least,
        )
    return counted(
        "%(count)s case runs on this version; they stay on it until somebody moves them.",
        "%(count)s cases run on this version; they stay on it until somebody moves them.",
        number,
    )


def _standing(
    standing: dict[Place, set[UUID]], touched: dict[Place, tuple[str, bool]], least: int
) -> Iterator[str]:
    found = {place: cases for place, cases in standing.items() if place in touched}
    every = set().union(*found.values())
    if len(every) < least:
        yield told("Fewer than %(least)s of them stand on something that changes.", least=least)
        return
    if not found:
        yield told("None of them stands on anything that changes.")
        return
    yield counted(
        "%(count)s of them stands on something that changes:",
        "%(count)s of them stand on something that changes:",
        len(every),
    )
    for place, cases in sorted(found.items(), key=lambda one: (-len(one[1]), one[0])):
        name, gone = touched[place]
        if len(cases) < least:
            continue
        text = (
            mark("  *%(name)s* is gone: %(count)s")
            if gone
            else mark("  *%(name)s* changes: %(count)s")
        )
        yield told(text, name=named(name), count=len(cases))


def touched_places(old: Side, changes: Iterable[Change]) -> dict[Place, tuple[str, bool]]:
    """Return where a case may stand that a change of meaning touches.

    For each place its name, and whether it is gone.
    """
    found: dict[Place, tuple[str, bool]] = {}
    for change in changes:
        if change.weight != "meaning":
            continue
        gone = change.kind == "removed" and not change.attribute
        gone = gone or (change.kind == "removed" and change.attribute == "file")
        for process, element in _elements(old, change):
            own = element.id == change.element or not change.element
            if not found.get((process, element.id), ("", False))[1]:
                found[process, element.id] = element.label, gone and own
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
