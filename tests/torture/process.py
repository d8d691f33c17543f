"""A process without an end whose every step leaves a trace that could be there twice."""

import json
import os
from pathlib import Path
from typing import Any

from engine.models import Note
from engine.operator import operator
from engine.turn import Turn
from tests.bpmn import builder as b
from tests.engine.small import FORM, PROFILE, Nothing, _task

FOR_PAGES = """
[values.hold_roles]
value = ["desk_head"]
"""
"""What every page asks a profile for."""
EFFECTS = "CASETABLE_TORTURE_EFFECTS"
"""Names the file to which the effect on the outside appends; it has no unique key."""


@operator("torture/note", inputs=Nothing)
def note(turn: Turn, inputs: Nothing) -> None:
    """Add a note in the turn: a table without a unique key."""
    del inputs
    turn.session.add(Note(**turn.statement(), kind="torture", text="done"))


@operator("torture/call", inputs=Nothing, after_turn=True)
def call(turn: Any, inputs: Nothing) -> None:
    """Write a line to the outside, after the commit."""
    del inputs
    handle = os.open(os.environ[EFFECTS], os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(handle, f"{turn.key}\n".encode())
    os.close(handle)


def lifecycle() -> bytes:
    """Ask, note it, wait a second, call the outside, ask again, until somebody says stop."""
    return b.diagram(
        b.process(
            "case_management",
            b.start("signal_received", b.message("signal_received")),
            b.xor("merge"),
            _task("ask", "intake_desk"),
            b.xor("again", "note_it"),
            b.service("note_it", "torture/note"),
            b.catch("wait", b.after("PT1S")),
            b.service("call_out", "torture/call"),
            b.end("finish"),
            b.chain("signal_received", "merge", "ask", "again"),
            b.flow("again", "note_it"),
            b.flow("again", "finish", 'choice = "stop"'),
            b.chain("note_it", "wait", "call_out", "merge"),
        ),
        messages=("signal_received",),
    )


def write_processes(folder: Path) -> Path:
    """Write the process into a folder and return it."""
    (folder / "forms").mkdir(parents=True)
    (folder / "profiles/base").mkdir(parents=True)
    (folder / "case_management.bpmn").write_bytes(lifecycle())
    (folder / "forms/ask.form").write_text(json.dumps(FORM))
    (folder / "profiles/base/profile.toml").write_text(PROFILE + FOR_PAGES)
    return folder
