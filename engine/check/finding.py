"""One sentence about one place of one file: what is wrong and how to mend it."""

from dataclasses import dataclass
from typing import Literal

from engine.drawing import Artifact, Drawing, Element, Flow, Lane, Process

Severity = Literal["error", "warning"]

# Stands for the file as a whole where no element can be named.
WHOLE_FILE = "file"


@dataclass(frozen=True, order=True)
class Finding:
    """What `casetable check` says; printed as `file:element: message`."""

    file: str
    element: str
    code: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.element}: {self.message}"


Place = Element | Flow | Process | Lane | Artifact | str


def error(source: Drawing | str, place: Place, code: str, message: str) -> Finding:
    """Return a finding that keeps the diagram from being executed."""
    return Finding(_file(source), _element(place), code, message, "error")


def warning(source: Drawing | str, place: Place, code: str, message: str) -> Finding:
    """Return a finding that a person should look at; the diagram runs all the same."""
    return Finding(_file(source), _element(place), code, message, "warning")


def _file(source: Drawing | str) -> str:
    return source if isinstance(source, str) else source.file


def _element(place: Place) -> str:
    return (place if isinstance(place, str) else place.id) or WHOLE_FILE
