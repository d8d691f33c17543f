"""Which element of the new drawing takes the place of one that is gone, and which could."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any, Final

from engine.bpmn import kinds
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError, InputError
from engine.language.telling import named, told

Element = tuple[str, str]
"""Drawn process and element."""
ALIKE: Final = 0.5
"""From here on a name counts as much like another one."""


@dataclass(frozen=True)
class Choice:
    """One element of the new drawing that could take a place."""

    element: str
    label: str
    is_alike: bool


@dataclass(frozen=True)
class Need:
    """One open element that has no place in the new drawing until somebody names one."""

    process: str
    element: str
    label: str
    kind: str
    choices: tuple[Choice, ...]

    @property
    def key(self) -> str:
        """Return how a run notes the element."""
        return f"{self.process}:{self.element}"

    @property
    def sentence(self) -> str:
        """Return what is asked for."""
        if not self.choices:
            return told(
                "%(step)s is gone, and the new drawing has no other %(kind)s.",
                step=named(self.label),
                kind=self.kind,
            )
        return told(
            "%(step)s is gone or became another kind of step; name what takes its place.",
            step=named(self.label),
        )


class Sides:
    """The old and the new drawing with the kinds of their elements."""

    def __init__(self, old: ResolvedDeployment, new: ResolvedDeployment) -> None:
        self.old = old
        self.new = new

    @cached_property
    def old_kinds(self) -> dict[Element, str]:
        """Return the kinds of the elements of the old drawing."""
        return _kinds(self.old)

    @cached_property
    def new_kinds(self) -> dict[Element, str]:
        """Return the kinds of the elements of the new drawing."""
        return _kinds(self.new)

    def need(self, process: str, element: str) -> Need:
        """Return what has to be named for an open element, with those most alike first."""
        kind = self.old_kinds[process, element]
        before = self.old.processes[process].by_id
        label = before[element].label
        ranked = []
        for (where, name), other in self.new_kinds.items():
            if where == process and other == kind:
                drawn = self.new.processes[process].by_id[name]
                alike = _alike(label, drawn.label, element, name)
                # What was drawn before has a place of its own; what is new may take this one.
                rank = (name in before, -alike, drawn.label)
                choice = Choice(name, drawn.label, alike >= ALIKE and name not in before)
                ranked.append((rank, choice))
        choices = tuple(choice for _, choice in sorted(ranked, key=lambda one: one[0]))
        return Need(process, element, label, kind, choices)

    def read(self, chosen: Mapping[str, str]) -> dict[Element, str]:
        """Read `{"process:element" or "element": "element"}`; raise InputError with the mend."""
        found: dict[Element, str] = {}
        for key, target in chosen.items():
            place = self._place(key)
            kind = self.old_kinds[place]
            if self.new_kinds.get((place[0], target)) != kind:
                raise InputError(
                    told(
                        "%(target)s cannot take the place of %(place)s: the new drawing of "
                        "%(process)s has no %(kind)s of this id; choose another one.",
                        target=target,
                        place=place[1],
                        process=place[0],
                        kind=kind,
                    )
                )
            found[place] = target
        return found

    def _place(self, key: str) -> Element:
        process, _, element = key.rpartition(":")
        found = [
            place
            for place in self.old_kinds
            if place[1] == element and (not process or place[0] == process)
        ]
        if not found:
            raise InputError(
                told(
                    "The old drawing has no element %(key)s; look at the plan for its id.", key=key
                )
            )
        if len(found) > 1:
            where = " or ".join(f"{one[0]}:{element}" for one in sorted(found))
            raise InputError(
                told(
                    "Several processes have an element %(element)s; write %(where)s.",
                    element=element,
                    where=where,
                )
            )
        return found[0]


def written(places: Mapping[Element, str]) -> dict[str, Any]:
    """Return a choice of places as a run keeps it."""
    return {f"{process}:{element}": to for (process, element), to in sorted(places.items())}


def pairs(given: Iterable[str]) -> dict[str, str]:
    """Read `old=new` of the command line."""
    found = {}
    for text in given:
        old, equals, new = (part.strip() for part in text.partition("="))
        if not (old and equals and new):
            raise InputError(told("Write --map old=new; %(text)s is not that.", text=repr(text)))
        found[old] = new
    return found


def _alike(label: str, other: str, element: str, name: str) -> float:
    named = SequenceMatcher(None, label.lower(), other.lower()).ratio()
    return max(named, SequenceMatcher(None, element, name).ratio())


def _kinds(deployment: ResolvedDeployment) -> dict[Element, str]:
    found: dict[Element, str] = {}
    for process in sorted(deployment.processes):
        try:
            found.update(kinds(deployment.program(process)))
        except CasetableError:
            continue  # a drawing that cannot run has no running case
    return found
