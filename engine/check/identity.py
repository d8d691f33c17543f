"""Checks ids: readable, unique, not reserved, and the same as the file's name where that counts."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from engine.check.context import CheckContext
from engine.check.finding import WHOLE_FILE, Finding, error, kind_words, warning
from engine.check.folder import Folder
from engine.drawing import Drawing, Process
from engine.drawing.vocabulary import ACTIVITIES, words_for
from engine.language import mark
from engine.language.telling import told

_SOUND = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_GENERATED = re.compile(
    r"[A-Z][A-Za-z]+_(?=[a-z]*\d)[0-9a-z]{7}\Z|(sid-)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-"
)
_RESERVED = frozenset({"Start", "End", "Root"})
_SUFFIX = ".EndJoin"
_WAITING = ACTIVITIES | {"intermediateCatchEvent", "boundaryEvent"}


def check_ids(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Ids are plain, and none is one that the execution needs itself (engine.md)."""
    for drawing in folder.drawings:
        yield from _repeated(drawing)
        given = set(drawing.ids)
        for process in drawing.processes:
            yield from _bad(drawing, process.id, mark("process"), given)
            for element in process.elements:
                yield from _bad(drawing, element.id, words_for(element.kind), given)
            for flow in process.flows:
                yield from _bad(drawing, flow.id, mark("flow"), given)


def _bad(drawing: Drawing, identifier: str, words: str, given: set[str]) -> Iterator[Finding]:
    if identifier not in given:
        yield error(
            drawing,
            identifier,
            "no_id",
            told("the %(kind)s has no id; give it one such as check_source.", kind=told(words)),
        )
    elif identifier in _RESERVED or identifier.endswith(_SUFFIX):
        yield error(
            drawing,
            identifier,
            "reserved_id",
            told(
                "%(identifier)s is an id that the execution uses itself; rename it, for example to "
                "signal_received.",
                identifier=identifier,
            ),
        )
    elif not _SOUND.match(identifier):
        yield error(
            drawing,
            identifier,
            "bad_id",
            told(
                "the id %(identifier)s has characters other than letters, digits, _ . and -; "
                "rename it, for example to check_source.",
                identifier=repr(identifier),
            ),
        )


def _repeated(drawing: Drawing) -> Iterator[Finding]:
    for identifier, times in Counter(drawing.ids).items():
        if times > 1:
            yield error(
                drawing,
                identifier,
                "duplicate_id",
                told(
                    "%(times)s parts of this file have the id %(identifier)s; give each its own "
                    "id.",
                    times=times,
                    identifier=identifier,
                ),
            )


def check_ids_across(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require that a step that works or waits has an id of its own in the whole deployment."""
    seen: dict[str, str] = {}
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind not in _WAITING or not element.id:
                continue
            other = seen.setdefault(element.id, drawing.file)
            if other != drawing.file:
                yield error(
                    drawing,
                    element,
                    "id_in_two_files",
                    told(
                        "%(element)s is also the id of a step in %(other)s; timers and history "
                        "tell steps apart by id, so rename one of them.",
                        element=element.id,
                        other=other,
                    ),
                )


def check_generated_ids(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require ids that people can read: they appear in scenarios, history and findings."""
    for drawing, process in folder.processes():
        for element in process.elements:
            if element.kind in ACTIVITIES and _GENERATED.match(element.id):
                yield warning(
                    drawing,
                    element,
                    "generated_id",
                    told(
                        "the id of %(label)s was made by a tool; rename it to verb_noun, for "
                        "example check_source.",
                        label=repr(element.label),
                    ),
                )


def check_processes(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """One file holds one executable process, with the file's name as its id."""
    seen: dict[str, str] = {}
    for drawing in folder.drawings:
        if not drawing.processes:
            yield error(
                drawing,
                WHOLE_FILE,
                "no_process",
                told("holds no process; draw one, or remove the file."),
            )
        for process in drawing.processes:
            yield from _process(drawing, process, seen)
        if len(drawing.processes) > 1:
            names = ", ".join(process.id for process in drawing.processes)
            yield error(
                drawing,
                drawing.processes[1],
                "several_processes",
                told(
                    "the file holds several processes (%(names)s); save each in a file of its own.",
                    names=names,
                ),
            )


def _process(drawing: Drawing, process: Process, seen: dict[str, str]) -> Iterator[Finding]:
    if not process.elements:
        yield error(
            drawing,
            process,
            "empty_process",
            told("has no steps; draw them, or remove the process."),
        )
    if not process.executable:
        yield error(
            drawing,
            process,
            "not_executable",
            told("is not marked as executable; tick Executable in the properties of the process."),
        )
    other = seen.setdefault(process.id, drawing.file)
    if other != drawing.file:
        yield error(
            drawing,
            process,
            "process_in_two_files",
            told(
                "a process with the id %(process)s is also in %(other)s; rename one of them.",
                process=process.id,
                other=other,
            ),
        )
    stem = PurePosixPath(drawing.file).name.partition(".")[0]
    if len(drawing.processes) == 1 and process.id and process.id != stem:
        yield error(
            drawing,
            process,
            "file_name",
            told(
                "the process is called %(process)s and its file %(stem)s; give both the same "
                "name, so that people find it.",
                process=process.id,
                stem=stem,
            ),
        )
    if not process.name:
        yield warning(
            drawing, process, "no_name", told("has no name; name it as people would say it.")
        )


def check_names(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require that what people meet has a name: user tasks, call activities and lanes."""
    for drawing, process in folder.processes():
        named = {"userTask", "manualTask", "callActivity", "subProcess"}
        for element in process.elements:
            if element.kind in named and not element.name:
                yield warning(
                    drawing,
                    element,
                    "no_name",
                    told(
                        "this %(kind)s has no name; name it as people would say it.",
                        kind=kind_words(element.kind),
                    ),
                )
