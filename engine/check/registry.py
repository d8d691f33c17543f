"""The one list of checks, and the run of all of them over a deployment."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from engine.check import (
    decision_use,
    event,
    expression_use,
    flow,
    form_use,
    identity,
    label,
    layout,
    multi,
    operator_use,
    people,
    reference,
    soundness,
    structure,
    tidiness,
    timer,
    unsupported,
)
from engine.check.context import CheckContext
from engine.check.finding import Finding
from engine.check.folder import Folder, read_folder
from engine.check.report import ordered

Check = Callable[[Folder, CheckContext], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    unsupported.check_kinds,
    unsupported.check_pools,
    identity.check_ids,
    identity.check_ids_across,
    identity.check_generated_ids,
    identity.check_processes,
    identity.check_names,
    structure.check_starts_and_ends,
    structure.check_empty_sub_processes,
    structure.check_reachability,
    structure.check_flow_ends,
    flow.check_splits,
    flow.check_twins,
    flow.check_merges,
    flow.check_gateways,
    soundness.check_tokens,
    event.check_definitions,
    event.check_names_apart,
    event.check_boundaries,
    event.check_heard_once,
    event.check_event_gateways,
    event.check_starts,
    timer.check_timers,
    people.check_roles,
    people.check_lanes,
    people.check_due_dates,
    people.check_separation,
    people.check_settings,
    form_use.check_forms_of_tasks,
    form_use.check_recorders,
    form_use.check_forms,
    form_use.check_fields_across,
    operator_use.check_operators,
    decision_use.check_decisions_of_tasks,
    decision_use.check_tables,
    expression_use.check_expressions,
    expression_use.check_scripts,
    multi.check_multi_instances,
    reference.check_calls,
    reference.check_recursion,
    layout.check_size,
    layout.check_drawn,
    layout.check_containment,
    layout.check_lanes_cover,
    tidiness.check_comparable,
    tidiness.check_overlaps,
    tidiness.check_flows_around,
    tidiness.check_straight_flows,
    label.check_labels,
)

_ENDINGS = (".bpmn", ".dmn", ".form")


def check_deployment(files: Mapping[str, bytes], context: CheckContext) -> list[Finding]:
    """Return everything to mend in the diagrams, tables and forms of one deployment, in order.

    `files` are contents by path; other kinds of files are left alone. Nothing in a file, however
    broken, raises: what cannot be read is a finding.
    """
    folder = read_folder(files)
    found = list(folder.broken)
    for check in CHECKS:
        found.extend(check(folder, context))
    return ordered(found)


def check_folder(folder: Path, context: CheckContext) -> list[Finding]:
    """Check the files of a folder as one deployment; `profiles/` below it holds other ones."""
    return check_deployment(collect(folder), context)


def collect(folder: Path) -> dict[str, bytes]:
    """Read the diagrams, tables and forms of a folder, without those of profiles below it."""
    found = (path for path in sorted(folder.rglob("*")) if path.name.endswith(_ENDINGS))
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if "profiles" not in path.relative_to(folder).parts
    }
