"""Operators that remind the people around a case of something that has no step of its own."""

from dataclasses import dataclass

from engine.operator import operator
from engine.turn import Turn

COORDINATING = ("process_coordinator", "content_coordinator")


@dataclass
class Nothing:
    """An operator that needs no inputs."""


@operator("notification/remind_supervision", inputs=Nothing)
def remind_supervision(turn: Turn, inputs: Nothing) -> None:
    """Remind the coordinators of supervision: do not get attached (P102)."""
    del inputs
    for role in COORDINATING:
        turn.notify("supervision", role=role)
    turn.audit("case:supervision:remind", turn.case.id)
