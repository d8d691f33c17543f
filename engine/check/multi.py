"""Checks steps that are done once for each item of a collection."""

import re
from collections.abc import Iterator

from engine.bpmn import subset
from engine.check.context import CheckContext
from engine.check.finding import Finding, error, kind_words, warning
from engine.check.folder import Folder
from engine.check.graph import Graph, reachable, reversed_graph, successors
from engine.drawing import Drawing, Element, MultiInstance, Process
from engine.language.telling import told

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*\Z")


def check_multi_instances(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Only user tasks repeat, over a collection, and give back one answer for each item."""
    for drawing, process in folder.processes():
        loops = _Loops(process)
        for element in process.elements:
            if element.multi_instance is not None:
                yield from _repeated(drawing, element, element.multi_instance)
                yield from _reset(drawing, loops, element, element.multi_instance)


def _repeated(drawing: Drawing, element: Element, many: MultiInstance) -> Iterator[Finding]:
    if element.kind not in subset.REPEATABLE:
        yield error(
            drawing,
            element,
            "multi_instance_kind",
            told(
                "is a %(kind)s repeated for each item, which cannot be executed; repeat a user "
                "task.",
                kind=kind_words(element.kind),
            ),
        )
    elif element.kind != "userTask":
        yield warning(
            drawing,
            element,
            "multi_instance_kind",
            told(
                "repeats a whole %(kind)s for each item; repeat a user task instead, and put what "
                "follows behind it.",
                kind=kind_words(element.kind),
            ),
        )
    if many.cardinality:
        yield error(
            drawing,
            element,
            "cardinality",
            told(
                "is repeated a number of times; remove the cardinality and name a collection, for "
                "example partners."
            ),
        )
    if not many.collection:
        yield error(
            drawing,
            element,
            "no_collection",
            told(
                "is repeated but names no collection; name the variable that holds the items, for "
                "example partners."
            ),
        )
    if many.completion_condition:
        yield error(
            drawing,
            element,
            "completion_condition",
            told(
                "has a completion condition, which cannot express a quorum; remove it and let the "
                "application send a message when enough answers are in."
            ),
        )
    yield from _names(drawing, element, many)


def _names(drawing: Drawing, element: Element, many: MultiInstance) -> Iterator[Finding]:
    if many.collection and not many.item:
        yield error(
            drawing,
            element,
            "no_item",
            told("does not name the item of its collection; name it, for example partner."),
        )
    if bool(many.output) != bool(many.output_item):
        yield error(
            drawing,
            element,
            "half_output",
            told(
                "names only one of the output collection and the output item; name both or neither."
            ),
        )
    written = (many.collection, many.item, many.output, many.output_item)
    for name in written:
        if name and not _NAME.match(name):
            yield error(
                drawing,
                element,
                "bad_variable",
                told(
                    "%(name)s is not the name of a variable; write a name such as partners.",
                    name=repr(name),
                ),
            )
    found = [name for name in written if name]
    if len(set(found)) < len(found):
        yield error(
            drawing,
            element,
            "same_variable",
            told(
                "uses one name for two of collection, item, output and output item; give each its "
                "own."
            ),
        )


class _Loops:
    """Finds the loop around an element; the graph of each level is made once."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._graphs: dict[str | None, tuple[Graph, Graph]] = {}

    def around(self, element: Element) -> set[str]:
        """Return the elements that come after the element and before it again."""
        if element.parent not in self._graphs:
            graph = successors(self.process, element.parent)
            self._graphs[element.parent] = (graph, reversed_graph(graph))
        forward, backward = self._graphs[element.parent]
        after = reachable(forward, forward.get(element.id, ()))
        return after & reachable(backward, [element.id]) if element.id in after else set()


def _reset(
    drawing: Drawing, loops: _Loops, element: Element, many: MultiInstance
) -> Iterator[Finding]:
    """Require that a script empties the output before a repeated step comes again."""
    if not many.output:
        return
    loop = loops.around(element)
    if not loop:
        return
    reset = re.compile(rf"^\s*{re.escape(many.output)}\s*=", re.MULTILINE)
    scripts = (loops.process.by_id[node].script or "" for node in loop)
    if not any(reset.search(script) for script in scripts):
        yield warning(
            drawing,
            element,
            "output_not_reset",
            told(
                "is in a loop and fills %(output)s again; put a script task %(output)s = {} before "
                "it.",
                output=many.output,
            ),
        )
