"""What each step reads and sets, and every way in which it can end."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from engine.check.context import OperatorFacts
from engine.decision import DecisionTable
from engine.drawing import MultiInstance
from engine.errors import CasetableError, DiagramError
from engine.expression import Expression, compile_expression
from engine.form import Form
from engine.form.form import Component, FieldClass, Type, walk
from engine.language.telling import located, message_of
from engine.proof.net import Node
from engine.proof.possible import OPEN, Data, truth_values, values_of
from engine.proof.table import possible_outputs

Names = frozenset[str]
Change = dict[str, Any]
NOTHING: Names = frozenset()
FLAGS = frozenset({"bool"})
FAILURE: Final = "?"
"""Stands among the outputs of an operator for the code of the error that it ended with."""


@dataclass(frozen=True)
class Effects:
    """The forms, tables, operators and profile values behind the steps of a net."""

    forms: Mapping[str, Form]
    tables: Mapping[str, DecisionTable]
    operators: Mapping[str, OperatorFacts]
    names: Mapping[str, Any]
    """What expressions see besides variables: `profile`."""

    def reads(self, node: Node, wanted: Names) -> Names:
        """Return which of the wanted variables a step looks at or computes a wanted one from."""
        found: set[str] = set()
        for way in node.ways:
            if way.condition is not None:
                found |= way.condition.names
        ending = completion(node)
        if ending is not None:
            found |= ending.names
        found |= self._sources(node, wanted)
        return frozenset(found)

    def _sources(self, node: Node, wanted: Names) -> set[str]:
        if node.script is not None:
            written: set[str] = set()
            read: set[str] = set()
            for line in node.script.lines:
                if line.target in wanted:
                    read |= line.expression.names - written
                written.add(line.target)
            return read
        table = self.tables.get(node.element.decision_ref or "")
        if table is not None and any(output.name in wanted for output in table.outputs):
            return set(table.names)
        found: set[str] = set()
        for asked in self.fields(node):
            if asked.key in wanted:
                found = found.union(*(hide.names for hide in asked.hides))
        return found - self._keys(node)

    def looked_at(self, node: Node) -> Names:
        """Return all variables on which it may depend how a step ends or which way is taken."""
        found: set[str] = set()
        for way in node.ways:
            found |= way.condition.names if way.condition is not None else NOTHING
        for line in node.script.lines if node.script is not None else ():
            found |= line.expression.names
        table = self.tables.get(node.element.decision_ref or "")
        if table is not None:
            found |= table.names
            for output in table.outputs:
                found |= output.default.names if output.default is not None else NOTHING
        for asked in self.fields(node):
            found = found.union(*(hide.names for hide in asked.hides))
        for parameter in node.element.parameters if any(self.facts(node)) else ():
            found |= compile_expression(parameter.value).names
        return frozenset(found)

    def writes(self, node: Node) -> Names:
        """Return what a step surely sets, whatever is answered."""
        found: set[str] = set()
        if node.script is not None:
            found |= set(node.script.targets)
        table = self.tables.get(node.element.decision_ref or "")
        if table is not None:
            found |= {output.name for output in table.outputs}
        found = found.union(*(facts.outputs for facts in self.facts(node)))
        if node.element.multi_instance is None:
            found |= {field.key for field in self.fields(node) if not field.hides}
        return frozenset(found)

    def changes(self, node: Node, data: Data, wanted: Names) -> list[Change]:
        """Return every change of the wanted variables with which a step can end.

        Raise DiagramError when a script or table cannot be computed over the values that reach it.
        """
        seen = {**data, **self.names}
        try:
            if node.script is not None:
                return list(self._assigned(node, seen, wanted))
            if node.element.decision_ref:
                return list(self._decided(node, seen, wanted))
        except CasetableError as error:
            raise DiagramError(located(node.element.id, message_of(error))) from error
        return list(self._answered(node, seen, wanted))

    # -- scripts ---------------------------------------------------------------------------------

    def _assigned(self, node: Node, seen: Change, wanted: Names) -> Iterator[Change]:
        lines = list(node.script.lines) if node.script else []
        yield from _each_line(lines, seen, {}, wanted)

    # -- tables ----------------------------------------------------------------------------------

    def _decided(self, node: Node, seen: Change, wanted: Names) -> Iterator[Change]:
        table = self.tables[node.element.decision_ref or ""]
        outputs = [output.name for output in table.outputs if output.name in wanted]
        if not outputs:
            yield {}
        elif not any(seen.get(name) is OPEN for name in table.names):
            found = table.evaluate(seen)
            yield {name: found[name] for name in outputs}
        else:
            yield from possible_outputs(table, seen, outputs)

    # -- forms and operators ---------------------------------------------------------------------

    def fields(self, node: Node) -> list["Asked"]:
        """Return the fields of a step's form whose answers become variables."""
        form = self.forms.get(node.element.properties.get("formRef", ""))
        return list(_asked(form.components, ())) if form else []

    def _keys(self, node: Node) -> set[str]:
        form = self.forms.get(node.element.properties.get("formRef", ""))
        return {component.key for component, _ in walk(form.components)} if form else set()

    def facts(self, node: Node) -> Iterator[OperatorFacts]:
        """Yield what is known of a step's operator and of what records its form."""
        for name in (node.element.operator, node.element.properties.get("recordWith")):
            if name is not None and name in self.operators:
                yield self.operators[name]

    def _outputs(self, node: Node, seen: Change) -> dict[str, tuple[Any, ...]]:
        """Return every value that the outputs of a step can have."""
        return {
            output: self._output(node, facts, output, seen)
            for facts in self.facts(node)
            for output in facts.outputs
        }

    def _output(
        self, node: Node, facts: OperatorFacts, output: str, seen: Change
    ) -> tuple[Any, ...]:
        named = facts.output_values.get(output, ())
        if output in facts.repeated:
            repeated = self._input(node, facts.repeated[output], seen)
            return tuple(dict.fromkeys((*repeated, *named)))
        return named or _of_type(facts.outputs[output])

    def _input(self, node: Node, name: str, seen: Change) -> tuple[Any, ...]:
        """Return what an operator may be given: by its parameter, or by the field of its form."""
        for parameter in node.element.parameters:
            if parameter.name == name:
                return values_of(compile_expression(parameter.value), seen)
        for field in self.fields(node):
            if field.key == name:
                return _allowed(field.component)
        return (OPEN,)

    def _answered(self, node: Node, seen: Change, wanted: Names) -> Iterator[Change]:
        many = node.element.multi_instance
        if many is not None:
            yield from self._repeated(node, many, seen, wanted)
            return
        given = self._outputs(node, seen)
        outputs = {name: found for name, found in given.items() if name in wanted}
        for answers in self._answers(node, seen, wanted - outputs.keys()):
            for values in product(*outputs.values()):
                yield answers | dict(zip(outputs, values, strict=True))

    def _repeated(
        self, node: Node, many: MultiInstance, seen: Change, wanted: Names
    ) -> Iterator[Change]:
        if many.output:
            # Each partner's answer goes into the context of all answers, which is open.
            yield dict.fromkeys({many.output} & wanted, OPEN)
            return
        # What the last of them answered stays; nothing where nobody was asked.
        found = list(self._answers(node, seen, wanted))
        yield {}
        yield from (change for change in found if change)

    def _answers(self, node: Node, seen: Change, wanted: Names) -> Iterator[Change]:
        asked = [one for one in self.fields(node) if one.key in wanted]
        others = dict.fromkeys(self._keys(node), OPEN)
        given: list[Change] = []
        for values in product(*(_allowed(one.component) for one in asked)):
            answers = dict(zip((one.key for one in asked), values, strict=True))
            for change in _shown(asked, answers, {**seen, **others}):
                if change not in given:
                    given.append(change)
        yield from given


