"""Checks service tasks: the operator exists and gets the inputs that it needs."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from engine.check.context import CheckContext, OperatorFacts
from engine.check.finding import Finding, error, warning
from engine.check.folder import Folder
from engine.drawing import Drawing, Element
from engine.language.telling import Told, told

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
                    told(
                        "does not say what it does; choose an operator, for example case/open_file."
                    ),
                )
                continue
            facts = context.operators.get(element.operator)
            if facts is None:
                yield error(
                    drawing,
                    element,
                    "unknown_operator",
                    told(
                        "there is no operator %(operator)s; %(suggestion)s.",
                        operator=element.operator,
                        suggestion=suggestion(element.operator, context.operators),
                    ),
                )
            elif facts.records_form:
                yield error(
                    drawing,
                    element,
                    "recorder_as_operator",
                    told(
                        "%(name)s records a submitted form; name it in recordWith of the user "
                        "task, and choose another operator here.",
                        name=facts.name,
                    ),
                )
            else:
                yield from _parameters(drawing, element, facts)


def suggestion(name: str, known: Iterable[str]) -> Told:
    """Return the mend for a misspelt name: with the nearest known ones."""
    near = get_close_matches(name, sorted(known), n=2, cutoff=0.6)
    if not near:
        return told("correct the name")
    if len(near) == 1:
        return told("correct the name (did you mean %(near)s?)", near=near[0])
    return told(
        "correct the name (did you mean %(near)s or %(other)s?)", near=near[0], other=near[1]
    )


def _parameters(drawing: Drawing, element: Element, facts: OperatorFacts) -> Iterator[Finding]:
    given = {parameter.name: parameter for parameter in element.parameters}
    for name in sorted(facts.required - given.keys()):
        yield error(
            drawing,
            element,
            "missing_parameter",
            told(
                "operator %(operator)s needs the parameter %(name)s; add it with an expression.",
                operator=facts.name,
                name=name,
            ),
        )
    if len(given) < len(element.parameters):
        yield error(
            drawing,
            element,
            "repeated_parameter",
            told("gives a parameter twice; remove one of them."),
        )
    for name, parameter in given.items():
        expected = facts.inputs.get(name)
        if expected is None:
            yield error(
                drawing,
                element,
                "unknown_parameter",
                told(
                    "operator %(operator)s has no parameter %(name)s; %(suggestion)s.",
                    operator=facts.name,
                    name=name,
                    suggestion=suggestion(name, facts.inputs),
                ),
            )
            continue
        if not parameter.value.strip():
            yield error(
                drawing,
                element,
                "empty_parameter",
                told(
                    "the parameter %(name)s has no expression; write one, or remove the parameter.",
                    name=name,
                ),
            )
        written = _TYPES.get(parameter.type, parameter.type)
        if written and written != "any" and expected not in {written, "any"}:
            yield warning(
                drawing,
                element,
                "parameter_type",
                told(
                    "the parameter %(name)s is marked as %(written)s, but operator %(operator)s "
                    "takes %(expected)s; mark it as %(expected)s.",
                    name=name,
                    written=written,
                    operator=facts.name,
                    expected=expected,
                ),
            )
