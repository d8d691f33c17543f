"""Compiles diagrams into a program that instances run; compiled once per content and process."""

from collections import OrderedDict
from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from hashlib import blake2b
from threading import Lock
from typing import Any, ClassVar, Final

from lxml import etree

from engine.bpmn.gate import inspect, reachable
from engine.bpmn.gate.scope import BPMN
from engine.bpmn.journal import Names
from engine.bpmn.parser import read_specs
from engine.errors import DiagramError
from engine.language.telling import series
from engine.xml import parse_xml

_CACHED: Final = 64


class Program:
    """A process and all it calls, ready to run; shared between threads, never changed."""

    _cache: ClassVar[OrderedDict[bytes, "Program"]] = OrderedDict()
    _lock: ClassVar[Lock] = Lock()

    def __init__(self, roots: Mapping[str, etree._Element], process_id: str, key: str) -> None:
        self.key = key
        """Names the deployment; stored in every state, and demanded when one is loaded."""
        self.process_id = process_id
        self.spec, self.specs = read_specs(roots, process_id)
        self.names = _names(roots)
        self.start_messages: frozenset[str | None] = frozenset(
            getattr(start.event_definition, "name", None) for start in self.spec.bpmn_start_events
        )
        """Messages that start the process; None stands for the plain start event."""

    @classmethod
    def compile(cls, diagrams: Mapping[str, bytes], process_id: str, *, key: str) -> "Program":
        """Read `diagrams` (file name to content) and return the program of `process_id`.

        `key` names the deployment; those with the same diagrams share what is compiled. Raises
        DiagramError naming file, element and mend, or XmlError.
        """
        digest = _digest(diagrams, process_id)
        with cls._lock:
            if digest in cls._cache:
                cls._cache.move_to_end(digest)
                return cls._cache[digest].named(key)
        roots = {file: _read(file, content) for file, content in diagrams.items()}
        scopes = reachable(roots, process_id)
        refusals = inspect(roots, process_id, scopes)
        if refusals:
            raise DiagramError(series((one.told() for one in refusals), "\n"))
        program = cls({scope.file: roots[scope.file] for scope in scopes}, process_id, key)
        with cls._lock:
            cls._cache[digest] = program
            while len(cls._cache) > _CACHED:
                cls._cache.popitem(last=False)
        return program

    def named(self, key: str) -> "Program":
        """Return the same program for a deployment: its states carry the name of that one."""
        if key == self.key:
            return self
        other = copy(self)
        other.key = key
        return other


@lru_cache(maxsize=_CACHED)
def _read(file: str, content: bytes) -> etree._Element:
    """Read a file once for all the processes of a deployment; nobody changes the tree."""
    return parse_xml(content, file=file)


def _digest(diagrams: Mapping[str, bytes], process_id: str) -> bytes:
    digest = blake2b()
    for part in (process_id, *sorted(diagrams)):
        digest.update(f"{len(part)}:{part}".encode())
    for file in sorted(diagrams):
        digest.update(f"{len(diagrams[file])}:".encode())
        digest.update(diagrams[file])
    return digest.digest()


def _names(roots: Mapping[str, etree._Element]) -> Names:
    process_of: dict[str, str] = {}
    kinds: dict[tuple[str, str], str] = {}
    flows: dict[tuple[str, str, str], str] = {}
    for root in roots.values():
        for process in root.iter(f"{{{BPMN}}}process"):
            pending: list[Any] = [process]
            while pending:
                scope = pending.pop()
                tree = str(scope.get("id"))
                process_of[tree] = str(process.get("id"))
                for node in scope:
                    kind = etree.QName(node).localname
                    if kind == "sequenceFlow":
                        flow = (tree, node.get("sourceRef"), node.get("targetRef"))
                        flows.setdefault(flow, node.get("id"))
                    elif node.get("id"):
                        kinds[tree, node.get("id")] = kind
                    if kind == "subProcess":
                        pending.append(node)
    return Names(process_of, kinds, flows)
