"""Tells a path in words: who does what, which answers count, what comes by itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.drawing import Element
from engine.language.telling import Part, Told, named, series, told
from engine.profile import Profile
from engine.proof.effect import FAILURE
from engine.proof.graph import Edge
from engine.proof.net import Net
from engine.proof.possible import OPEN


class Words:
    """Tells paths over one net in the names of one profile."""

    def __init__(self, net: Net, profile: Profile) -> None:
        self._net = net
        self._profile = profile

    def path(self, edges: tuple[Edge, ...]) -> list[str]:
        """Return one sentence for each thing that happens, in order."""
        return [self._sentence(edge) for edge in edges]

    def _sentence(self, edge: Edge) -> str:
        happened = self._happened(edge)
        answers = series(self._answers(dict(edge.stimulus.values)))
        assumed = series(self._assumed(edge))
        if answers:
            happened = Told("%(happened)s, %(rest)s", {"happened": happened, "rest": answers})
        if assumed:
            happened = Told("%(happened)s [%(rest)s]", {"happened": happened, "rest": assumed})
        return happened

    def _happened(self, edge: Edge) -> Told:
        stimulus = edge.stimulus
        element = None if stimulus.node is None else self._net.nodes[stimulus.node].element
        step = _label(element)
        match stimulus.kind:
            case "start":
                return told("The case begins (%(how)s)", how=stimulus.name or told("plainly"))
            case "message":
                return told("The message %(message)s comes", message=stimulus.name)
            case "timer":
                return told("Time runs out: %(step)s", step=step)
            case "fail":
                return told(
                    "The system could not do it (%(error)s): %(step)s",
                    error=stimulus.name,
                    step=step,
                )
            case "confirm":
                return told("The system has done: %(step)s", step=step)
        return Told("%(who)s: %(step)s", {"who": self._who(element), "step": step})

    def _who(self, element: Element | None) -> Part | Told:
        role = element.role if element else None
        return named(self._profile.role_name(role)) if role else told("Somebody")

    def _answers(self, values: Mapping[str, Any]) -> Iterator[str]:
        for name, value in values.items():
            if value is not OPEN and value is not None:
                yield told("%(name)s is %(value)s", name=name, value=_value(value))

    def _assumed(self, edge: Edge) -> Iterator[str]:
        """Say what automatic steps gave, where it could have been otherwise."""
        for key, choice in edge.choices:
            node = self._net.nodes[key]
            step = _label(node.element)
            if isinstance(choice, dict) and FAILURE in choice:
                yield told("%(step)s fails with %(error)s", step=step, error=choice[FAILURE])
            elif node.kind == "serviceTask" and isinstance(choice, dict):
                yield from self._answers(choice)
            elif node.element.multi_instance is not None and choice == 0:
                yield told("%(step)s: nobody is there to ask", step=step)
            elif node.kind == "exclusiveGateway" and choice is not None:
                target = _label(self._net.nodes[choice].element)
                yield told("%(step)s leads to %(target)s", step=step, target=target)


def _label(element: Element | None) -> Part:
    return named(element.label if element else "")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return told("yes") if value else told("no")
    return f'"{value}"' if isinstance(value, str) else str(value)
