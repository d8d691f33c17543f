"""Proves the rules of a deployment on every path, or returns what breaks them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter
from typing import Any

from engine.check import facts_of
from engine.deployment import ResolvedDeployment
from engine.errors import DiagramError
from engine.operator import catalogue
from engine.proof import ownership, separation
from engine.proof.effect import Effects
from engine.proof.explorer import Edge, Graph, explore
from engine.proof.liveness import liveness_of
from engine.proof.matching import asked_after, steps_of
from engine.proof.monitor import Monitor
from engine.proof.net import Net, net_of
from engine.proof.replay import Replay
from engine.proof.rule import Check, Rule
from engine.proof.rulebook import rules_of
from engine.proof.semantics import Semantics
from engine.proof.soundness import Paths, flaws_of
from engine.proof.start import beginnings
from engine.proof.waiting import never_awaits


@dataclass(frozen=True)
class Violation:
    """One way in which a rule is broken."""

    process: str
    sentence: str
    """What is wrong and where, in words."""
    element: str = ""
    edges: tuple[Edge, ...] = ()
    """The path to it; none where no path is the trouble."""
    unplayed: str = ""
    """Why the path was not played through in the engine: the drawing is refused there."""


@dataclass(frozen=True)
class Verdict:
    """One rule and what breaks it; it holds when nothing does."""

    rule: Rule
    violations: tuple[Violation, ...] = ()

    @property
    def holds(self) -> bool:
        """Say whether the rule holds on every path."""
        return not self.violations


@dataclass
class Explored:
    """One process with all its markings."""

    net: Net
    semantics: Semantics
    graph: Graph


@dataclass
class Proof:
    """The verdicts on a deployment and how much was looked at."""

    verdicts: list[Verdict] = field(default_factory=list)
    explored: dict[str, Explored] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Say whether every rule holds."""
        return all(verdict.holds for verdict in self.verdicts)

    @property
    def states(self) -> int:
        """Return how many markings were looked at."""
        return sum(len(one.graph.states) for one in self.explored.values())

    @property
    def transitions(self) -> int:
        """Return how many things can happen in them."""
        return sum(one.graph.transitions for one in self.explored.values())


def prove(deployment: ResolvedDeployment, *, handlers: int = 1) -> Proof:
    """Check every rule of a deployment; raise TooLargeError when that cannot be done completely."""
    return _Prover(deployment, handlers).run()


class _Prover:
    def __init__(self, deployment: ResolvedDeployment, handlers: int) -> None:
        self._deployment = deployment
        self._handlers = handlers
        self._rules = rules_of(deployment)
        self._names: Mapping[str, Any] = {"profile": deployment.profile.values}
        self._proof = Proof()

    @cached_property
    def _effects(self) -> Effects:
        found = self._deployment
        return Effects(found.forms, found.decisions, facts_of(catalogue()), self._names)

    def run(self) -> Proof:
        started = perf_counter()
        for rule in self._rules:
            found = [
                violation
                for check in rule.checks
                if self._applies(check)
                for violation in self._violations(check)
            ]
            played = tuple(self._played(violation, rule) for violation in found)
            self._proof.verdicts.append(Verdict(rule, played))
        self._proof.seconds = perf_counter() - started
        return self._proof

    def _played(self, violation: Violation, rule: Rule) -> Violation:
        """Play the path of a violation through the engine; raise ReplayError when it cannot be."""
        if not violation.edges:
            return violation
        found = self._explored(violation.process)
        try:
            program = self._deployment.program(violation.process)
        except DiagramError as error:
            return replace(violation, unplayed=str(error))
        zone = self._deployment.profile.zone
        Replay(program, found.semantics, found.graph.states, zone).confirm(violation.edges, rule.id)
        return violation

    def _applies(self, check: Check) -> bool:
        return check.only_if is None or check.only_if.evaluate(self._names) is True

    def _explored(self, process: str) -> Explored:
        if process not in self._proof.explored:
            net = net_of(self._deployment.processes, process)
            checks = tuple(
                check
                for rule in self._rules
                for check in rule.checks
                if check.process == process and self._applies(check)
            )
            asked = asked_after(net, checks)
            live = liveness_of(net, self._effects, asked)
            semantics = Semantics(net, self._effects, live, asked, handlers=self._handlers)
            graph = explore(semantics, beginnings(self._deployment, net))
            self._proof.explored[process] = Explored(net, semantics, graph)
        return self._proof.explored[process]

    def _violations(self, check: Check) -> Iterable[Violation]:
        found = self._explored(check.process)
        match check.kind:
            case "before" | "never":
                return self._along(check, found)
            case "sound":
                return self._sound(check, found)
            case "apart":
                return [
                    Violation(check.process, sentence, element)
                    for element, sentence in separation.mixed(found.net, check)
                ]
            case "owned":
                return [
                    Violation(check.process, sentence, element)
                    for element, sentence in ownership.ownerless(self._deployment)
                ]
        paths = Paths(found.graph)
        return [
            Violation(check.process, sentence, "", paths.to(number))
            for number, sentence in never_awaits(found.net, found.graph, check)
        ]

    def _along(self, check: Check, found: Explored) -> Iterable[Violation]:
        if check.kind == "before" and not steps_of(found.net, check.at):
            sentence = "no step is what this rule is about; somebody took it away or renamed it"
            yield Violation(check.process, sentence)
            return
        breach = Monitor(found.net, check, self._names).search(found.graph)
        if breach is not None:
            element = found.net.nodes[breach.place].element
            yield Violation(
                check.process,
                f"{element.label} is reached although what it needs has not happened"
                if check.kind == "before"
                else f"{element.label} is reached although it must not be",
                element.id,
                breach.edges,
            )

    def _sound(self, check: Check, found: Explored) -> Iterable[Violation]:
        for flaw in flaws_of(found.net, found.graph, found.semantics.visited, self._effects):
            element = found.net.nodes[flaw.place].element
            yield Violation(
                check.process, f"{element.label}: {flaw.sentence}", element.id, flaw.edges
            )
