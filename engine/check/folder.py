"""The files of a deployment, parsed once, with the findings about those that cannot be read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from engine.check.finding import WHOLE_FILE, Finding, error
from engine.decision import DecisionTable, parse_decision
from engine.drawing import Drawing, Process, parse_drawing
from engine.errors import CasetableError, XmlError
from engine.form import Form, parse_form
from engine.language.telling import message_of, told, without_file

_DRAWINGS = (".bpmn", ".bpmn2", ".bpmn20.xml", ".xml")
# Threat: some checks compare elements pair by pair; a diagram for people has at most 300.
MAX_CHECKED = 600


@dataclass(frozen=True)
class Folder:
    """Everything that the checks look at; forms and tables by the name of their file."""

    drawings: tuple[Drawing, ...] = ()
    forms: Mapping[str, Form] = field(default_factory=dict)
    decisions: Mapping[str, DecisionTable] = field(default_factory=dict)
    paths: Mapping[tuple[str, str], str] = field(default_factory=dict)
    broken: tuple[Finding, ...] = ()

    def processes(self) -> Iterator[tuple[Drawing, Process]]:
        """Yield every process with its drawing."""
        for drawing in self.drawings:
            for process in drawing.processes:
                yield drawing, process

    def path_of(self, kind: str, name: str) -> str:
        """Return the path of a form or a table (`kind` is form or decision)."""
        return self.paths.get((kind, name), name)

    def exists(self, kind: str, name: str) -> bool:
        """Return whether there is a file of that name, readable or not."""
        return (kind, name) in self.paths


def read_folder(files: Mapping[str, bytes]) -> Folder:
    """Parse the diagrams, tables and forms among the files; other files are left alone."""
    drawings: list[Drawing] = []
    forms: dict[str, Form] = {}
    decisions: dict[str, DecisionTable] = {}
    paths: dict[tuple[str, str], str] = {}
    broken: list[Finding] = []
    for path, content in sorted(files.items()):
        name = stem(path)
        if path.endswith(_DRAWINGS):
            _keep(drawings, _read_drawing(path, content), broken)
        elif path.endswith(".form"):
            paths["form", name] = path
            _keep_as(forms, name, _read_form(path, content), broken)
        elif path.endswith(".dmn"):
            paths["decision", name] = path
            _keep_as(decisions, name, _read_decision(path, content), broken)
    return Folder(tuple(drawings), forms, decisions, paths, tuple(broken))


def stem(path: str) -> str:
    """Return the name of a file without folder and ending."""
    return PurePosixPath(path).name.partition(".")[0]


def _keep(kept: list[Drawing], found: Drawing | Finding, broken: list[Finding]) -> None:
    if isinstance(found, Finding):
        broken.append(found)
    else:
        kept.append(found)


def _keep_as(kept: dict[str, Any], name: str, found: Any, broken: list[Finding]) -> None:
    if isinstance(found, Finding):
        broken.append(found)
    else:
        kept[name] = found


def _read_drawing(path: str, content: bytes) -> Drawing | Finding:
    try:
        drawing = parse_drawing(content, file=path)
    except XmlError as problem:
        return error(path, WHOLE_FILE, "xml", _sentence(problem, path))
    except CasetableError as problem:
        return error(path, WHOLE_FILE, "not_bpmn", _sentence(problem, path))
    if len(drawing.elements) > MAX_CHECKED or len(drawing.flows) > 2 * MAX_CHECKED:
        return error(
            path,
            WHOLE_FILE,
            "too_many_elements",
            told(
                "has %(count)s elements and %(flows)s flows, too many to check; move phases into "
                "diagrams of their own and use call activities.",
                count=len(drawing.elements),
                flows=len(drawing.flows),
            ),
        )
    return drawing


def _read_form(path: str, content: bytes) -> Form | Finding:
    try:
        return parse_form(content, file=path)
    except CasetableError as problem:
        return error(path, WHOLE_FILE, "form_broken", _sentence(problem, path))


def _read_decision(path: str, content: bytes) -> DecisionTable | Finding:
    try:
        return parse_decision(content, file=path)
    except XmlError as problem:
        return error(path, WHOLE_FILE, "xml", _sentence(problem, path))
    except CasetableError as problem:
        return error(path, WHOLE_FILE, "table_broken", _sentence(problem, path))


def _sentence(problem: CasetableError, path: str) -> str:
    """Return the message without the file's name, which the finding says itself."""
    return without_file(message_of(problem), path)