@dataclass(frozen=True)
class Asked:
    """One field whose answer becomes a variable, and the conditions that hide it."""

    component: Component
    hides: tuple[Expression, ...]

    @property
    def key(self) -> str:
        """Return the name of the variable."""
        return self.component.key


def _asked(components: Iterable[Component], around: tuple[Expression, ...]) -> Iterator[Asked]:
    for component in components:
        hide = component.hide.program if component.hide else None
        hides = (*around, hide) if hide is not None else around
        if component.keyed and component.field_class is FieldClass.PROCESS:
            if not component.disabled:
                yield Asked(component, hides)
        elif component.type is not Type.DYNAMICLIST:
            yield from _asked(component.components, hides)


def completion(node: Node) -> Expression | None:
    """Return the condition that ends a repeated step early."""
    many = node.element.multi_instance
    source = many.completion_condition if many else ""
    return compile_expression(source) if source else None


def _each_line(lines: list[Any], seen: Change, done: Change, wanted: Names) -> Iterator[Change]:
    if not lines:
        yield {name: value for name, value in done.items() if name in wanted}
        return
    first, *rest = lines
    for value in values_of(first.expression, seen):
        # A context or a list that answers are collected in becomes open with the first of them.
        kept = OPEN if isinstance(value, dict | list) else value
        yield from _each_line(
            rest, {**seen, first.target: value}, {**done, first.target: kept}, wanted
        )


def _of_type(kind: str) -> tuple[Any, ...]:
    return (True, False) if kind in FLAGS else (OPEN,)


def _allowed(component: Component) -> tuple[Any, ...]:
    """Return every answer to a field; one that need not be answered may stay empty."""
    if component.type is Type.CHECKBOX:
        return (True, False)
    closed = component.options and not component.options_directory
    if component.type not in {Type.RADIO, Type.SELECT} or not closed:
        return (OPEN,)
    values = tuple(option.value for option in component.options)
    return values if component.rules.required else (*values, None)


def _shown(asked: list[Asked], answers: Change, seen: Change) -> Iterator[Change]:
    """Yield the answers without the fields that are hidden; both where that is open."""
    kept: list[Change] = [{}]
    for one in asked:
        hidden = _hidden(one, {**seen, **answers})
        more: list[Change] = []
        for change in kept:
            if True in hidden:
                more.append(change)
            if False in hidden:
                more.append({**change, one.key: answers[one.key]})
        kept = more
    yield from kept


def _hidden(one: Asked, scope: Change) -> set[bool]:
    """Say whether a field may be hidden, and whether it may be shown."""
    # A condition without a value hides, as in the editor of forms.
    ways = [{value is not False for value in truth_values(hide, scope)} for hide in one.hides]
    return {any(combination) for combination in product(*ways)}
