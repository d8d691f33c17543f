"""Proves the rules of a deployment on every path, or returns what breaks them."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from time import perf_counter
from typing import Any, Final

from engine.check import facts_of
from engine.deployment import ResolvedDeployment
from engine.errors import DiagramError
from engine.language import mark
from engine.language.telling import message_of, named, told
from engine.operator import catalogue
from engine.proof import asking, ownership, separation
from engine.proof.effect import Effects
from engine.proof.explorer import explore, undisturbed
from engine.proof.graph import Edge, Graph
from engine.proof.liveness import liveness_of
from engine.proof.matching import asked_after, steps_of
from engine.proof.monitor import Breach, Monitor
from engine.proof.net import Net, net_of
from engine.proof.player import Position
from engine.proof.replay import Replay, ReplayError
from engine.proof.rule import ALONG, AWAITS, Check, Rule
from engine.proof.rulebook import names_of, rules_of
from engine.proof.screening import broken_by_some_path
from engine.proof.semantics import Semantics
from engine.proof.soundness import flawed, flaws_of
from engine.proof.start import beginnings
from engine.proof.waiting import never_awaits

MOST_OTHERS: Final = 40
"""How many paths that break the same are tried in the engine."""


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
    others: tuple["Violation", ...] = ()
    """Other paths that break the same, no shorter."""


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
    """One process with all its markings, and the checks that some path breaks."""

    net: Net
    semantics: Semantics
    graph: Graph
    broken: frozenset[Check] = frozenset()


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


def prove(
    deployment: ResolvedDeployment, *, handlers: int = 1, only: Container[str] | None = None
) -> Proof:
    """Check every rule of a deployment; raise TooLargeError when that cannot be done completely.

    `only`: the ids of the rules that are asked about; of the others nothing is said.
    """
    with undisturbed():
        return _Prover(deployment, handlers).run(only)


class Ruled:
    """A deployment with the rules that its profile asks for."""

    def __init__(self, deployment: ResolvedDeployment, handlers: int = 1) -> None:
        self.deployment = deployment
        self.rules = rules_of(deployment)
        self.names: Mapping[str, Any] = names_of(deployment)
        self._handlers = handlers

    @cached_property
    def _effects(self) -> Effects:
        found = self.deployment
        return Effects(found.forms, found.decisions, facts_of(catalogue()), self.names)

    def applies(self, check: Check) -> bool:
        """Say whether the profile asks for a check."""
        return check.only_if is None or check.only_if.evaluate(self.names) is True

    def checks(self, process: str) -> tuple[Check, ...]:
        """Return the checks of a process that the profile asks for."""
        return tuple(
            check
            for rule in self.rules
            for check in rule.checks
            if check.process == process and self.applies(check)
        )

    def semantics(self, process: str) -> Semantics:
        """Return how a process runs, with what its rules look at."""
        net = net_of(self.deployment.processes, process)
        asked = asked_after(net, self.checks(process))
        live = liveness_of(net, self._effects, asked)
        return Semantics(net, self._effects, live, asked, handlers=self._handlers)

    def played(
        self, violation: Violation, rule: Rule, found: Explored, origin: Position | None = None
    ) -> Violation:
        """Play a path of a violation through the engine; raise ReplayError when none can be.

        The search may take a path that no case can go, where two repeated steps over one collection
        are said to have different sizes; then another one is shown.
        """
        if not violation.edges:
            return violation
        try:
            program = self.deployment.program(violation.process)
        except DiagramError as error:
            return replace(violation, unplayed=message_of(error))
        zone = self.deployment.profile.zone
        replay = Replay(program, found.semantics, found.graph.states, zone)
        refused: ReplayError | None = None
        for one in (violation, *violation.others):
            try:
                replay.confirm(one.edges, rule.id, origin)
            except ReplayError as error:
                refused = refused or error
            else:
                return replace(one, others=())
        raise refused or ReplayError(rule.id)


class _Prover:
    def __init__(self, deployment: ResolvedDeployment, handlers: int) -> None:
        self._ruled = Ruled(deployment, handlers)
        self._proof = Proof()

    def run(self, only: Container[str] | None) -> Proof:
        started = perf_counter()
        for rule in self._ruled.rules:
            if only is not None and rule.id not in only:
                continue
            found = [
                violation
                for check in rule.checks
                if self._ruled.applies(check)
                for violation in self._violations(check)
            ]
            played = tuple(
                self._ruled.played(violation, rule, self._explored(violation.process))
                for violation in found
            )
            self._proof.verdicts.append(Verdict(rule, played))
        self._proof.seconds = perf_counter() - started
        return self._proof

    def _explored(self, process: str) -> Explored:
        if process not in self._proof.explored:
            semantics = self._ruled.semantics(process)
            graph = explore(semantics, beginnings(self._ruled.deployment, semantics.net))
            monitors = [
                Monitor(semantics.net, check, self._ruled.names)
                for check in self._ruled.checks(process)
                if check.kind in {*ALONG, AWAITS}
            ]
            broken = frozenset(broken_by_some_path(graph, monitors))
            self._proof.explored[process] = Explored(semantics.net, semantics, graph, broken)
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
                    for element, sentence in ownership.ownerless(self._ruled.deployment)
                ]
            case "asks":
                return [
                    Violation(check.process, sentence)
                    for sentence in asking.unasked(self._ruled.deployment, check)
                ]
        return missed(check, found, self._ruled.names)

    def _along(self, check: Check, found: Explored) -> Iterable[Violation]:
        if check.kind == "before" and not steps_of(found.net, check.at):
            sentence = told(
                "no step is what this rule is about; somebody took it away or renamed it"
            )
            yield Violation(check.process, sentence)
            return
        yield from broken_along(check, found, self._ruled.names)

    def _sound(self, check: Check, found: Explored) -> Iterable[Violation]:
        for flaw in flaws_of(
            found.net, found.graph, found.semantics.visited, found.semantics.effects
        ):
            element = found.net.nodes[flaw.place].element
            yield Violation(check.process, flawed(element, flaw.sentence), element.id, flaw.edges)


def broken_along(
    check: Check, found: Explored, names: Mapping[str, Any], facts: int | None = None
) -> Iterator[Violation]:
    """Yield the shortest path that breaks a check, with others that do."""
    if check not in found.broken:
        return
    breaches = Monitor(found.net, check, names).breaches(found.graph, facts)
    violations = [_breached(check, found, one) for one in islice(breaches, MOST_OTHERS)]
    if violations:
        yield replace(violations[0], others=tuple(violations[1:]))


def missed(
    check: Check, found: Explored, names: Mapping[str, Any], facts: int | None = None
) -> Iterator[Violation]:
    """Yield the shortest path to where the message of a check is not heard."""
    if check in found.broken:
        for path, sentence in never_awaits(found.net, found.graph, check, names, facts):
            yield Violation(check.process, sentence, "", path)


def _breached(check: Check, found: Explored, breach: Breach) -> Violation:
    element = found.net.nodes[breach.place].element
    text = mark("%(step)s is reached although it must not be")
    if check.kind == "before":
        text = mark("%(step)s is reached although what it needs has not happened")
    return Violation(
        check.process,
        told(text, step=named(element.label)),
        element.id,
        breach.edges,
    )
