"""Says names and texts of a deployment in the language of this reader; nothing of it is stored."""

from collections.abc import Iterable
from dataclasses import replace

from flask import g

from engine.deployment import ResolvedDeployment
from engine.models import ProcessInstance, WorkItem
from engine.reading.owed import Owed
from engine.reading.timeline import Entry
from engine.reading.worklist import Row, Worklist
from engine.wordbook import Words, deployment_words
from webui.context import application, newest, reading


def speak_of(deployment: ResolvedDeployment) -> None:
    """Let this request say the words of the set that its case runs on."""
    g.spoken = deployment


def words(deployment_id: str = "") -> Words:
    """Return the words of a set, else of the one that this request is about."""
    current = newest()
    found = g.get("spoken", current)
    # In plain English nothing is looked up, so no old set has to be read for it.
    if deployment_id and not deployment_words(current).changes_nothing:
        found = application().deployments.get(reading(), deployment_id)
    return deployment_words(found, current)


def words_for(item: WorkItem) -> Words:
    """Return the words of the set that a step comes from."""
    if words().changes_nothing:
        return words()
    instance = reading().get_one(ProcessInstance, item.instance_id)
    return words(instance.deployment_id)


def said(text: str | None, deployment_id: str = "") -> str:
    """Return a name or text of a set in the language of this reader."""
    return words(deployment_id).say(text) if text else ""


def said_of(item: WorkItem) -> str:
    """Return the name of a step in the language of this reader."""
    return words_for(item).say(item.name)


def said_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries of a timeline with the names of steps in the language of this reader."""
    return [
        replace(entry, title=said(entry.title)) if entry.kind == "step" else entry
        for entry in entries
    ]


def said_owed(found: Owed) -> Owed:
    """Return what a case owes with the names of steps and waits in the language of this reader."""
    return replace(
        found,
        steps=[replace(step, name=said(step.name)) for step in found.steps],
        waits=[replace(wait, name=said(wait.name)) for wait in found.waits],
    )


def said_worklist(found: Worklist, *, by_step: bool) -> Worklist:
    """Return a worklist in the language of this reader, in the order of its alphabet if asked."""
    if words().changes_nothing:
        return found
    groups = {
        name: _said_rows(getattr(found, name), by_step=by_step)
        for name in ("overdue", "this_week", "later", "waiting")
    }
    every = [row for rows in groups.values() for row in rows]
    names = {element: said(name) for element, name in found.steps.items()}
    names |= {row.element_id: row.step for row in every}
    steps = dict(sorted(names.items(), key=lambda pair: pair[1]))
    return replace(found, steps=steps, **groups)


def _said_rows(rows: Iterable[Row], *, by_step: bool) -> list[Row]:
    found = [replace(row, step=said(row.step, row.deployment_id)) for row in rows]
    return sorted(found, key=lambda row: (row.step, row.due_at)) if by_step else found
