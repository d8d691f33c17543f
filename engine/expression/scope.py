"""Finds the names that an expression reads from outside itself."""

from engine.expression import tree


def free_names(root: tree.Node) -> frozenset[str]:
    """Return the names that `root` does not bind itself.

    Inside a filter a name may also be an entry of the items; it is still returned.
    """
    found: set[str] = set()
    pending: list[tuple[tree.Node, frozenset[str]]] = [(root, frozenset())]
    while pending:
        node, bound = pending.pop()
        if isinstance(node, tree.Name) and node.name not in bound:
            found.add(node.name)
        pending.extend(_inner(node, bound))
    return frozenset(found)


def _inner(node: tree.Node, bound: frozenset[str]) -> list[tuple[tree.Node, frozenset[str]]]:
    """Return the parts of `node`, each with the names that are bound in it."""
    match node:
        case tree.Filter(target=target, condition=condition):
            return [(target, bound), (condition, bound | {"item"})]
        case tree.ContextOf(entries=entries):
            return [
                (part, bound | {key for key, _ in entries[:position]})
                for position, (_, part) in enumerate(entries)
            ]
        case tree.For(iterations=iterations, result=last):
            return _iterated(iterations, last, bound)
        case tree.Quantified(iterations=iterations, condition=last):
            return _iterated(iterations, last, bound)
    return [(part, bound) for part in tree.children(node)]


def _iterated(
    iterations: tuple[tree.Iteration, ...], last: tree.Node, bound: frozenset[str]
) -> list[tuple[tree.Node, frozenset[str]]]:
    parts = []
    for iteration in iterations:
        parts.append((iteration.domain, bound))
        bound |= {iteration.name}
    return [*parts, (last, bound)]
