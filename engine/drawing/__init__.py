"""Our own model of a BPMN file: what is drawn, where, and with which settings. Never executes."""

from engine.drawing.model import (
    Artifact,
    Drawing,
    Element,
    Event,
    Flow,
    Lane,
    Message,
    MessageFlow,
    MultiInstance,
    Parameter,
    Participant,
    Process,
)
from engine.drawing.outline import OutlineStep, outline
from engine.drawing.reader import parse_drawing
from engine.drawing.role import role_of, user_tasks
from engine.drawing.shape import Box, Edge, Shape

__all__ = [
    "Artifact",
    "Box",
    "Drawing",
    "Edge",
    "Element",
    "Event",
    "Flow",
    "Lane",
    "Message",
    "MessageFlow",
    "MultiInstance",
    "OutlineStep",
    "Parameter",
    "Participant",
    "Process",
    "Shape",
    "outline",
    "parse_drawing",
    "role_of",
    "user_tasks",
]
