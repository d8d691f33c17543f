"""SpiffWorkflow as it is shipped, in a process of its own: the one module here that knows it.

In memory with nothing stored, and with all of a case as JSON in one row of SQLite by the library's
own serializer. Nothing of the engine is imported: it takes parts of the library out of use.
"""

import json
import sqlite3
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.util.task import TaskState

from benchmarks import forty


def begin() -> BpmnWorkflow:
    """Return a case of the model at its first step."""
    parser = SpiffBpmnParser()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for content in forty.files().values():
            parser.add_bpmn_xml(etree.fromstring(content.encode()))
        spec, specs = parser.get_spec("main"), parser.get_subprocess_specs("main")
    workflow = BpmnWorkflow(spec, specs, script_engine=PythonScriptEngine())
    workflow.do_engine_steps()
    return workflow


def owed(workflow: BpmnWorkflow) -> str:
    """Return the step that waits for a person."""
    return str(_ready(workflow).task_spec.bpmn_id)


def _ready(workflow: BpmnWorkflow) -> Any:
    return next(task for task in workflow.get_tasks(state=TaskState.READY) if task.task_spec.manual)


def complete(workflow: BpmnWorkflow) -> None:
    """Complete the step that waits, and let the diagram run on."""
    task = _ready(workflow)
    task.data["leave"] = False
    task.run()
    workflow.do_engine_steps()


class Stored:
    """The case as one row of JSON: read, gone on with and written at each step."""

    def __init__(self, path: Path) -> None:
        self._serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
        self._raw = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._raw.execute(f"PRAGMA {pragma}")
        self._raw.execute("CREATE TABLE state (id INTEGER PRIMARY KEY, body TEXT)")
        self._raw.execute("INSERT INTO state VALUES (1, '')")
        self.size = 0

    def write(self, workflow: BpmnWorkflow) -> None:
        """Store the case."""
        body = self._serializer.serialize_json(workflow)
        self.size = len(body)
        self._raw.execute("BEGIN IMMEDIATE")
        self._raw.execute("UPDATE state SET body = ? WHERE id = 1", (body,))
        self._raw.execute("COMMIT")

    def read(self) -> BpmnWorkflow:
        """Load the case."""
        body = self._raw.execute("SELECT body FROM state WHERE id = 1").fetchone()[0]
        return self._serializer.deserialize_json(body)

    def step(self) -> None:
        """Do one step as an application that keeps nothing in memory does it."""
        workflow = self.read()
        complete(workflow)
        self.write(workflow)


def _timed(work: Callable[[], object], loops: int) -> list[float]:
    times = []
    for _ in range(loops):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return times


def main(loops: int) -> None:
    """Print processor times in milliseconds and the sizes of the state, as JSON."""
    workflow = begin()
    while owed(workflow) != "record":
        complete(workflow)
    with tempfile.TemporaryDirectory() as folder:
        stored = Stored(Path(folder) / "state.sqlite")
        stored.write(workflow)
        in_memory = _timed(lambda: complete(workflow), loops)
        small = stored.size
        in_a_row = _timed(stored.step, loops)
    found = {"memory": in_memory, "row": in_a_row, "size": [small, stored.size]}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
