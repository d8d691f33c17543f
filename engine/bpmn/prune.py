"""Cuts finished steps out of the tree, so that a turn costs the same in the first and tenth year.

Kept are the root, what is live, the parents of what is live (data, incoming flow, boundary
split, frame of a multi-instance), and where the ways of two live steps parted: joining branches
needs the data from there.
"""

from typing import Any

from engine.bpmn.token import LIVE, breadth_first


def prune(top: Any) -> None:
    """Prune all active processes of an instance."""
    for tree in top.trees():
        _prune_tree(tree)


def _prune_tree(tree: Any) -> None:
    kept = _kept(tree)
    if len(kept) == len(tree.tasks):
        return
    nearest: dict[Any, Any] = {}
    for step in list(breadth_first(tree)):
        above = nearest.get(step._parent)  # noqa: SLF001
        if step.id in kept:
            nearest[step.id] = step.id
            step._children = []  # noqa: SLF001
            step._parent = above  # noqa: SLF001
            if above is not None:
                tree.tasks[above]._children.append(step.id)  # noqa: SLF001
        else:
            nearest[step.id] = above
    for key in [key for key in tree.tasks if key not in kept]:
        del tree.tasks[key]


def _kept(tree: Any) -> set[Any]:
    tasks = tree.tasks
    kept = {tree.task_tree.id}
    for step in tasks.values():
        if step._state & LIVE:  # noqa: SLF001
            kept.add(step.id)
            if step._parent is not None:  # noqa: SLF001
                kept.add(step._parent)  # noqa: SLF001
    return kept | _partings(tasks, kept)


def _partings(tasks: Any, kept: set[Any]) -> set[Any]:
    """Return the steps where the ways from the root to the kept steps part."""
    passed: set[Any] = set()
    found: set[Any] = set()
    for start in kept:
        key = start
        while key is not None and key not in passed:
            passed.add(key)
            key = tasks[key]._parent  # noqa: SLF001
        if key is not None:
            found.add(key)
    return found
