"""Engines of others that a package registry has, installed to be measured in the same run.

bpmn-engine (MIT, JavaScript) runs the model of forty nodes. bpmn-server keeps its cases in MongoDB
and Spiff-Arena comes as containers and is on no package index: neither can be installed here, so
their figures stay those of November 2026.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks import forty
from webui.frontend_build import FrontendBuildError, Node

HOME = Path(__file__).parent / "others"


def bpmn_engine(loops: int) -> dict[str, Any] | None:
    """Return processor milliseconds of a step in `memory` and in a `row`, and the `size` in bytes.

    None where it could not be installed; the reason is printed.
    """
    try:
        node = Node()
        # Threat: a package's install script would run with the rights of whoever measures.
        node.npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], HOME)
    except FrontendBuildError as error:
        click.echo(f"bpmn-engine was not measured: {error}", err=True)
        return None
    with tempfile.TemporaryDirectory() as folder:
        diagram = Path(folder) / "forty.bpmn"
        diagram.write_text(forty.one_file("${environment.variables.leave}"))
        said = node.node(["bpmn_engine.mjs", str(diagram), str(loops), folder], HOME)
    found: dict[str, Any] = json.loads(said)
    return found
