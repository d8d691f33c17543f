"""What the editors of a draft offer to choose from, and what they ask about an expression."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from engine.calendar import is_duration, parse_duration, parse_instant
from engine.decision import parse_decision
from engine.deployment import ResolvedDeployment
from engine.drawing import Element, parse_drawing
from engine.errors import CasetableError, ExpressionError, InputError
from engine.expression import compile_assignments, compile_expression
from engine.expression.tree import Name, Node, Path, children
from engine.form import parse_form
from engine.form.directory import NAMES as DIRECTORIES
from engine.language import gettext
from engine.language.moment import figure
from engine.operator import Operator, catalogue
from engine.profile import Profile

LONGEST: Final = 5_000


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
        "milestones": _named(elements, "milestone"),
        "stages": _named(elements, "stage"),
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


def _named(elements: Iterable[Element], setting: str) -> list[dict[str, str]]:
    found = {one.properties[setting] for one in elements if one.properties.get(setting)}
    return [{"id": name} for name in sorted(found)]


def judged(kind: str, source: str, profile: Profile) -> str:
    """Return what is wrong with an expression, in a sentence; empty when nothing is.

    Raise InputError for a kind that no field of an editor has.
    """
    if kind not in _KINDS:
        raise InputError(gettext("An expression is one of: %(kinds)s.", kinds=", ".join(_KINDS)))
    if len(source) > LONGEST:
        return gettext(
            "Longer than %(most)s characters; move a part of it into a table.", most=figure(LONGEST)
        )
    try:
        _KINDS[kind](source.strip(), profile)
    except (ExpressionError, InputError) as error:
        return str(error)
    return ""


def _expression(source: str, profile: Profile) -> None:
    if source.startswith("="):
        raise InputError(gettext("No = is needed here; remove it."))
    _values_known(compile_expression(source).tree, profile)


def _script(source: str, profile: Profile) -> None:
    for line in compile_assignments(source).lines:
        _values_known(line.expression.tree, profile)


def _due(source: str, profile: Profile) -> None:
    """Read a due date: a duration, or an expression that says so by its first sign."""
    if source.startswith("="):
        _expression(source[1:].strip(), profile)
    elif not is_duration(source):
        raise InputError(gettext("Write P7D, PT12H or P3M, or an expression that begins with =."))
    else:
        parse_duration(source)


def _duration(source: str, profile: Profile) -> None:
    """Read the rule of a timer, where a variable or an expression may stand as it is."""
    if is_duration(source):
        parse_duration(source)
    else:
        mend = gettext("Write a duration such as P14D, or a variable that holds one.")
        _timer(source, profile, mend)


def _date(source: str, profile: Profile) -> None:
    try:
        parse_instant(source, profile.zone)
    except CasetableError:
        mend = gettext("Write a date such as 2026-05-31, or a variable that holds one.")
        _timer(source, profile, mend)


def _timer(source: str, profile: Profile, mend: str) -> None:
    try:
        _values_known(compile_expression(source.removeprefix("=").strip()).tree, profile)
    except ExpressionError as error:
        raise InputError(f"{mend} {error}") from error


def _values_known(tree: Node, profile: Profile) -> None:
    """Refuse a value that the profile does not have, wherever in an expression it stands."""
    pending = [tree]
    while pending:
        node = pending.pop()
        pending.extend(children(node))
        if not isinstance(node, Path) or not isinstance(node.target, Name):
            continue
        if node.target.name == "profile" and node.name not in profile.values:
            raise InputError(
                gettext(
                    "The profile has no value %(name)s; correct the name or add it to "
                    "profile.toml.",
                    name=node.name,
                )
            )


_KINDS: Final[dict[str, Callable[[str, Profile], None]]] = {
    "expression": _expression,
    "condition": _expression,
    "script": _script,
    "due": _due,
    "duration": _duration,
    "date": _date,
}
