"""What the editors of a draft offer to choose from."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from engine.decision import parse_decision
from engine.deployment import ResolvedDeployment
from engine.drawing import Element, parse_drawing
from engine.errors import CasetableError, InputError
from engine.form import parse_form
from engine.form.directory import NAMES as DIRECTORIES
from engine.inbox import EVENTS
from engine.language import gettext
from engine.lifecycle import STARTS
from engine.operator import Operator, catalogue
from engine.proof.rule import moments
from engine.proof.rulebook import rules_of


def offered(deployment: ResolvedDeployment) -> dict[str, Any]:
    """Return the operators of the installation, and what the files of a draft define."""
    operators = sorted(catalogue().values(), key=lambda one: one.name)
    elements = [one for process in deployment.processes.values() for one in process.elements]
    return {
        "operators": [_operator(one) for one in operators if one.kind != "record"],
        "recorders": [_operator(one) for one in operators if one.kind == "record"],
        "forms": [{"id": name, "name": form.title} for name, form in deployment.forms.items()],
        "roles": [
            {"id": role.code, "name": role.name} for role in deployment.profile.roles.values()
        ],
        "processes": [
            {"id": one.id, "name": one.name or one.id} for one in deployment.processes.values()
        ],
        "decisions": [
            {"id": one.id, "name": one.name or one.id} for one in deployment.decisions.values()
        ],
        "steps": [
            {"id": task.id, "name": task.label} for task in elements if task.kind == "userTask"
        ],
        "milestones": _milestones(deployment, elements),
        "stages": [{"id": name} for name in sorted(_set(elements, "stage"))],
        "messages": [{"id": name} for name in sorted(_messages(deployment))],
        "signals": [{"id": name} for name in sorted(_signals(deployment))],
        "values": [
            {"id": f"profile.{one.name}", "name": one.explain}
            for one in deployment.profile.parameters.values()
        ],
        "directories": [{"id": name} for name in DIRECTORIES],
    }


def readable(files: Mapping[str, bytes]) -> ResolvedDeployment:
    """Return the files without those that cannot be read: a broken one keeps no editor closed."""
    return ResolvedDeployment(
        {path: content for path, content in files.items() if _reads(path, content)}
    )


def _reads(path: str, content: bytes) -> bool:
    parse = _PARSERS.get(PurePosixPath(path).suffix)
    try:
        if parse is not None:
            parse(content, file=path)
    except CasetableError:
        return False
    return True


_PARSERS: Final[dict[str, Callable[..., object]]] = {
    ".bpmn": parse_drawing,
    ".dmn": parse_decision,
    ".form": parse_form,
}


def _operator(one: Operator) -> dict[str, Any]:
    return {
        "id": one.name,
        "summary": gettext(one.summary),
        "inputs": [
            {"name": field.name, "type": field.type, "required": field.required}
            for field in one.inputs
        ],
        "outputs": [field.name for field in one.outputs],
    }


def _set(elements: Iterable[Element], setting: str) -> set[str]:
    """Return what the elements say in one of our settings."""
    return {one.properties[setting] for one in elements if one.properties.get(setting)}


def _milestones(deployment: ResolvedDeployment, elements: list[Element]) -> list[dict[str, str]]:
    """Return the milestones of steps, and those that rules wait for, with the rules."""
    named: dict[str, list[str]] = {name: [] for name in _set(elements, "milestone")}
    try:
        rules = rules_of(deployment)
    except InputError:
        rules = ()  # the list of problems says what is wrong with them
    for rule in rules:
        for name in sorted({moment.milestone for moment in moments(rule)} - {""}):
            named.setdefault(name, []).append(rule.id)
    return [{"id": name, "name": ", ".join(named[name])} for name in sorted(named)]


def _messages(deployment: ResolvedDeployment) -> set[str]:
    """Return the messages that drawings define, and those that the pages send."""
    drawn = {one.name for d in deployment.drawings.values() for one in d.messages if one.name}
    return drawn | set(EVENTS) | set(STARTS.values())


def _signals(deployment: ResolvedDeployment) -> set[str]:
    return {one.name for d in deployment.drawings.values() for one in d.signals if one.name}
