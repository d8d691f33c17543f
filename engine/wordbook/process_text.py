"""A process with its names, guidance and words of buttons in another language."""

from collections.abc import Callable
from dataclasses import replace

from engine.drawing import Element, Process
from engine.wordbook.drawing_text import SETTINGS

Say = Callable[[str], str]


def spoken_process(process: Process, say: Say) -> Process:
    """Return the process with every text said by `say`; ids, codes and conditions are the same."""
    return replace(
        process,
        name=say(process.name),
        elements=tuple(spoken_element(one, say) for one in process.elements),
        flows=tuple(replace(one, name=say(one.name)) for one in process.flows),
        lanes=tuple(replace(one, name=say(one.name)) for one in process.lanes),
        artifacts=tuple(replace(one, name=say(one.name)) for one in process.artifacts),
    )


def spoken_element(element: Element, say: Say) -> Element:
    """Return a step, event or gateway with its texts said by `say`."""
    settings = {
        name: say(value) if name in SETTINGS else value
        for name, value in element.properties.items()
    }
    return replace(element, name=say(element.name), properties=settings)
