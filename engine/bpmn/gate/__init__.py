"""Refuses diagrams that would not run as drawn, before the library sees them.

Several unsupported elements are not refused by SpiffWorkflow but silently misbehave (engine.md).
The check of diagrams (engine.check) says the same and more, kindly; this is the last door.
"""

from collections.abc import Mapping
from typing import Final

from lxml import etree

from engine.bpmn.gate.folder import (
    call_table,
    called_by,
    refuse_calls,
    refuse_declarations,
    refuse_identities,
)
from engine.bpmn.gate.process import refuse_scope
from engine.bpmn.gate.scope import Refusal, Scope, read_scopes

__all__ = ["Refusal", "Scope", "inspect", "reachable"]

_SHOWN: Final = 20


def reachable(roots: Mapping[str, etree._Element], process_id: str) -> list[Scope]:
    """Return a process and those that it calls, with their sub-processes.

    Other diagrams in the folder may be mere drawings and are not looked at.
    """
    scopes = [scope for file, root in roots.items() for scope in read_scopes(file, root)]
    reached = {process_id} | called_by(call_table(scopes), process_id)
    return [scope for scope in scopes if scope.process_id in reached]


def inspect(
    roots: Mapping[str, etree._Element], process_id: str, scopes: list[Scope]
) -> list[Refusal]:
    """Return why the reachable `scopes` cannot be executed; empty when they can. At most 20."""
    files = {scope.file: roots[scope.file] for scope in scopes}
    found = [*refuse_declarations(files), *refuse_identities(scopes)]
    for scope in scopes:
        found.extend(refuse_scope(scope))
    found.extend(refuse_calls(scopes, process_id))
    return found[:_SHOWN]
