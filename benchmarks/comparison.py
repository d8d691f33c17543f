"""The same step of the same model of forty nodes: by engines as shipped, and as it runs here.

Completing the user task of a loop, from the tenth time to the two hundredth, as processor time.
Neither has a web page, rights, work items or an audit trail around it: M1 and M3 measure those.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks import forty, other_engines
from benchmarks.harness import Figure, figure, measure, single
from engine.bpmn import Instance, Program, Scope, seal, unseal

LOOPS = 210
KEY = b"a key that only the measurement uses"
OWN = "the engine's state in one row"


class Port:
    """What the diagram reaches: nothing, the model asks for no operator and no table."""

    def call_operator(self, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return nothing."""
        del name, inputs
        return {}

    def is_deferred(self, name: str) -> bool:
        """Nothing waits for an effect."""
        del name
        return False

    def decide(self, decision_id: str, context: Any) -> dict[str, Any]:
        """Propose nothing."""
        del decision_id, context
        return {}


def run(*, quick: bool) -> list[Figure]:
    """Go round the loop with each of them."""
    loops = 40 if quick else LOOPS
    command = [sys.executable, "-m", "benchmarks.library", str(loops)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    library = json.loads(done.stdout)
    script = other_engines.bpmn_engine(loops)
    own, sizes = _own(loops)
    measured = [
        ("SpiffWorkflow in memory, nothing stored", library["memory"]),
        ("SpiffWorkflow, JSON in one row", library["row"]),
        *_of_script(script),
        (OWN, own),
    ]
    stored = [("SpiffWorkflow", library["size"])]
    stored += [("bpmn-engine", script["size"])] if script else []
    found = [line for what, times in measured for line in _growth(what, times)]
    for what, (before, after) in (*stored, (OWN, sizes)):
        found.append(single("vs", f"state at the last loop: {what}", after, "bytes", ""))
        grown = round(after / before, 2)
        found.append(single("vs", f"state, last : first loop: {what}", grown, "x", ""))
    return found


def _of_script(found: dict[str, Any] | None) -> list[tuple[str, list[float]]]:
    if found is None:
        return []
    memory, stored = (
        "bpmn-engine (JavaScript) in memory",
        "bpmn-engine (JavaScript), JSON in one file",
    )
    return [(f"{memory}, nothing stored", found["memory"]), (stored, found["row"])]


def _growth(what: str, times: list[float]) -> list[Figure]:
    early, late = times[5:15], times[-15:-5]
    goal = "<= 1.1" if what == OWN else ""
    ratio = round(median(late) / median(early), 2)
    return [
        figure("vs", f"a step at the 10th loop: {what}", early, unit="ms", goal=""),
        figure("vs", f"a step at loop {len(times) - 10}: {what}", late, unit="ms", goal=""),
        single("vs", f"growth: {what}", ratio, "x", goal),
    ]


def _own(loops: int) -> tuple[list[float], tuple[int, int]]:
    files = {name: content.encode() for name, content in forty.files().items()}
    program = Program.compile(files, "main", key="bench")
    scope = Scope(now=datetime.now(UTC), zone=ZoneInfo("UTC"))
    running = Instance.start(program, Port(), scope, data={"leave": False})
    running.advance()
    while running.user_tasks()[0].element_id != "record":
        running.complete(running.user_tasks()[0].token, {})
        running.advance()
    with tempfile.TemporaryDirectory() as folder:
        raw = sqlite3.connect(Path(folder) / "state.sqlite", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            raw.execute(f"PRAGMA {pragma}")
        raw.execute("CREATE TABLE state (id INTEGER PRIMARY KEY, body BLOB)")
        raw.execute("INSERT INTO state VALUES (1, ?)", (seal(running.dump(), KEY),))
        first = _size(raw)
        times = [measure(lambda: _step(raw, program, scope))[1] for _ in range(loops)]
        sizes = (first, _size(raw))
        raw.close()
    return times, sizes


def _size(raw: sqlite3.Connection) -> int:
    found: int = raw.execute("SELECT length(body) FROM state").fetchone()[0]
    return found


def _step(raw: sqlite3.Connection, program: Program, scope: Scope) -> None:
    body = raw.execute("SELECT body FROM state WHERE id = 1").fetchone()[0]
    running = Instance.load(program, unseal(body, KEY), Port(), scope)
    running.complete(running.user_tasks()[0].token, {"leave": False})
    running.advance()
    raw.execute("BEGIN IMMEDIATE")
    raw.execute("UPDATE state SET body = ? WHERE id = 1", (seal(running.dump(), KEY),))
    raw.execute("COMMIT")
