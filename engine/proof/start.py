"""How each process of a deployment begins, and with which variables."""

from collections.abc import Iterator

from engine.deployment import ResolvedDeployment
from engine.lifecycle import LIFECYCLE, STARTS
from engine.proof.explorer import Beginning
from engine.proof.net import Net
from engine.proof.possible import OPEN

REOPENED = "case_reopened"
START_PHASE = "start_phase"


def beginnings(deployment: ResolvedDeployment, net: Net) -> list[Beginning]:
    """Return every way in which the process starts; variables that nobody names are open."""
    messages = [net.nodes[key].event_name or None for key in net.levels[net.root].starts]
    if net.root != LIFECYCLE:
        return [Beginning(message, dict.fromkeys(_given(), OPEN)) for message in messages]
    return [one for message in messages for one in _episode(deployment, message)]


def _given() -> tuple[str, ...]:
    return ("case_type", "episode_number", START_PHASE, "retention_kind")


def _episode(deployment: ResolvedDeployment, message: str | None) -> Iterator[Beginning]:
    if message == REOPENED:
        for kind in STARTS:
            for phase in _phases(deployment):
                yield Beginning(message, {"case_type": kind, START_PHASE: phase})
        return
    for kind, name in STARTS.items():
        if name == message:
            yield Beginning(message, {"case_type": kind, START_PHASE: None})


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
