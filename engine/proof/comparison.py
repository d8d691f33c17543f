"""Compares a marking of the proof with where an instance of engine.bpmn stands."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.bpmn import Completed, Instance, Level, Standing, standing_of
from engine.proof.joining import combined
from engine.proof.marking import State, Token, Values
from engine.proof.net import Node
from engine.proof.possible import OPEN
from engine.proof.repetition import MANY
from engine.proof.semantics import Semantics

_ABSENT: Final = object()
_MANY: Final = 3
"""From so many entries on a repeated step counts as having many."""


class Comparison:
    """Says in words how an instance differs from a marking; an empty text says that it agrees."""

    def __init__(self, semantics: Semantics) -> None:
        self._live = semantics.live
        self._asked = semantics.asked
        self._net = semantics.net
        self._effects = semantics.effects
        self._keys = {(node.level, node.element.id): node.key for node in self._net.nodes}

    def key(self, level: str, element: str) -> int:
        """Return the node of a drawn element, by the process or sub-process it stands in."""
        return self._keys[level, element]

    def of_state(self, state: State, instance: Instance) -> str:
        """Compare a marking that is no flaw."""
        if state[0] == "end":
            if not instance.completed:
                return "the process has not ended"
            names = self._live.after[self._net.root]
            return _values(state[1], instance.variables(), names, "at the end")
        if instance.completed:
            return "the process has ended"
        return self._level(state, standing_of(instance))

    def of_events(self, events: Iterable[tuple[int, Values]], found: list[Completed]) -> str:
        """Compare what was completed, in order, with the variables that rules look at."""
        asked = [one for one in found if self.key(one.level, one.element_id) in self._asked]
        expected = list(events)
        for (key, values), one in zip(expected, asked, strict=False):
            node = self._net.nodes[key]
            if key != self.key(one.level, one.element_id):
                return f"{one.element_id} was completed, not {node.element.id}"
            told = _values(values, one.data, self._asked[key], f"after {node.element.id}")
            if told:
                return told
        if len(expected) != len(asked):
            return f"{len(asked)} steps were completed, not {len(expected)}"
        return ""

    def _collected(self, node: Node) -> frozenset[str]:
        """Return what a repeated step gathers while it is open; nobody reads it before its end."""
        many = node.element.multi_instance
        if many is None:
            return frozenset()
        return frozenset({many.output, *(one.key for one in self._effects.fields(node))})

    def _level(self, state: State, level: Level) -> str:
        name, inside, ended = state
        if level.id != name:
            return f"{level.id} runs, not {name}"
        tokens = [(Token(one[0], 0, *one[1:8]), one[8]) for one in inside]
        told = self._matched(tokens, list(level.steps), name)
        if told or (not ended and level.ended is None):
            return told
        if bool(ended) != (level.ended is not None):
            return f"{name}: a branch has ended, or not"
        after = self._live.after[name]
        tellings = [
            _values(values, level.ended or {}, after, f"ended in {name}")
            for values, _ in combined(ended, after)
        ]
        return "" if "" in tellings else tellings[0]

    def _matched(
        self, tokens: list[tuple[Token, State | None]], steps: list[Standing], level: str
    ) -> str:
        if len(tokens) != len(steps):
            drawn = sorted(self._net.nodes[token.node].element.id for token, _ in tokens)
            return f"{level}: {sorted(one.element_id for one in steps)} are open, not {drawn}"
        if not tokens:
            return ""
        (token, inner), *others = tokens
        told = f"{level}: {self._net.nodes[token.node].element.id} is not open"
        for number, step in enumerate(steps):
            if self._keys[level, step.element_id] != token.node:
                continue
            told = self._step(token, inner, step)
            if not told:
                told = self._matched(others, steps[:number] + steps[number + 1 :], level)
                if not told:
                    return ""
        return told

    def _step(self, token: Token, inner: State | None, step: Standing) -> str:
        node = self._net.nodes[token.node]
        if step.left is not None and token.note != (MANY if step.left >= _MANY else step.left):
            return f"{node.element.id}: {step.left} entries are left, not {token.note}"
        boundaries = set(node.boundaries) - token.fired
        listening = {self._keys[node.level, name]: data for name, data in step.listening.items()}
        if boundaries != listening.keys():
            return f"{node.element.id}: {sorted(step.listening)} wait on its border"
        for key, data in listening.items():
            where = f"armed for {self._net.nodes[key].element.id}"
            told = _values(token.armed, data, self._live.before[key], where)
            if told:
                return told
        if inner is not None:
            if step.inner is None:
                return f"{node.element.id}: nothing runs inside"
            return self._level(inner, step.inner)
        names = self._live.before[node.key] - self._collected(node)
        return _values(token.values, step.data, names, f"at {node.element.id}")


def _values(expected: Values, data: Mapping[str, Any], names: Iterable[str], where: str) -> str:
    known = dict(expected)
    for name in sorted(names):
        mine, theirs = known.get(name, _ABSENT), data.get(name, _ABSENT)
        if mine is OPEN or mine is theirs:
            continue
        if type(mine) is not type(theirs) or mine != theirs:
            return f"{where}, {name} is {_said(theirs)}, not {_said(mine)}"
    return ""


def _said(value: Any) -> str:
    return "not set" if value is _ABSENT else repr(value)
