"""The shipped diagrams run on the engine as it is."""

from pathlib import Path

import pytest

from engine.bpmn import Program
from engine.bpmn.gate.scope import BPMN
from engine.xml import parse_xml

FOLDER = Path(__file__).parents[2] / "processes"
FILES = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.bpmn"))}
PROCESSES = [
    process.get("id", "")
    for content in FILES.values()
    for process in parse_xml(content).iter(f"{{{BPMN}}}process")
]


@pytest.mark.parametrize("process_id", PROCESSES)
def test_shipped_process_compiles(process_id: str) -> None:
    assert Program.compile(FILES, process_id, key="shipped").process_id == process_id
