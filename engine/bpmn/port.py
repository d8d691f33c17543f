"""Says what a diagram may reach outside itself, and what its expressions see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo


class Port(Protocol):
    """What a running diagram may call; given by the turn."""

    def call_operator(self, operator: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Do the operator's work in the turn and return its outputs.

        Raises BpmnError for a modelled problem, OperatorError when nothing may be stored.
        """
        ...

    def is_deferred(self, operator: str) -> bool:
        """Return whether the effect comes after the turn: the step stays open until confirmed."""
        ...

    def decide(self, decision_id: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate a decision table over process variables and the scope's names."""
        ...


@dataclass(frozen=True)
class Scope:
    """What expressions see besides process variables."""

    now: datetime
    """The instant of this turn, aware and in UTC."""
    zone: ZoneInfo
    """The profile's time zone, in which dates and months are counted."""
    names: Mapping[str, Any] = field(default_factory=dict)
    """Names that process variables may not take, such as `profile`."""
