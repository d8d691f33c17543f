"""How steps follow each other: what engine.bpmn does, on markings and for every possible value.

The rules are those of BPMN 2.0, chapter 13, in the subset that is executed; where several orders
are possible it takes the one of engine.bpmn, and tests compare the two.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from engine.errors import DiagramError
from engine.language.telling import told
from engine.proof import ending, event, gateway, repetition
from engine.proof.effect import FAILURE, Effects
from engine.proof.liveness import JOINS, Liveness
from engine.proof.marking import (
    OPEN_STEP,
    OPENING,
    READY,
    RUNNING,
    Base,
    Board,
    Scope,
    Token,
    Values,
    only,
)
from engine.proof.net import CALLS, PEOPLE, Net, Node, Way

BUDGET: Final = 2_000
CIRCLE: Final = "circle"


class Semantics:
    """Moves steps over a net."""

    def __init__(
        self,
        net: Net,
        effects: Effects,
        liveness: Liveness,
        asked: Mapping[int, frozenset[str]],
        *,
        handlers: int = 1,
    ) -> None:
        self.net = net
        self.effects = effects
        self.live = liveness
        self.asked = asked
        self.wanted = liveness.wanted
        self.visited: set[int] = set()
        """The steps that some case completes."""
        self.handlers = handlers
        """How many branches of events that do not interrupt are followed at the same time."""
        self._joined = {
            name: liveness.after[name].union(
                *(
                    liveness.before[key]
                    for key in level.nodes
                    if net.nodes[key].kind in {"parallelGateway", "inclusiveGateway"}
                )
            )
            for name, level in net.levels.items()
        }
        self.meeting = {
            node.level for node in net.nodes if node.kind in JOINS and len(node.incoming) > 1
        }
        """The levels in which branches meet at a gateway."""
        self._behind = [
            asked.get(node.key, frozenset[str]()).union(
                *(liveness.before[way.target] for way in node.ways),
                self._joined[node.level] if len(node.ways) > 1 else (),
            )
            for node in net.nodes
        ]
        """What is looked at after each step."""
        self._arming = [
            frozenset[str]().union(*(liveness.before[key] for key in node.boundaries))
            for node in net.nodes
        ]
        self.looked_at = [effects.looked_at(node) for node in net.nodes]
        self._changes: dict[tuple[int, Values], list[dict[str, Any]]] = {}
        self._ways: dict[tuple[int, Values], list[int | None]] = {}

    # -- moving on -------------------------------------------------------------------------------

    def settle(self, board: Board) -> list[Board]:
        """Run all automatic steps; return every marking in which nothing runs by itself."""
        pending, settled, steps = [board], list[Board](), 0
        while pending:
            current = pending.pop()
            key = self._next(current) if current.done is None and not current.flaws else None
            if key is None:
                settled.append(current)
                continue
            steps += 1
            if steps > BUDGET:
                current.flaws.append((CIRCLE, current.tokens[key].node))
                return [current]
            pending += self._run(current, key)
        return settled

    def _next(self, board: Board) -> int | None:
        """Return the next automatic step: interrupts first, then the innermost process."""
        ready = [pair for pair in board.tokens.items() if pair[1].phase == READY]
        if len(ready) <= 1:
            return ready[0][0] if ready else None
        found: tuple[int, int, int] | None = None
        interrupt = None
        for key, token in ready:
            node = self.net.nodes[token.node]
            if node.element.multi_instance is not None and token.note is None:
                # The entries open together with the step.
                return key
            if node.kind == "boundaryEvent":
                interrupt = key if interrupt is None else interrupt
            rank = board.ranks.get(token.scope, token.scope)
            place = (-board.depth(token.scope), rank, key)
            found = place if found is None else min(found, place)
        if interrupt is not None:
            return interrupt
        return None if found is None else found[2]

    def _run(self, board: Board, key: int) -> list[Board]:  # noqa: PLR0911 - one line a kind
        token = board.tokens[key]
        node = self.net.nodes[token.node]
        if token.note == OPENING:
            return self._open_with_events(board, key, node)
        match node.kind:
            case "exclusiveGateway":
                return gateway.choose(self, board, key, node)
            case "inclusiveGateway":
                return gateway.choose_several(self, board, key, node)
            case "parallelGateway":
                return gateway.open_all(self, board, key)
            case "eventBasedGateway":
                self.leave(board, key, [token.note])
                return [board]
            case "endEvent":
                return ending.end(self, board, key, node)
            case "intermediateThrowEvent":
                return ending.throw(self, board, key, node)
            case "scriptTask" | "businessRuleTask" | "serviceTask":
                return self.finish(board, key)
        if node.element.multi_instance is not None:
            return self._repeat(board, key, node)
        self.leave(board, key)
        return [board]

    def _open_with_events(self, board: Board, key: int, node: Node) -> list[Board]:
        """Open a step together with the events on its border, when its turn comes."""
        token = board.tokens.pop(key)
        phase = self._phase(node, node)
        key = board.number()
        board.tokens[key] = token._replace(note=None, phase=phase)
        if phase == RUNNING:
            self.open(board, key, node)
        return [board]

    def _repeat(self, board: Board, key: int, node: Node) -> list[Board]:
        """Begin a repeated step, go on after one entry of it, or complete it."""
        note = board.tokens[key].note
        if note is None:
            return repetition.open_entries(self, board, key, node)
        if note == 0:
            return self.finish(board, key)
        return list(repetition.after_entry(self, board, key))

    def changes(self, board: Board, node: Node, values: Values) -> list[dict[str, Any]]:
        """Return every way in which a step can change the variables."""
        board.surroundings.touch(self.looked_at[node.key])
        seen = only(values, self.looked_at[node.key])
        found = self._changes.get((node.key, seen))
        if found is None:
            found = self.effects.changes(node, dict(seen), self.live.wanted)
            self._changes[node.key, seen] = found
        for change in found:
            board.surroundings.touch(change)
        return found

    def ways(self, board: Board, node: Node, values: Values) -> list[int | None]:
        """Return which ways of an exclusive gateway may be taken."""
        board.surroundings.touch(self.looked_at[node.key])
        seen = only(values, self.looked_at[node.key])
        found = self._ways.get((node.key, seen))
        if found is None:
            found = self._ways[node.key, seen] = gateway.possible_ways(self, node, seen)
        return found

    def finish(self, board: Board, key: int) -> list[Board]:
        """Complete a step in every way that it can end."""
        token = board.tokens[key]
        node = self.net.nodes[token.node]
        found = []
        failed = list(self._failed(board, key, node))
        changes = self.changes(board, node, token.values)
        if node.element.multi_instance is not None:
            # Where nobody was asked, nobody answered.
            nobody = (node.key, 0) in board.choices
            changes = [one for one in changes if bool(one) is not nobody] or changes
        for change in changes:
            one = board.copy() if len(changes) > 1 else board
            values = dict(token.values) | change
            one.tokens[key] = token._replace(values=tuple(sorted(values.items())))
            if change:
                one.choices.append((node.key, change))
            self.leave(one, key)
            found.append(one)
        return [*failed, *found]

    def _failed(self, board: Board, key: int, node: Node) -> Iterator[Board]:
        """Yield the ways in which an operator can end with an error that is caught."""
        for code in event.caught_codes(self, board, key) if node.kind == "serviceTask" else ():
            one = board.copy()
            one.choices.append((node.key, {FAILURE: code}))
            event.fail(self, one, key, code)
            yield one

    def leave(self, board: Board, key: int, targets: Iterable[int | None] | None = None) -> None:
        """Complete a step and open those that follow: `targets`, or all that are drawn."""
        token = board.tokens.pop(key)
        node = self.net.nodes[token.node]
        self.note(board, node, token.values)
        ways = list(node.ways if targets is None else _ways_to(node, targets))
        base = Base(token.values, token.base) if len(ways) > 1 else token.base
        before = token if base is token.base else token._replace(base=base)
        for way in ways:
            self.enter(board, way.target, before, way.flow)
        if node.level in self.meeting:
            gateway.recheck(self, board, token.scope)

    def seen_behind(self, node: Node, values: Values) -> Values:
        """Return the variables after a step that anything looks at later."""
        return only(values, self._behind[node.key])

    def note(self, board: Board, node: Node, values: Values) -> None:
        """Write down what rules look at, and that the step can be reached."""
        self.visited.add(node.key)
        asked = self.asked.get(node.key)
        if asked is not None:
            board.surroundings.touch(asked)
            board.events.append((node.key, only(values, asked) if asked else ()))

    def enter(self, board: Board, target: int, before: Token, flow: str = "") -> None:
        """Open a step behind another one."""
        node = self.net.nodes[target]
        values = only(before.values, self.live.before[target])
        token = Token(
            target,
            before.scope,
            READY if node.boundaries else self._phase(node, self.net.nodes[before.node]),
            values,
            self.trimmed(before.base, node.level),
            OPENING if node.boundaries else None,
            self._armed(node, values),
            frozenset(),
            before.origin,
        )
        key = board.number()
        board.tokens[key] = token
        if node.boundaries:
            return
        if node.kind in {"parallelGateway", "inclusiveGateway"} and len(node.incoming) > 1:
            gateway.arrive(self, board, key, flow)
        elif node.kind in CALLS and node.element.multi_instance is None:
            self.open(board, key, node)

    def _phase(self, node: Node, before: Node) -> str:
        if node.element.multi_instance is not None or before.kind == "eventBasedGateway":
            return READY
        if node.kind in PEOPLE or node.kind in {"eventBasedGateway", "intermediateCatchEvent"}:
            return OPEN_STEP
        if node.kind == "serviceTask" and self.is_deferred(node):
            return OPEN_STEP
        return RUNNING if node.kind in CALLS else READY

    def is_deferred(self, node: Node) -> bool:
        """Say whether the effect of a service task is confirmed later."""
        facts = self.effects.operators.get(node.element.operator or "")
        return facts is not None and facts.deferred

    def _armed(self, node: Node, values: Values) -> Values:
        live = self._arming[node.key]
        return only(values, live) if live else ()

    def trimmed(self, base: Base | None, level: str) -> Base | None:
        """Return a parting with those variables alone that still matter in its level."""
        if base is None:
            return None
        return Base(only(base.values, self._joined[level]), self.trimmed(base.around, level))

    def open(self, board: Board, key: int, node: Node) -> None:
        """Begin the process or sub-process inside a step."""
        token = board.tokens[key]
        number = board.number()
        board.scopes[number] = Scope(node.inner, key)
        for start in self.net.levels[node.inner].starts:
            if not self.net.nodes[start].event:
                self.enter(board, start, Token(start, number, READY, token.values))
                if node.element.multi_instance is None:
                    # Its variables come back from inside; those of events on its border are armed.
                    board.tokens[key] = token._replace(values=())
                return
        raise DiagramError(
            told(
                "%(id)s: %(inner)s has no plain start event; draw one.",
                id=node.element.id,
                inner=node.inner,
            )
        )


def _ways_to(node: Node, targets: Iterable[int | None]) -> Iterator[Way]:
    """Yield one way to each target: of two flows between the same steps one choice takes one."""
    left = list(node.ways)
    for target in targets:
        way = next((one for one in left if one.target == target), None)
        if way is not None:
            left.remove(way)
            yield way
