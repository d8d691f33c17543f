"""Tells a path in words: who does what, which answers count, what comes by itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.drawing import Element
from engine.profile import Profile
from engine.proof.effect import FAILURE
from engine.proof.explorer import Edge
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
        stimulus = edge.stimulus
        element = None if stimulus.node is None else self._net.nodes[stimulus.node].element
        match stimulus.kind:
            case "start":
                told = f"The case begins ({stimulus.name or 'plainly'})"
            case "message":
                told = f"The message {stimulus.name} comes"
            case "timer":
                told = f"Time runs out: {_label(element)}"
            case "fail":
                told = f"The system could not do it ({stimulus.name}): {_label(element)}"
            case "confirm":
                told = f"The system has done: {_label(element)}"
            case _:
                told = f"{self._who(element)}: {_label(element)}"
        answers = ", ".join(self._answers(dict(stimulus.values)))
        assumed = ", ".join(self._assumed(edge))
        told = f"{told}, {answers}" if answers else told
        return f"{told} [{assumed}]" if assumed else told

    def _who(self, element: Element | None) -> str:
        role = element.role if element else None
        return self._profile.role_name(role) if role else "Somebody"

    def _answers(self, values: Mapping[str, Any]) -> Iterator[str]:
        for name, value in values.items():
            if value is not OPEN and value is not None:
                yield f"{name} is {_value(value)}"

    def _assumed(self, edge: Edge) -> Iterator[str]:
        """Say what automatic steps gave, where it could have been otherwise."""
        for key, choice in edge.choices:
            node = self._net.nodes[key]
            if isinstance(choice, dict) and FAILURE in choice:
                yield f"{_label(node.element)} fails with {choice[FAILURE]}"
            elif node.kind == "serviceTask" and isinstance(choice, dict):
                yield from self._answers(choice)
            elif node.element.multi_instance is not None and choice == 0:
                yield f"{_label(node.element)}: nobody is there to ask"
            elif node.kind == "exclusiveGateway" and choice is not None:
                yield f"{_label(node.element)} {_way(self._net, choice)}"


def _way(net: Net, target: int) -> str:
    return f"leads to {_label(net.nodes[target].element)}"


def _label(element: Element | None) -> str:
    return element.label if element else ""


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f'"{value}"' if isinstance(value, str) else str(value)
