"""Proves for a moved case, from its new state, that it can finish and keeps every rule.

Cases that stand in the same place, and whose history has done the same for the rules, are proved
once: ten thousand cases stand in a handful of places.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from engine.bpmn import Instance, Level, standing_of
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError
from engine.language import mark
from engine.language.telling import message_of, named, told
from engine.proof.ahead import Ahead, Standpoint
from engine.proof.history import Past
from engine.proof.proof import Proof
from engine.proof.replay import ReplayError
from engine.proof.soundness import flawed, reached_flaws
from engine.proof.unknown import names_in, needed_names, unknown_names


class NotProvedError(CasetableError):
    """A case stands where none has been proved yet: a proof takes seconds, and no lock waits."""


class Proving:
    """The proofs of one deployment, each made once."""

    def __init__(self, deployment: ResolvedDeployment) -> None:
        self._deployment = deployment
        self._aheads: dict[str, Ahead] = {}
        self._known: dict[tuple[str, Standpoint, frozenset[str]], str] = {}
        self._needed: dict[str, frozenset[str]] = {}

    @property
    def proved(self) -> int:
        """Return how many proofs were made."""
        return len(self._known)

    def refusal(
        self, process: str, instance: Instance, past: Iterable[Past], *, only_known: bool = False
    ) -> str:
        """Return why a moved instance may not go on from where it stands; empty when it may.

        With `only_known` raise NotProvedError rather than begin a proof.
        """
        level = standing_of(instance)
        try:
            ahead = self._ahead(process)
            standpoint = ahead.standpoint(instance, past, level)
        except KeyError:
            return told(
                "It stands at a step that the proof does not know; nothing can be said about it."
            )
        except CasetableError as error:
            return told(
                "Nothing can be proved of %(process)s: %(error)s",
                process=process,
                error=message_of(error),
            )
        given = self._given(process, ahead, level)
        key = (process, standpoint, given)
        if key not in self._known:
            if only_known:
                raise NotProvedError(
                    told("%(process)s was not proved from here yet.", process=process)
                )
            self._known[key] = self._proved(ahead, standpoint, instance, given)
        return self._known[key]

    def _ahead(self, process: str) -> Ahead:
        if process not in self._aheads:
            self._aheads[process] = Ahead(self._deployment, process)
        return self._aheads[process]

    def _given(self, process: str, ahead: Ahead, level: Level) -> frozenset[str]:
        """Return which variables the case has of those that some step cannot do without."""
        if process not in self._needed:
            self._needed[process] = needed_names(ahead.net)
        return self._needed[process].intersection(names_in(level))

    def _proved(
        self, ahead: Ahead, standpoint: Standpoint, instance: Instance, given: frozenset[str]
    ) -> str:
        try:
            return _said(ahead.prove(standpoint, instance), given)
        except (CasetableError, ReplayError) as error:
            return told(
                "It cannot be proved that the case goes on well from here: %(error)s",
                error=message_of(error),
            )


def _said(proof: Proof, given: frozenset[str]) -> str:
    for found in proof.explored.values():
        for flaw in reached_flaws(found.net, found.graph):
            element = found.net.nodes[flaw.place].element
            return told("The case could not finish: %(flaw)s.", flaw=flawed(element, flaw.sentence))
        for node, name in unknown_names(
            found.net, found.semantics.effects, found.graph.states[0], given
        ):
            return told(
                "The case could come to %(step)s without %(name)s, which the new drawing sets "
                "before the place where it stands; set it later, or give it a value.",
                step=named(node.element.label),
                name=name,
            )
    broken = [verdict.rule for verdict in proof.verdicts if not verdict.holds]
    if not broken:
        return ""
    text = mark("An obligation would be lost. From here rule %(rule)s can be broken: %(sentence)s")
    if broken[1:]:
        text = mark(
            "An obligation would be lost. From here rule %(rule)s can be broken: %(sentence)s "
            "So can %(others)s."
        )
    return told(
        text,
        rule=broken[0].id,
        sentence=named(broken[0].sentence),
        others=", ".join(rule.id for rule in broken[1:]),
    )


_KEPT: OrderedDict[str, Proving] = OrderedDict()
_MOST_KEPT: Final = 3


def proving_of(deployment: ResolvedDeployment) -> Proving:
    """Return the proofs of a deployment, kept from a plan to its run and from slice to slice."""
    found = _KEPT.pop(deployment.id, None) or Proving(deployment)
    _KEPT[deployment.id] = found
    while len(_KEPT) > _MOST_KEPT:
        _KEPT.popitem(last=False)
    return found


def forget() -> None:
    """Let every proof be made anew, as by a worker that has just begun."""
    _KEPT.clear()
