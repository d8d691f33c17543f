"""Checks service tasks: the operator exists and gets the inputs that it needs."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from engine.check.context import CheckContext, OperatorFacts
from engine.check.finding import Finding, error, warning
from engine.check.folder import Folder
from engine.drawing import Drawing, Element

_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def check_operators(folder: Folder, context: CheckContext) -> Iterator[Finding]:
    """Every service task names an operator of the catalogue."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind != "serviceTask":
                continue
            if not element.operator:
                yield error(
                    drawing,
                    element,
                    "no_operator",
                    "does not say what it does; choose an operator, for example case/open_file.",
                )
                continue
            facts = context.operators.get(element.operator)
            if facts is None:
                yield error(
                    drawing,
                    element,
                    "unknown_operator",
                    f"there is no operator {element.operator}; "
                    f"{suggestion(element.operator, context.operators)}.",
                )
            elif facts.records_form:
                yield error(
                    drawing,
                    element,
                    "recorder_as_operator",
                    f"{facts.name} records a submitted form; name it in recordWith of the "
                    "user task, and choose another operator here.",
                )
            else:
                yield from _parameters(drawing, element, facts)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the mend for a misspelt name: with the nearest known ones."""
    near = get_close_matches(name, sorted(known), n=2, cutoff=0.6)
    return "correct the name" + (f" (did you mean {' or '.join(near)}?)" if near else "")


def _parameters(drawing: Drawing, element: Element, facts: OperatorFacts) -> Iterator[Finding]:
    given = {parameter.name: parameter for parameter in element.parameters}
    for name in sorted(facts.required - given.keys()):
        yield error(
            drawing,
            element,
            "missing_parameter",
            f"operator {facts.name} needs the parameter {name}; add it with an expression.",
        )
    if len(given) < len(element.parameters):
        yield error(
            drawing,
            element,
            "repeated_parameter",
            "gives a parameter twice; remove one of them.",
        )
    for name, parameter in given.items():
        expected = facts.inputs.get(name)
        if expected is None:
            yield error(
                drawing,
                element,
                "unknown_parameter",
                f"operator {facts.name} has no parameter {name}; {suggestion(name, facts.inputs)}.",
            )
            continue
        if not parameter.value.strip():
            yield error(
                drawing,
                element,
                "empty_parameter",
                f"the parameter {name} has no expression; write one, or remove the parameter.",
            )
        written = _TYPES.get(parameter.type, parameter.type)
        if written and written != "any" and expected not in {written, "any"}:
            yield warning(
                drawing,
                element,
                "parameter_type",
                f"the parameter {name} is marked as {written}, but operator {facts.name} takes "
                f"{expected}; mark it as {expected}.",
            )
