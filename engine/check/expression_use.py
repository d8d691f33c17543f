"""Checks every expression of a diagram: it compiles, knows its variables, compares what can be."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.check.context import CheckContext
from engine.check.finding import Finding, Place, error, warning
from engine.check.folder import Folder
from engine.check.timer import timer_expression
from engine.check.variable import Variables, variables_of
from engine.drawing import Drawing, Element
from engine.errors import ExpressionError
from engine.expression import (
    Assignments,
    Expression,
    compile_assignments,
    compile_expression,
    infer,
    result_type,
)
from engine.expression.tree import Comparison, In, ListOf, Literal, Name, Node, Path, children
from engine.expression.value import kind_words as value_words
from engine.language import mark
from engine.language.telling import message_of, told

# Threat: compiling takes time in the length; all our own diagrams together have 5,000 characters.
MAX_TEXT = 100_000


PLACES = mark(
    {
        "condition": "condition",
        "timer": "timer",
        "script": "script",
        "collection": "collection",
    }
)
"""What the places of expressions are called; settings are called as they are written."""


@dataclass(frozen=True)
class _Use:
    """An expression and the place where it stands; `what` is how people call that place."""

    drawing: Drawing
    place: Place
    what: str
    text: str
    script: bool = False

    @property
    def place_words(self) -> str:
        """Return how people call that place, to be told later."""
        kind, _, name = self.what.partition(" ")
        if name:
            return told("parameter %(name)s", name=name)
        return told(PLACES[kind]) if kind in PLACES else kind


def check_expressions(folder: Folder, context: CheckContext) -> Iterator[Finding]:
    """Conditions, parameters, due dates, timers and scripts are FEEL that means something."""
    variables = variables_of(folder, context)
    read = 0
    for use in _uses(folder):
        read += len(use.text)
        if read > MAX_TEXT:
            yield error(
                use.drawing,
                use.place,
                "too_many_expressions",
                told(
                    "the expressions from here on were not read, there are more than %(most)s "
                    "characters of them; move decisions into tables.",
                    most=MAX_TEXT,
                ),
            )
            return
        try:
            program = _compiled(use)
        except ExpressionError as problem:
            yield error(
                use.drawing,
                use.place,
                _code(use),
                told("%(what)s: %(problem)s", what=use.place_words, problem=_told(use, problem)),
            )
            continue
        yield from _unknown_names(use, program.names, variables)
        yield from _misfits(use, program, variables)
        for tree in _trees(program):
            yield from _impossible(use, tree, variables)
            yield from _profile_values(use, tree, context)


def _uses(folder: Folder) -> Iterator[_Use]:
    for drawing in folder.drawings:
        for flow in drawing.flows:
            if flow.condition:
                yield _Use(drawing, flow, "condition", flow.condition)
        for element in drawing.elements:
            yield from _of_settings(drawing, element)
            yield from _of_execution(drawing, element)


def _of_settings(drawing: Drawing, element: Element) -> Iterator[_Use]:
    for parameter in element.parameters:
        if parameter.value.strip():
            yield _Use(drawing, element, f"parameter {parameter.name}", parameter.value)
    for name in ("dueIn", "remindBefore"):
        written = element.properties.get(name, "")
        if written.startswith("="):
            yield _Use(drawing, element, name, written[1:].strip())


def _of_execution(drawing: Drawing, element: Element) -> Iterator[_Use]:
    for event in element.events:
        timer = timer_expression(event)
        if timer is not None:
            yield _Use(drawing, element, "timer", timer.source)
    if element.kind == "scriptTask" and (element.script or "").strip():
        yield _Use(drawing, element, "script", element.script or "", script=True)
    many = element.multi_instance
    if many is not None and many.collection:
        yield _Use(drawing, element, "collection", many.collection)


def _compiled(use: _Use) -> Expression | Assignments:
    return compile_assignments(use.text) if use.script else compile_expression(use.text)


def _trees(program: Expression | Assignments) -> list[Node]:
    if isinstance(program, Assignments):
        return [line.expression.tree for line in program.lines]
    return [program.tree]


def _misfits(
    use: _Use, program: Expression | Assignments, variables: Variables
) -> Iterator[Finding]:
    """Yield what compares or computes with values of the wrong kind."""
    known = {name: variables.type_of(name) for name in program.names}
    for problem in infer(program, known):
        yield warning(
            use.drawing,
            use.place,
            "wrong_kind",
            told("%(what)s: %(problem)s", what=use.place_words, problem=problem),
        )
    if isinstance(program, Expression) and use.what == "condition":
        kind = result_type(program, known).kind
        if kind not in {"boolean", "any", "null"}:
            yield warning(
                use.drawing,
                use.place,
                "wrong_kind",
                told(
                    "%(what)s: gives a %(kind)s and is never true; compare it with a value, or "
                    "ask a yes or no question.",
                    what=use.place_words,
                    kind=value_words(kind),
                ),
            )


def _code(use: _Use) -> str:
    if use.script:
        return "bad_script"
    return "bad_condition" if use.what == "condition" else "bad_expression"


def _told(use: _Use, problem: ExpressionError) -> str:
    """Return the mend; expressions of other tools get the one that fits them."""
    text = use.text.strip()
    if text.startswith(("${", "#{")):
        return told(
            "%(text)s is in the expression language of another tool; write FEEL, for example "
            'route = "unfounded".',
            text=repr(text[:60]),
        )
    if text.startswith("=") and not use.script:
        return told(
            "%(text)s begins with =, which is not needed here; remove it.", text=repr(text[:60])
        )
    if use.script:
        return told(
            "%(problem)s A script has only lines such as count = count + 1.",
            problem=message_of(problem),
        )
    return message_of(problem)


def _unknown_names(use: _Use, names: frozenset[str], variables: Variables) -> Iterator[Finding]:
    for name in variables.unknown(names):
        yield warning(
            use.drawing,
            use.place,
            "unknown_variable",
            told(
                "%(what)s: nothing sets the variable %(name)s; correct the name, or set it in a "
                "form field of class process, an operator, a table or a script.",
                what=use.place_words,
                name=name,
            ),
        )


def _nodes(tree: Node) -> Iterator[Node]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(children(node))


def _impossible(use: _Use, tree: Node, variables: Variables) -> Iterator[Finding]:
    for node in _nodes(tree):
        for name, value in _compared(node):
            allowed = variables.values_of(name)
            if allowed is None or any(_same(value, other) for other in allowed):
                continue
            listed = ", ".join(sorted(map(_shown, allowed)))
            yield warning(
                use.drawing,
                use.place,
                "impossible_value",
                told(
                    "%(what)s: %(name)s is never %(value)s; it can be %(listed)s, so correct the "
                    "value here or add it there.",
                    what=use.place_words,
                    name=name,
                    value=_shown(value),
                    listed=listed,
                ),
            )


def _compared(node: Node) -> Iterator[tuple[str, object]]:
    """Yield each variable that is compared with a written value, and the value."""
    if isinstance(node, Comparison) and node.operator in {"=", "!="}:
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(one, Name) and isinstance(other, Literal) and other.value is not None:
                yield one.name, other.value
    elif isinstance(node, In) and isinstance(node.operand, Name):
        for test in node.tests:
            for part in _members(test):
                yield node.operand.name, part.value


def _members(test: Node) -> Iterator[Literal]:
    """Yield the written values of a test: itself, or the items of a list."""
    found = test.items if isinstance(test, ListOf) else (test,)
    yield from (part for part in found if isinstance(part, Literal) and part.value is not None)


def _same(one: object, other: object) -> bool:
    """Return whether two values are equal in FEEL, where true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _profile_values(use: _Use, tree: Node, context: CheckContext) -> Iterator[Finding]:
    if not context.profile_values:
        return
    for node in _nodes(tree):
        if not isinstance(node, Path) or not isinstance(node.target, Name):
            continue
        if node.target.name == "profile" and node.name not in context.profile_values:
            yield error(
                use.drawing,
                use.place,
                "unknown_profile_value",
                told(
                    "%(what)s: the profile has no value %(name)s; correct the name or add it to "
                    "profile.toml.",
                    what=use.place_words,
                    name=node.name,
                ),
            )


def check_scripts(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require that a script task has a script."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind == "scriptTask" and not (element.script or "").strip():
                yield error(
                    drawing,
                    element,
                    "no_script",
                    told("has no script; write lines such as ops = {}, or remove the step."),
                )
