"""Runs BPMN diagrams on SpiffWorkflow: the only package that knows the library (engine.md).

A Program is compiled once per deployment and process. An Instance lives for one turn: start or
load, one stimulus (complete, deliver, confirm, fail, amend), advance, read what is open and what
happened, dump. After any exception it is thrown away.
"""

from engine.bpmn import guard as _guard
from engine.bpmn.instance import BUDGET, Instance
from engine.bpmn.journal import Flow, Step
from engine.bpmn.port import Port, Scope
from engine.bpmn.program import Program
from engine.bpmn.standing import Completed, Level, Standing, elapse, standing_of, watch
from engine.bpmn.state import seal, unseal
from engine.bpmn.transfer import Open, kinds, open_elements, transfer
from engine.bpmn.variable import clean
from engine.bpmn.view import Effect, Place, SentMessage, UserTask, WaitingTimer

__all__ = [
    "BUDGET",
    "Completed",
    "Effect",
    "Flow",
    "Instance",
    "Level",
    "Open",
    "Place",
    "Port",
    "Program",
    "Scope",
    "SentMessage",
    "Standing",
    "Step",
    "UserTask",
    "WaitingTimer",
    "clean",
    "elapse",
    "kinds",
    "open_elements",
    "seal",
    "standing_of",
    "transfer",
    "unseal",
    "watch",
]

_guard.close_library()
