"""Proves what can still happen to a case that runs already, from where it stands.

The proof of a drawing begins where cases begin. A case that was moved to another drawing, or began
before a rule was there, may stand where none would come; so it is looked at from its own marking,
with what its history has done for each rule already.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from engine.bpmn import Instance, Level
from engine.deployment import ResolvedDeployment
from engine.proof.behaviour import Behaviour
from engine.proof.explorer import explore_from, undisturbed
from engine.proof.graph import Graph
from engine.proof.history import Past
from engine.proof.marking import State
from engine.proof.matching import asked_after
from engine.proof.monitor import Event, Monitor
from engine.proof.net import Net, net_of
from engine.proof.player import START_OF_PLAY, Position
from engine.proof.possible import OPEN
from engine.proof.proof import Explored, Proof, Ruled, Verdict, Violation, broken_along, missed
from engine.proof.rule import ALONG, AWAITS, Check, Rule
from engine.proof.screening import broken_by_some_path
from engine.proof.soundness import flawed, open_nodes, reached_flaws
from engine.proof.whereabouts import Whereabouts

_MOST_REMEMBERED: Final = 100
"""Histories whose facts are kept: cases that are looked at together share a few."""


@dataclass(frozen=True)
class Standpoint:
    """Where a case stands and what its history has done for the rules.

    Of cases with the same standpoint the same is proved.
    """

    state: State
    facts: tuple[int, ...]
    """For each check of the rules, in their order."""


class Ahead:
    """What can still happen to the running cases of one process under a deployment."""

    def __init__(self, deployment: ResolvedDeployment, process: str) -> None:
        self._process = process
        self._ruled = Ruled(deployment)
        self._semantics = self._ruled.semantics(process)
        self._behaviour = Behaviour(self._semantics)
        self._whereabouts = Whereabouts(self._semantics)
        self._checks: list[tuple[Rule, Check]] = [
            (rule, check)
            for rule in self._ruled.rules
            for check in rule.checks
            if check.process == process and self._ruled.applies(check)
        ]
        self._nets: dict[str, Net] = {}
        self._looks: dict[tuple[str, int], _Looked] = {}
        self._remembered: dict[tuple[int, ...], tuple[tuple[Past, ...], tuple[int, ...]]] = {}

    def standpoint(
        self, instance: Instance, past: Iterable[Past] = (), level: Level | None = None
    ) -> Standpoint:
        """Return where an advanced instance of the deployment's program stands.

        `past` is its history, in parts where it was moved from one deployment to another. What a
        history did not note counts as open: a need is then not met, and what undoes one is.
        `level` is its standing where it is known.
        """
        return Standpoint(self._whereabouts.of(instance, level), self._all_facts(tuple(past)))

    @property
    def net(self) -> Net:
        """Return the drawing as a net."""
        return self._semantics.net

    def places(self, standpoint: Standpoint) -> tuple[str, ...]:
        """Return the open steps of a standpoint, as they are called in the drawing."""
        nodes = self._semantics.net.nodes
        return tuple(nodes[key].element.label for key in open_nodes(standpoint.state))

    def prove(self, standpoint: Standpoint, instance: Instance) -> Proof:
        """Check the rules from a standpoint at which the instance stands.

        Raise TooLargeError when that cannot be done completely, ReplayError when the engine does
        not go a path that breaks a rule.
        """
        started = perf_counter()
        net = self._semantics.net
        with undisturbed():
            graph = explore_from(self._semantics, standpoint.state, behaviour=self._behaviour)
            breakable = self._broken(graph, standpoint.facts)
        found = Explored(net, self._semantics, graph, breakable)
        origin = Position(instance, instance.dump(), START_OF_PLAY)
        proof = Proof(explored={self._process: found})
        broken: dict[str, list[Violation]] = {}
        for (rule, check), facts in zip(self._checks, standpoint.facts, strict=True):
            broken.setdefault(rule.id, []).extend(
                self._ruled.played(violation, rule, found, origin)
                for violation in self._violations(check, facts, found)
            )
        proof.verdicts = [
            Verdict(rule, tuple(broken[rule.id])) for rule in self._ruled.rules if rule.id in broken
        ]
        proof.seconds = perf_counter() - started
        return proof

    def _violations(self, check: Check, facts: int, found: Explored) -> Iterator[Violation]:
        if check.kind in ALONG:
            yield from broken_along(check, found, self._ruled.names, facts)
        elif check.kind == "sound":
            for flaw in reached_flaws(found.net, found.graph):
                element = found.net.nodes[flaw.place].element
                wrong = flawed(element, flaw.sentence)
                yield Violation(check.process, wrong, element.id, flaw.edges)
        elif check.kind == AWAITS:
            yield from missed(check, found, self._ruled.names, facts)

    def _broken(self, graph: Graph, facts: Sequence[int]) -> frozenset[Check]:
        """Return the checks that some path from a standpoint breaks."""
        asked = [
            (self._looked(None, check).monitor, known)
            for (_, check), known in zip(self._checks, facts, strict=True)
            if check.kind in {*ALONG, AWAITS}
        ]
        monitors = [monitor for monitor, _ in asked]
        return frozenset(broken_by_some_path(graph, monitors, [known for _, known in asked]))

    # -- what has happened -------------------------------------------------------------------------

    def _all_facts(self, past: tuple[Past, ...]) -> tuple[int, ...]:
        """Return for each check what it remembers of a history; of the same one worked out once."""
        key = tuple(map(id, past))
        if key not in self._remembered:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            facts = tuple(self._facts(check, past) for _, check in self._checks)
            # The history is kept along, so that no other one gets its identity.
            self._remembered[key] = (past, facts)
        return self._remembered[key][1]

    def _facts(self, check: Check, past: Sequence[Past]) -> int:
        """Return what a check remembers of a history."""
        if check.kind not in {*ALONG, AWAITS}:
            return 0
        facts: int | None = None
        for part in past:
            looked = self._looked(part, check)
            facts = looked.monitor.after(looked.events(part), facts)
        return self._looked(None, check).monitor.first if facts is None else facts

    def _looked(self, part: Past | None, check: Check) -> "_Looked":
        """Return how a check looks at a drawing, made once: thousands of cases ask for it."""
        key = ("" if part is None else part.deployment.id, id(check))
        if key not in self._looks:
            names: dict[str, Any] = dict(self._ruled.names)
            net = self._semantics.net
            if part is not None:
                names, net = {"profile": part.deployment.profile.values}, self._net(part)
            self._looks[key] = _Looked(net, check, names)
        return self._looks[key]

    def _net(self, part: Past) -> Net:
        found = self._nets.get(part.deployment.id)
        if found is None:
            found = net_of(part.deployment.processes, self._process, refuse=False)
            self._nets[part.deployment.id] = found
        return found


class _Looked:
    """One check over the drawing of a part of a history."""

    def __init__(self, net: Net, check: Check, names: Mapping[str, Any]) -> None:
        self.monitor = Monitor(net, check, names)
        asked = asked_after(net, (check,))
        self._asked = {
            (node.element.process, node.element.id): (node.key, sorted(asked[node.key]))
            for node in net.nodes
            if node.key in asked
        }

    def events(self, part: Past) -> Iterator[Event]:
        """Yield what the check asks of what happened."""
        met = self._asked.keys() & part.numbers.keys()
        for number in sorted(number for element in met for number in part.numbers[element]):
            process, element, told = part.happened[number]
            key, names = self._asked[process, element]
            noted = told or {}
            yield key, tuple((name, noted.get(name, OPEN)) for name in names)
