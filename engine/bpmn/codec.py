"""Writes a running instance as compact arrays without its specification, and reads it again."""

import zlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.token import LIVE, InstanceTree, SubTree, Token, breadth_first
from engine.errors import StateError

VERSION: Final = 1
"""Of the arrays below; a state of any other version is refused and needs a migration."""
_COMPRESSED_ABOVE: Final = 3_000
"""Bytes; smaller states are not worth the time."""
_LARGEST: Final = 4_000_000
_ZLIB: Final = b"x"
_ABSENT: Final = object()
_EMPTY: Final[list[Any]] = [None, -1, "", 0, 0, None, None]
"""What is left out at the end of a step's record."""


def dump(top: InstanceTree, key: str, process_id: str) -> bytes:
    """Return the state of a pruned instance; raise StateError when a step is not at rest."""
    positions: dict[Any, int] = {}
    steps = [step for tree in top.trees() for step in tree.tasks.values()]
    steps.sort(key=lambda step: step.last_state_change)
    order = {step.id: rank for rank, step in enumerate(steps)}
    trees = [_dump_tree(tree, positions, order) for tree in top.trees()]
    done = top.data if top.completed else None
    state = orjson.dumps([VERSION, key, process_id, top.completed, top.ends, done, trees])
    return state if len(state) <= _COMPRESSED_ABOVE else zlib.compress(state, 1)


def _dump_tree(tree: Any, positions: dict[Any, int], order: Mapping[Any, int]) -> list[Any]:
    steps = list(breadth_first(tree))
    # Positions count over the whole instance, so that a called process can name its caller.
    for step in steps:
        positions[step.id] = len(positions)
    host = tree.host
    above = {} if host is None else host.data
    records = []
    for step in steps:
        state, parent = step._state, step.parent  # noqa: SLF001
        if state & (TaskState.FUTURE | TaskState.PREDICTED_MASK | TaskState.ERROR):
            raise StateError(f"The step {step.task_spec.name} is not at rest; nothing was stored.")
        records.append(
            _trim(
                [
                    step.id.hex if _is_known_outside(step) else None,
                    -1 if parent is None else positions[parent.id],
                    step.task_spec.name,
                    state,
                    order[step.id],
                    step.internal_data if state & LIVE else {},
                    _delta(above if parent is None else parent.data, step.data),
                ]
            )
        )
    caller = -1 if host is None else positions[host.id]
    return [caller, tree.spec.name, records]


def _is_known_outside(step: Any) -> bool:
    """Return whether rows point at the step: an open task, an open effect or a timer."""
    state = step._state  # noqa: SLF001
    return state in {TaskState.READY, TaskState.STARTED} or "timer" in step.internal_data


def _trim(record: list[Any]) -> list[Any]:
    """Leave out what is empty at the end."""
    while not record[-1]:
        record.pop()
    return record


def _delta(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Any] | None:
    """Return what to set and what to remove to come from `before` to `after`."""
    changed = {}
    for key, value in after.items():
        old = before.get(key, _ABSENT)
        # Most values are the very same; True == 1 in Python, but a vote is not a number.
        if old is not value and (type(old) is not type(value) or old != value):
            changed[key] = value
    removed = [] if before.keys() <= after.keys() else [key for key in before if key not in after]
    if removed:
        return [changed, removed]
    return [changed] if changed else None


def load(blob: bytes, key: str, process_id: str, top: InstanceTree) -> None:
    """Fill `top` from a state; raise StateError when it is not exactly ours."""
    try:
        version, *rest = orjson.loads(_unpacked(blob))
    except (ValueError, TypeError, zlib.error) as error:
        raise StateError("The stored process state is torn; restore a backup.") from error
    if version != VERSION:
        raise StateError(f"The stored process state has version {version}; migrate it first.")
    try:
        stored_key, stored_process, completed, ends, data, trees = rest
        if (stored_key, stored_process) != (key, process_id):
            raise StateError(
                f"The state belongs to {stored_process} of deployment {stored_key[:12]}; "
                "load it with that program."
            )
        top.completed, top.ends, top.data = completed, ends, data or {}
        _load_trees(top, trees)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise StateError("The stored process state does not fit its diagrams.") from error


def _unpacked(blob: bytes) -> bytes:
    """Return the arrays of a state, which begin with a bracket unless they are compressed."""
    if blob[:1] != _ZLIB:
        return blob
    reader = zlib.decompressobj()
    state = reader.decompress(blob, _LARGEST)
    if not reader.eof:
        raise ValueError("torn or too large")
    return state


def _load_trees(top: InstanceTree, trees: list[Any]) -> None:
    steps: list[Any] = []
    for caller, name, records in trees:
        if caller < 0:
            tree: Any = top
        else:
            host = steps[caller]
            tree = SubTree(top.subprocess_specs[name], host, top)
            top.subprocesses[host.id] = tree
        above = {} if caller < 0 else steps[caller].data
        for record in records:
            steps.append(_load_step(tree, record, steps, above))
    top.count_from(len(steps))


def _load_step(tree: Any, record: list[Any], steps: list[Any], above: Mapping[str, Any]) -> Any:
    """Build one step without the library's constructor, which would change its parent again."""
    token, parent, name, state, order, internal, delta = record + _EMPTY[len(record) :]
    step = Token.__new__(Token)
    step.id = uuid4() if token is None else UUID(hex=token)
    step.workflow = tree
    step._parent = None if parent < 0 else steps[parent].id  # noqa: SLF001
    step._children = []  # noqa: SLF001
    step._state = state  # noqa: SLF001
    step.triggered = False
    step.task_spec = tree.spec.task_specs[name]
    step.thread_id = 0
    step.last_state_change = order
    step.internal_data = internal or {}
    data = dict(above if parent < 0 else steps[parent].data)
    if delta is not None:
        data.update(delta[0])
        for key in delta[1] if len(delta) > 1 else ():
            data.pop(key, None)
    step.data = data
    tree.tasks[step.id] = step
    if parent < 0:
        tree.task_tree = step
    else:
        steps[parent]._children.append(step.id)  # noqa: SLF001
    return step
