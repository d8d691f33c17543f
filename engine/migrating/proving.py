"""Proves for a moved case, from its new state, that it can finish and keeps every rule.

Cases that stand in the same place, and whose history has done the same for the rules, are proved
once: ten thousand cases stand in a handful of places.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from engine.bpmn import Instance
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError
from engine.proof.ahead import Ahead, Standpoint
from engine.proof.history import Past
from engine.proof.proof import Proof
from engine.proof.replay import ReplayError
from engine.proof.soundness import reached_flaws


class NotProvedError(CasetableError):
    """A case stands where none has been proved yet: a proof takes seconds, and no lock waits."""


class Proving:
    """The proofs of one deployment, each made once."""

    def __init__(self, deployment: ResolvedDeployment) -> None:
        self._deployment = deployment
        self._aheads: dict[str, Ahead] = {}
        self._known: dict[tuple[str, Standpoint], str] = {}

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
        try:
            ahead = self._ahead(process)
            standpoint = ahead.standpoint(instance, past)
        except KeyError:
            return "It stands at a step that the proof does not know; nothing can be said about it."
        except CasetableError as error:
            return f"Nothing can be proved of {process}: {error}"
        key = (process, standpoint)
        if key not in self._known:
            if only_known:
                raise NotProvedError(f"{process} was not proved from here yet.")
            self._known[key] = self._proved(ahead, standpoint, instance)
        return self._known[key]

    def _ahead(self, process: str) -> Ahead:
        if process not in self._aheads:
            self._aheads[process] = Ahead(self._deployment, process)
        return self._aheads[process]

    def _proved(self, ahead: Ahead, standpoint: Standpoint, instance: Instance) -> str:
        try:
            return _said(ahead.prove(standpoint, instance))
        except (CasetableError, ReplayError) as error:
            return f"It cannot be proved that the case goes on well from here: {error}"


def _said(proof: Proof) -> str:
    for found in proof.explored.values():
        for flaw in reached_flaws(found.net, found.graph):
            label = found.net.nodes[flaw.place].element.label
            return f"The case could not finish: {label}: {flaw.sentence}."
    broken = [verdict.rule for verdict in proof.verdicts if not verdict.holds]
    if not broken:
        return ""
    others = ", ".join(rule.id for rule in broken[1:])
    more = f" So can {others}." if others else ""
    return (
        f"An obligation would be lost. From here rule {broken[0].id} can be broken: "
        f"{broken[0].sentence}{more}"
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
