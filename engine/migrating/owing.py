"""What a case owes before and after: its steps with role and deadline, and its timers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.bookkeeping import deputies_of, due_at, owing, remind_at
from engine.bpmn import Instance, UserTask
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError, MigrationRefusedError
from engine.language.telling import message_of, named, told
from engine.models import WorkItem
from engine.profile import Profile

_ASKED: Final = (
    *("token", "process_id", "element_id", "organisation_id", "role"),
    *("created_at", "due_at", "remind_at", "reminded_at"),
)
"""What an open step is owed by depends on these columns of its row."""


@dataclass(frozen=True)
class Renewed:
    """One open step as it is owed in the new drawing."""

    item: WorkItem
    columns: dict[str, Any]

    def is_of(self, item: WorkItem) -> bool:
        """Say whether it would be the same of a row that was read later."""
        return all(getattr(self.item, name) == getattr(item, name) for name in _ASKED)

    @property
    def has_other_role(self) -> bool:
        """Say whether other people owe it now."""
        return bool(self.columns["role"] != self.item.role)


def check_owed(
    before: Instance, after: Instance, profile: Profile, new: ResolvedDeployment
) -> None:
    """Raise MigrationRefusedError when something that is owed would be owed no longer."""
    left = {task.token: task for task in after.user_tasks()}
    for task in before.user_tasks():
        kept = left.get(task.token)
        if kept is None or kept.item != task.item:
            raise MigrationRefusedError(
                told("The step %(step)s would be owed no longer.", step=task.element_id)
            )
        element = new.element(kept.process_id, kept.element_id)
        if (element.role or "") not in profile.roles:
            raise MigrationRefusedError(
                told(
                    "%(step)s would be owed by nobody: put it into the lane of a role.",
                    step=named(element.label),
                )
            )
    waiting = {timer.token for timer in after.timers()}
    for timer in before.timers():
        if timer.token not in waiting:
            raise MigrationRefusedError(
                told("The deadline %(step)s would be lost.", step=timer.element_id)
            )
    if {effect.token for effect in before.effects()} != {one.token for one in after.effects()}:
        raise MigrationRefusedError(told("An effect on the outside would be lost."))


def renewed(
    items: list[WorkItem], after: Instance, old: ResolvedDeployment, new: ResolvedDeployment
) -> Iterator[Renewed]:
    """Yield how each open step is owed in the new drawing; its rows stay, with claim and draft.

    Raises MigrationRefusedError where the new drawing gives no due date.
    """
    tasks = {task.token: task for task in after.user_tasks()}
    for item in items:
        task = tasks.get(item.token)
        if task is not None:
            yield Renewed(item, _columns(item, task, old, new))


def _columns(
    item: WorkItem, task: UserTask, old: ResolvedDeployment, new: ResolvedDeployment
) -> dict[str, Any]:
    element, profile = new.element(task.process_id, task.element_id), new.profile
    try:
        role, escalate_to = owing(profile, item.case, element)
    except CasetableError as error:
        raise MigrationRefusedError(message_of(error)) from error
    return {
        "process_id": task.process_id,
        "element_id": task.element_id,
        "name": element.label,
        "form_id": element.properties.get("formRef", element.id),
        "role": role,
        "desk": role in profile.roles and profile.roles[role].scope == "desk",
        "deputies": deputies_of(profile, role, element.id, owed_by=item.organisation),
        "escalate_to": escalate_to,
    } | _times(item, task, old, new)


def _times(
    item: WorkItem, task: UserTask, old: ResolvedDeployment, new: ResolvedDeployment
) -> dict[str, Any]:
    """Return the due date by the new rule, counted from when the step came up."""
    before = old.element(item.process_id, item.element_id)
    element = new.element(task.process_id, task.element_id)
    try:
        due = due_at(new.profile, element, task, item.created_at)
        same = due_at(old.profile, before, task, item.created_at) == due
        due = item.due_at if same else due
        remind: datetime = remind_at(new.profile, element, due)
    except CasetableError as error:
        raise MigrationRefusedError(
            told(
                "%(step)s would have no due date: %(error)s",
                step=named(element.label),
                error=message_of(error),
            )
        ) from error
    if same:
        return {}
    again = item.remind_at is None or remind > item.remind_at
    return {
        "due_at": due,
        "remind_at": remind,
        "reminded_at": None if again else item.reminded_at,
    }
