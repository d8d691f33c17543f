"""What a running instance shows of itself: plain data, free of the library."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class UserTask:
    """A user task that somebody owes."""

    token: str
    element_id: str
    process_id: str
    path: tuple[str, ...]
    """Call activities and sub-processes around it, outermost first; empty in the top process."""
    item: str | None
    """Key of the multi-instance entry (for a list, the value), of the step or a call around it."""
    data: dict[str, Any]
    """The process variables that the person sees."""


@dataclass(frozen=True)
class WaitingTimer:
    """A timer that is not due yet."""

    token: str
    element_id: str
    process_id: str
    path: tuple[str, ...]
    due_at: datetime
    rule: str
    """ISO duration, date or instant that the rule amounts to."""


@dataclass(frozen=True)
class Effect:
    """A service task whose effect comes after the turn and is not confirmed yet."""

    token: str
    element_id: str
    process_id: str
    path: tuple[str, ...]
    operator: str
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Place:
    """An element that is active now: "you are here"."""

    element_id: str
    process_id: str
    path: tuple[str, ...]
    token: str


@dataclass(frozen=True)
class SentMessage:
    """A message that the diagram threw and nobody in it waited for."""

    name: str
    data: dict[str, Any]
