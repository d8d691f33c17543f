"""Chooses real values for what the proof leaves open: answers, outputs, sizes of collections.

Tried first is what ends no wait by itself; then the values next to every value that a condition
of the net compares the variable with.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice, product
from typing import Any, Final

from engine.decision import DecisionTable
from engine.expression import Expression, compile_expression, tree
from engine.form.form import Type
from engine.proof.effect import Effects, completion
from engine.proof.graph import Edge
from engine.proof.net import Net, Node
from engine.proof.possible import OPEN
from engine.proof.repetition import MANY

FAR: Final = date(2026, 3, 1)
"""Where a date that nobody names lies, after the start of each play."""
AHEAD: Final = timedelta(days=45)
"""How far ahead it lies once the play has come to it."""
WAIT: Final = "P10D"
MOST_TRIES: Final = 400
NUMBERS: Final = (0, 1, 2, 3, 10)
_SIZES: Final[Mapping[Any, int]] = {0: 0, 1: 1, 2: 2, MANY: 3}
_FIELDS: Final[Mapping[Type, Any]] = {
    Type.CHECKBOX: False,
    Type.NUMBER: 1,
    Type.DATETIME: FAR.isoformat(),
    Type.CHECKLIST: [],
    Type.TAGLIST: [],
    Type.FILEPICKER: [],
}
_TYPES: Final[Mapping[str, Any]] = {
    "bool": False,
    "int": 0,
    "float": 0.0,
    "date": FAR.isoformat(),
    "datetime": f"{FAR.isoformat()}T09:00:00Z",
    "dict": {},
    "list": [],
}
Names = Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """What is handed to an instance when one thing happens."""

    answers: Names
    outputs: tuple[tuple[str, Names], ...]
    """By operator, in the order of the calls."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """How many entries a collection that is made now has."""


class Concrete:
    """Chooses values over one net."""

    def __init__(self, net: Net, effects: Effects, wanted: Iterable[str]) -> None:
        self._net = net
        self._effects = effects
        self._wanted = frozenset(wanted)
        self._collections = frozenset(
            node.element.multi_instance.collection
            for node in net.nodes
            if node.element.multi_instance
        )
        self._rules = dict(_timer_rules(net))
        self._compared = _compared(net, effects)
        self._kinds = _kinds(net, effects)
        self._options = {
            one.key: [option.value for option in one.component.options]
            for node in net.nodes
            for one in effects.fields(node)
            if one.component.options
        }

    def tries(self, edge: Edge, sizes: Mapping[str, int]) -> Iterator[Given]:
        """Yield what may be handed over so that an edge is taken, the most likely first."""
        slots = list(self._slots(edge))
        values = product(*(self.candidates(name) for _, name in slots))
        for chosen in islice(values, MOST_TRIES):
            yield self._given(edge, dict(zip(slots, chosen, strict=True)), sizes)

    def candidates(self, name: str) -> list[Any]:
        """Return values for an open variable."""
        if name in self._collections:
            return [collection(size) for size in range(4)]
        if name in self._rules:
            return [self._rules[name]]
        if name in self._options:
            return self._options[name]
        found = [*self._compared.get(name, ()), *NUMBERS, FAR.isoformat(), "text", None]
        kinds = self._kinds.get(name)
        return [one for one in found if kinds is None or type(one) in kinds]

    def _slots(self, edge: Edge) -> Iterator[tuple[int, str]]:
        """Yield the open values, by the position of the choice or -1 for the answers."""
        for name, value in edge.stimulus.values:
            if value is OPEN:
                yield -1, name
        node = None if edge.stimulus.node is None else self._net.nodes[edge.stimulus.node]
        many = node.element.multi_instance if node else None
        if node is not None and many is not None:
            named = {many.output_item} if many.output and completion(node) else self._wanted
            yield from ((-1, one.key) for one in self._effects.fields(node) if one.key in named)
        for position, (key, choice) in enumerate(edge.choices):
            if self._net.nodes[key].kind == "serviceTask" and isinstance(choice, Mapping):
                for name, value in choice.items():
                    if value is OPEN:
                        yield position, name

    def _given(
        self, edge: Edge, chosen: Mapping[tuple[int, str], Any], sizes: Mapping[str, int]
    ) -> Given:
        asked = {name: value for (place, name), value in chosen.items() if place < 0}
        answers = {**dict(edge.stimulus.values), **asked}
        if edge.stimulus.node is not None:
            answers = {**self._defaults(self._net.nodes[edge.stimulus.node]), **answers}
        outputs = []
        for position, (key, choice) in enumerate(edge.choices):
            node = self._net.nodes[key]
            if node.kind == "serviceTask" and isinstance(choice, Mapping):
                filled = {
                    name: chosen.get((position, name), value) for name, value in choice.items()
                }
                outputs.append((node.element.operator or "", filled))
        return Given(
            {name: self._sized(name, value, sizes) for name, value in answers.items()},
            tuple(outputs),
            sizes,
        )

    def _defaults(self, node: Node) -> dict[str, Any]:
        """Return answers and outputs of a step that the proof does not follow."""
        found: dict[str, Any] = {}
        for one in self._effects.fields(node):
            options = one.component.options
            known = _FIELDS.get(one.component.type, options[0].value if options else "text")
            found[one.key] = self._rules.get(one.key, known)
        for facts in self._effects.facts(node):
            found |= self.outputs(facts.name)
        return {name: value for name, value in found.items() if name not in self._wanted}

    def outputs(self, operator: str, sizes: Mapping[str, int] | None = None) -> dict[str, Any]:
        """Return plain values for all outputs of an operator."""
        facts = self._effects.operators.get(operator)
        found: dict[str, Any] = {}
        for name, kind in facts.outputs.items() if facts else ():
            named = facts.output_values.get(name, ()) if facts else ()
            plain = named[0] if named else _TYPES.get(kind, "text")
            value = self._rules.get(name, plain)
            found[name] = self._sized(name, value, sizes or {})
        return found

    def dated(self, values: Names, now: datetime) -> dict[str, Any]:
        """Return values in which the dates of timers lie ahead of an instant."""
        ahead = max(FAR, now.date() + AHEAD).isoformat()
        return {
            name: ahead if value == FAR.isoformat() and name in self._rules else value
            for name, value in values.items()
        }

    def _sized(self, name: str, value: Any, sizes: Mapping[str, int]) -> Any:
        return collection(sizes.get(name, 1)) if name in self._collections else value


def collection(size: int) -> dict[str, dict[str, str]]:
    """Return a collection with so many entries."""
    return {f"entry_{number}": {"name": f"entry {number}"} for number in range(size)}


def size_of(choice: Any) -> int:
    """Return how many entries a collection needs for what was assumed of a repeated step."""
    return _SIZES[choice]


def _kinds(net: Net, effects: Effects) -> dict[str, tuple[type, ...]]:
    """Return the types that open answers and outputs have; only numbers and texts are told."""
    found: dict[str, tuple[type, ...]] = {}
    for node in net.nodes:
        for one in effects.fields(node):
            answered = int if one.component.type is Type.NUMBER else str
            empty = () if one.component.rules.required else (type(None),)
            found[one.key] = (*found.get(one.key, ()), answered, *empty)
        for facts in effects.facts(node):
            for name, kind in facts.outputs.items():
                given = type(_TYPES.get(kind, "text"))
                found[name] = (*found.get(name, ()), given)
    return found


def _timer_rules(net: Net) -> Iterator[tuple[str, Any]]:
    """Yield the variables that say when a timer is due, with a rule that is far away."""
    for node in net.nodes:
        found = node.element.event
        if found is None or found.kind != "timer" or not found.rule:
            continue
        rule = WAIT if found.rule_kind == "timeDuration" else FAR.isoformat()
        if not found.rule.strip().startswith(("P", "R", "2")):
            for name in compile_expression(found.rule).names:
                yield name, rule


def _compared(net: Net, effects: Effects) -> dict[str, list[Any]]:
    """Return the values next to those that conditions compare each variable with."""
    found: dict[str, list[Any]] = {}
    for names, constants in _comparisons(net, effects):
        for name in names:
            kept = found.setdefault(name, [])
            for value in constants:
                kept += [one for one in _next_to(value) if one not in kept]
    return found


def _comparisons(net: Net, effects: Effects) -> Iterator[tuple[frozenset[str], list[Any]]]:
    for node in net.nodes:
        expressions = [way.condition for way in node.ways if way.condition is not None]
        ending = completion(node)
        expressions += [ending] if ending is not None else []
        expressions += [line.expression for line in node.script.lines] if node.script else []
        for expression in expressions:
            yield expression.names, list(_constants(expression))
        table = effects.tables.get(node.element.decision_ref or "")
        if table is not None:
            yield from _of_table(table)


def _of_table(table: DecisionTable) -> Iterator[tuple[frozenset[str], list[Any]]]:
    for number, column in enumerate(table.inputs):
        cells = [rule.tests[number].tests for rule in table.rules]
        found = [value for cell in cells if cell is not None for value in _literals(cell.tree)]
        yield column.expression.names, [*found, *_constants(column.expression)]


def _constants(expression: Expression) -> Iterator[Any]:
    yield from _literals(expression.tree)


def _literals(root: tree.Node) -> Iterator[Any]:
    for node in tree.walk(root):
        if isinstance(node, tree.Literal):
            yield node.value


def _next_to(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (value, not value)
    if isinstance(value, int | float):
        return (value, value - 1, value + 1)
    if isinstance(value, datetime):
        return (value.isoformat(),)
    if isinstance(value, date):
        days = (0, -1, 1)
        return tuple((value + timedelta(days=one)).isoformat() for one in days)
    return (value,) if isinstance(value, str) else ()
