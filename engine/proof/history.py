"""Holds what has happened in a case to the same rules that were proved for all paths.

The proof speaks of the drawing; the history of one case has to agree with it. Where it does not,
the program ran otherwise than the drawing says, or somebody changed rows: a person has to look.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.deployment import ResolvedDeployment
from engine.inheritance import RULES
from engine.language.telling import named, told
from engine.proof.matching import asked_after
from engine.proof.monitor import Monitor
from engine.proof.net import Net, net_of
from engine.proof.rule import ALONG, Check, Rule
from engine.proof.rulebook import names_of, rules_of

Happened = tuple[str, str, Mapping[str, Any] | None]
"""Process, element, and the variables after it that rules ask for; None where nobody noted them."""


@dataclass(frozen=True)
class Past:
    """What was completed in a case under one deployment, the earliest first."""

    deployment: ResolvedDeployment
    happened: tuple[Happened, ...]

    @cached_property
    def numbers(self) -> dict[tuple[str, str], list[int]]:
        """Where in the history each element comes: each of many checks asks for a few of them."""
        found: dict[tuple[str, str], list[int]] = {}
        for number, (process, element, _) in enumerate(self.happened):
            found.setdefault((process, element), []).append(number)
        return found


@dataclass(frozen=True)
class Broken:
    """One rule that a history breaks, and the step at which it does."""

    rule: Rule
    element_id: str
    label: str

    def __str__(self) -> str:
        return str(
            told(
                "Rule %(rule)s does not hold in this case: %(sentence)s Look at the step %(step)s.",
                rule=self.rule.id,
                sentence=named(self.rule.sentence),
                step=named(self.label),
            )
        )


class HistoryRules:
    """The rules of one process in one deployment, ready for many histories."""

    def __init__(self, deployment: ResolvedDeployment, process: str) -> None:
        self._names = names_of(deployment)
        self._rules: list[tuple[Rule, Check]] = []
        self._net: Net | None = None
        self.told: dict[tuple[str, str], frozenset[str]] = {}
        """Which variables to note after which step (process, element)."""
        if RULES not in deployment.files or process not in deployment.processes:
            return
        self._rules = [
            (rule, check)
            for rule in rules_of(deployment)
            for check in rule.checks
            if check.kind in ALONG and check.process == process and self._applies(check)
        ]
        # What nobody proved, a loop marker for example, has happened all the same.
        self._net = net_of(deployment.processes, process, refuse=False)
        asked = asked_after(self._net, tuple(check for _, check in self._rules))
        self._keys = {(node.element.process, node.element.id): node.key for node in self._net.nodes}
        elements = {node.key: (node.element.process, node.element.id) for node in self._net.nodes}
        self.told = {elements[key]: names for key, names in asked.items() if names}

    def _applies(self, check: Check) -> bool:
        return check.only_if is None or check.only_if.evaluate(self._names) is True

    def broken(
        self, history: Iterable[Happened], *, over: bool = False, earlier: Iterable[Past] = ()
    ) -> list[Broken]:
        """Return the rules that a history breaks, each once, at the first step that does.

        `over` says that the process has ended with it. `earlier` is what happened before under
        other drawings: it counts for what the rules need, and is not held to them.

        A history with a step whose variables were not noted, since it began before they were,
        can show nothing and breaks no rule.
        """
        if self._net is None:
            return []
        events = []
        for process, element, happened in history:
            key = self._keys.get((process, element))
            if key is None:
                continue
            if happened is None and (process, element) in self.told:
                return []
            events.append((key, tuple(sorted((happened or {}).items()))))
        parts = list(earlier)
        found: dict[str, Broken] = {}
        for rule, check in self._rules:
            try:
                facts = self._facts(check, parts)
            except KeyError:
                continue  # nobody noted what this check asks
            place = Monitor(self._net, check, self._names).follow(events, facts, over=over)
            if place is not None:
                element_ = self._net.nodes[place].element
                found.setdefault(rule.id, Broken(rule, element_.id, element_.label))
        return list(found.values())

    def _facts(self, check: Check, parts: list[Past]) -> int | None:
        """Return what a check remembers of parts under other drawings; KeyError: not noted."""
        facts: int | None = None
        for part in parts:
            net = net_of(part.deployment.processes, check.process, refuse=False)
            asked = asked_after(net, (check,))
            keys = {(node.element.process, node.element.id): node.key for node in net.nodes}
            events = [
                (key, tuple((name, (told or {})[name]) for name in sorted(asked[key])))
                for process, element, told in part.happened
                if (key := keys.get((process, element))) in asked
            ]
            names = names_of(part.deployment)
            facts = Monitor(net, check, names).after(events, facts)
        return facts


_KEPT: dict[tuple[str, str], HistoryRules] = {}
_MOST_KEPT = 200


def history_rules(deployment: ResolvedDeployment, process: str) -> HistoryRules:
    """Return the rules of a process, made once a deployment: they are asked at every step."""
    key = (deployment.id, process)
    if key not in _KEPT:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[key] = HistoryRules(deployment, process)
    return _KEPT[key]
