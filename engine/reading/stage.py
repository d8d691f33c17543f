"""The stage bar: which phases the overview diagram draws, and how far the case has come."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.drawing import Element, Process
from engine.drawing.outline import reading_order
from engine.drawing.vocabulary import SUB_PROCESSES


@dataclass(frozen=True)
class Stage:
    """One phase: `state` is `done`, `current`, `ahead`, or `passed` by when a case comes back."""

    code: str
    name: str
    state: str


def stages(process: Process, current: str, visited: Iterable[str]) -> list[Stage]:
    """Return the phases in reading order, from the call activities that name a `stage`."""
    been = set(visited)
    found: dict[str, Stage] = {}
    for element in _in_order(process, None):
        code = element.properties.get("stage", "")
        if not code or code in found:
            continue
        state = "current" if code == current else "done" if element.id in been else "ahead"
        found[code] = Stage(code, element.label, state)
    return _with_passed(list(found.values()), current)


def _with_passed(listed: list[Stage], current: str) -> list[Stage]:
    """Say of phases before the current one that were left out that they do not lie ahead."""
    codes = [stage.code for stage in listed]
    here = codes.index(current) if current in codes else 0
    return [
        replace(stage, state="passed") if stage.state == "ahead" and number < here else stage
        for number, stage in enumerate(listed)
    ]


def _in_order(process: Process, parent: str | None) -> list[Element]:
    ordered: list[Element] = []
    for element in reading_order(process, parent):
        ordered.append(element)
        if element.kind in SUB_PROCESSES:
            ordered.extend(_in_order(process, element.id))
    return ordered
