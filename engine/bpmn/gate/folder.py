"""Refuses what does not fit together across the diagrams of a folder."""

from collections import Counter
from collections.abc import Iterator, Mapping

from lxml import etree

from engine.bpmn import subset
from engine.bpmn.gate.event import DECLARED, ID
from engine.bpmn.gate.scope import Refusal, Scope, events_of, kind_of
from engine.language.telling import Told, told


def call_table(scopes: list[Scope]) -> dict[str, set[str]]:
    """Return for each process the processes that it calls."""
    calls: dict[str, set[str]] = {}
    for scope in scopes:
        for node in scope.nodes.values():
            if kind_of(node) == "callActivity":
                calls.setdefault(scope.process_id, set()).add(node.get("calledElement", ""))
    return calls


def called_by(calls: Mapping[str, set[str]], process_id: str) -> set[str]:
    """Return all processes called by `process_id`, directly or not."""
    seen: set[str] = set()
    pending = [process_id]
    while pending:
        fresh = calls.get(pending.pop(), set()) - seen
        seen |= fresh
        pending.extend(fresh)
    return seen


def refuse_identities(scopes: list[Scope]) -> Iterator[Refusal]:
    """Refuse ids used twice where the library looks them up, and its own ones."""
    trees: Counter[str] = Counter()
    for scope in scopes:
        trees[scope.node.get("id", "")] += 1
        if trees[scope.node.get("id", "")] > 1:
            yield scope.refuse(scope.node, told("the id is used twice; give each process its own."))
    seen: set[tuple[str, str]] = set()
    for scope in scopes:
        for child in scope.node:
            id_ = child.get("id")
            if id_ is None or not kind_of(child):
                continue
            if (scope.process_id, id_) in seen:
                yield scope.refuse(id_, told("the id is used twice; rename one of the elements."))
            seen.add((scope.process_id, id_))
            if not ID.fullmatch(id_):
                yield scope.refuse(id_, told("write the id with letters, digits and underscores."))
            elif id_ in subset.RESERVED_IDS or id_.endswith(subset.RESERVED_ENDINGS):
                yield scope.refuse(id_, told("the id is reserved; rename the element."))


def refuse_declarations(roots: Mapping[str, etree._Element]) -> Iterator[Refusal]:
    """Refuse what has no name, and a message and a signal of one name."""
    names: dict[str, str] = {}
    for file, root in roots.items():
        for node in root:
            kind = kind_of(node)
            mend = subset.ELEMENTS.get(kind)
            if mend is not None:
                yield Refusal(
                    file,
                    node.get("id", "?"),
                    Told("%(kind)s: %(mend)s.", {"kind": kind, "mend": told(mend)}),
                )
            if kind not in DECLARED:
                continue
            name = node.get("name") if kind in {"message", "signal"} else node.get(f"{kind}Code")
            if not name or not ID.fullmatch(node.get("id", "")):
                yield Refusal(
                    file,
                    node.get("id", "?"),
                    told("give the %(kind)s an id and a name or code.", kind=told(kind)),
                )
            elif kind in {"message", "signal"} and names.setdefault(name, kind) != kind:
                yield Refusal(
                    file,
                    node.get("id", "?"),
                    told(
                        "%(name)s is also a %(kind)s; rename it.", name=name, kind=told(names[name])
                    ),
                )


def refuse_calls(scopes: list[Scope], process_id: str) -> Iterator[Refusal]:
    """Refuse calls of what is missing, does not start plainly, or calls itself again."""
    processes = {scope.process_id: scope for scope in scopes if kind_of(scope.node) == "process"}
    if process_id not in processes:
        yield Refusal("-", process_id, told("there is no such process; add its diagram."))
    calls = call_table(scopes)
    for scope in scopes:
        for node in scope.nodes.values():
            if kind_of(node) == "callActivity":
                called = node.get("calledElement", "")
                if called not in processes:
                    yield scope.refuse(
                        node, told("%(called)s is not a process; add its diagram.", called=called)
                    )
                elif not _starts_plainly(processes[called]):
                    yield scope.refuse(
                        node, told("%(called)s needs one plain start event.", called=called)
                    )
    for caller in calls:
        if caller in called_by(calls, caller):
            yield processes[caller].refuse(
                caller, told("the process calls itself; break the circle.")
            )


def _starts_plainly(scope: Scope) -> bool:
    starts = [node for node in scope.nodes.values() if kind_of(node) == "startEvent"]
    return len(starts) == 1 and not events_of(starts[0])
