"""How each process of a deployment begins, and with which variables."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from engine.deployment import ResolvedDeployment
from engine.lifecycle import HANDED_OVER, LIFECYCLE, STARTS
from engine.proof.explorer import Beginning
from engine.proof.net import Net
from engine.proof.possible import OPEN
from engine.separate_file import SeparateFile, first_of

REOPENED = "case_reopened"
START_PHASE = "start_phase"
FILE = "file"
INTAKE = "intake"
AGES = ("adult", "minor", "not_known")
"""What is known of the age when a file is handed over."""


def beginnings(deployment: ResolvedDeployment, net: Net) -> list[Beginning]:
    """Return every way in which the process starts; variables that nobody names are open."""
    messages = [net.nodes[key].event_name or None for key in net.levels[net.root].starts]
    if net.root != LIFECYCLE:
        return [Beginning(message, dict.fromkeys(_given(), OPEN)) for message in messages]
    return [one for message in messages for one in _episode(deployment, message)]


def _given() -> tuple[str, ...]:
    return ("case_type", "episode_number", START_PHASE, "retention_kind", FILE)


def _episode(deployment: ResolvedDeployment, message: str | None) -> Iterator[Beginning]:
    files = deployment.profile.files
    if message == REOPENED:
        for kind in STARTS:
            for phase in _phases(deployment):
                for own in _files(files, phase):
                    yield Beginning(message, {"case_type": kind, START_PHASE: phase, **own})
        return
    if message == HANDED_OVER:
        opened = [code for code, one in files.items() if one.opened_by]
        for code, kind, age in product(opened, STARTS, AGES):
            given = {"case_type": kind, START_PHASE: None, FILE: code, "age_group": age}
            yield Beginning(message, given)
        return
    first = first_of(files)
    for kind, name in STARTS.items():
        if name == message:
            own = {FILE: first.code} if first else {}
            yield Beginning(message, {"case_type": kind, START_PHASE: None, **own})


def _files(files: Mapping[str, SeparateFile], phase: str) -> list[dict[str, Any]]:
    """Return the files that may begin again at a phase: none that was handed over had an intake.

    tasks/reopening.py refuses that, whatever is drawn.
    """
    if not files:
        return [{}]
    return [{FILE: code} for code, one in files.items() if not (one.opened_by and phase == INTAKE)]


def _phases(deployment: ResolvedDeployment) -> tuple[str, ...]:
    """Return where a reopened case may begin: the answers of the form that asks it."""
    return tuple(
        dict.fromkeys(
            value
            for form in deployment.forms.values()
            for field in form.fields()
            if field.key == START_PHASE
            for value in field.allowed
        )
    )
