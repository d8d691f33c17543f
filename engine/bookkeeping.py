"""Writes down what a turn changed: work items, timers, effects, step history, stage."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm.attributes import set_committed_value

from engine.access import IN_NO_CASE
from engine.bpmn import Flow, Instance, Step, UserTask, WaitingTimer
from engine.calendar import is_duration, occurrence, parse_duration, parse_instant
from engine.deputy import ANYBODY, NOBODY, WITHIN
from engine.errors import DiagramError, InputError
from engine.expression import compile_expression, to_json
from engine.language.telling import told
from engine.models import (
    Case,
    Draft,
    InboxMessage,
    Organisation,
    Timer,
    TimerState,
    WorkItem,
    WorkItemState,
)
from engine.policy import NOT_DELEGATED
from engine.profile import NOT_DELEGATED_VALUE, Profile
from engine.proof.history import history_rules

if TYPE_CHECKING:
    from engine.drawing import Element
    from engine.turn import Turn

DEFAULT_DUE = "P7D"
"""For a drawing that states no due date: nothing waits without limit (L9)."""


def write_down(turn: "Turn", running: Instance) -> None:
    """Bring the rows of one instance in line with its state after a turn."""
    _write_work_items(turn, running.user_tasks())
    _write_timers(turn, running.timers())
    _write_effects(turn, running)
    _write_position(turn, running)
    if running.completed:
        _void_messages(turn)


def history(turn: "Turn", running: Instance) -> list[dict[str, Any]]:
    """Return the rows of the steps and the flows taken, in the order in which they happened."""
    happened: list[Step | Flow] = [*running.steps(), *running.flows()]
    happened.sort(key=lambda entry: entry.sequence)
    first = turn.instance.step_count + 1
    return [_history_row(turn, entry, number) for number, entry in enumerate(happened, first)]


def _history_row(turn: "Turn", entry: Step | Flow, sequence: int) -> dict[str, Any]:
    row = {
        "instance_id": turn.instance.id,
        "sequence": sequence,
        "process_id": entry.process_id,
        "at": turn.now,
        "actor_id": None,
        "for_id": None,
    }
    if isinstance(entry, Flow):
        flow = {"kind": "sequenceFlow", "name": "", "state": "completed", "token": "", "told": None}
        return row | flow | {"element_id": entry.flow_id}
    if turn.actor and entry.kind == "userTask" and entry.state == "completed":
        row["actor_id"] = turn.actor.id
        row["for_id"] = turn.behalf.id if turn.behalf else None
    return row | {
        "element_id": entry.element_id,
        "kind": entry.kind,
        "name": _label(turn, entry.process_id, entry.element_id),
        "state": entry.state,
        "token": entry.token,
        "told": _told(turn, entry),
    }


def _told(turn: "Turn", step: Step) -> dict[str, Any]:
    """Return the variables after a step that rules ask for, to check them again afterwards."""
    asked = history_rules(turn.deployment, turn.instance.process_id).told
    names = asked.get((step.process_id, step.element_id), frozenset())
    return {name: step.values[name] for name in sorted(names & step.values.keys())}


def _label(turn: "Turn", process_id: str, element_id: str) -> str:
    process = turn.deployment.processes.get(process_id)
    element = process.by_id.get(element_id) if process else None
    return element.label if element else element_id


def _write_work_items(turn: "Turn", waiting: list[UserTask]) -> None:
    still_open = (
        item for item in turn.instance.open_items if item.state == WorkItemState.OPEN.value
    )
    open_items = {item.token: item for item in still_open}
    tokens = {task.token for task in waiting}
    withdrawn = [item for token, item in open_items.items() if token not in tokens]
    for item in withdrawn:
        item.state = WorkItemState.CANCELLED.value
        item.completed_at = turn.now
    new = [task for task in waiting if task.token not in open_items]
    organisations = _organisations(turn, new)
    for task in new:
        item = _new_item(turn, task, organisations.get(str(task.item)))
        turn.session.add(item)
        turn.outcome.new_items.append(item)
        _carry_over(turn, withdrawn, item)
        turn.owe(
            "notice",
            f"work_item_new:{item.id}",
            {
                "template": "work_item_new",
                "case_id": str(turn.case.id),
                "work_item_id": str(item.id),
            },
        )


def _carry_over(turn: "Turn", withdrawn: list[WorkItem], item: WorkItem) -> None:
    """Let a step that comes up anew in the same turn keep who had taken it and what was typed.

    Whoever had half written a decision when an opinion changed has not written it in vain.
    """
    for before in withdrawn:
        if (before.element_id, before.process_id) != (item.element_id, item.process_id):
            continue
        if before.organisation_id == item.organisation_id:
            item.assignee_id, item.claimed_at = before.assignee_id, before.claimed_at
            _move_drafts(turn, before, item)
            return


def _move_drafts(turn: "Turn", before: WorkItem, item: WorkItem) -> None:
    """Give the new item what was typed for the one before: sealed anew, for its new place."""
    turn.session.flush()
    for draft in turn.session.scalars(select(Draft).where(Draft.work_item_id == before.id)).all():
        turn.session.add(
            Draft(
                work_item_id=item.id,
                account_id=draft.account_id,
                case_id=draft.case_id,
                values=draft.values,
                saved_at=draft.saved_at,
            )
        )
        turn.session.delete(draft)


def _new_item(turn: "Turn", task: UserTask, organisation: Organisation | None) -> WorkItem:
    element = turn.deployment.element(task.process_id, task.element_id)
    due = due_at(turn.profile, element, task, turn.now)
    remind = remind_at(turn.profile, element, due)
    role, escalate_to = owing(turn.profile, turn.case, element)
    item = WorkItem(
        id=uuid4(),
        instance_id=turn.instance.id,
        case_id=turn.case.id,
        token=task.token,
        process_id=task.process_id,
        element_id=task.element_id,
        name=element.label,
        form_id=element.properties.get("formRef", element.id),
        role=role,
        desk=role in turn.profile.roles and turn.profile.roles[role].scope == "desk",
        organisation_id=organisation.id if organisation else None,
        deputies=deputies_of(turn.profile, role, element.id, owed_by=organisation),
        created_at=turn.now,
        due_at=due,
        remind_at=remind if remind > turn.now else None,
        escalate_to=escalate_to,
        state=WorkItemState.OPEN.value,
        variables=dict(task.data),
    )
    set_committed_value(item, "organisation", organisation)
    return item


def owing(profile: Profile, case: Case, element: "Element") -> tuple[str, str | None]:
    """Return who owes a step in a file and before whom it comes when it is overdue.

    Raise DiagramError where that would bring somebody of another body into the file.
    """
    drawn = element.properties.get("escalateTo")
    role = profile.role_in(case.file, element.role or "")
    over = profile.role_in(case.file, drawn) if drawn else None
    for one in (role, over):
        if one and one not in IN_NO_CASE and not case.admits(one):
            raise DiagramError(
                told(
                    "%(label)s is drawn for %(one)s, who takes no part in this file; draw it for "
                    "another role, or say in [files] who does it instead.",
                    label=element.label,
                    one=one,
                )
            )
    return role, over


def deputies_of(
    profile: Profile, role: str, element_id: str, *, owed_by: Organisation | None
) -> str:
    """Say which deputy of an absent person does a step: some acts stay with the person (P36).

    The engine's own floor stands whatever a profile says: the accountable person decides in
    person (P93), and for an organisation speaks only somebody of that organisation (P22).
    """
    kept = set(profile.values.get(NOT_DELEGATED_VALUE) or ())
    if role in NOT_DELEGATED or role in kept or element_id in kept:
        return NOBODY
    return WITHIN if owed_by is not None else ANYBODY


def _organisations(turn: "Turn", tasks: list[UserTask]) -> dict[str, Organisation]:
    """Find the organisations that owe the items of multi-instances over partners, by code."""
    codes = {task.item for task in tasks if isinstance(task.item, str)}
    if not codes:
        return {}
    found = turn.session.scalars(select(Organisation).where(Organisation.code.in_(codes)))
    return {organisation.code: organisation for organisation in found}


def due_at(profile: Profile, element: "Element", task: UserTask, opened: datetime) -> datetime:
    """Compute when a user task is due from the drawing's `dueIn` (ISO, or `=` and FEEL)."""
    text = element.properties.get("dueIn", "").strip() or DEFAULT_DUE
    if text.startswith("="):
        names = {"profile": profile.values, **task.data}
        value = compile_expression(text[1:].strip()).evaluate(names, now=opened, zone=profile.zone)
        text = str(to_json(value) or DEFAULT_DUE)
    try:
        if is_duration(text):
            return occurrence(opened, parse_duration(text), 1, profile.zone)
        return parse_instant(text, profile.zone)
    except InputError as error:
        raise DiagramError(
            told(
                "%(id)s: %(text)s is neither a duration nor a date.", id=element.id, text=repr(text)
            )
        ) from error


def remind_at(profile: Profile, element: "Element", due: datetime) -> datetime:
    """Compute when the reminder of a work item is sent."""
    before = element.properties.get("remindBefore") or profile.values.get("remind_before")
    if not before:
        return due
    return occurrence(due, parse_duration(str(before)), -1, profile.zone)


def _write_timers(turn: "Turn", waiting: list[WaitingTimer]) -> None:
    """Insert new timers, re-arm moved ones, drop gone ones; unchanged ones cost nothing."""
    now_armed = {timer.token: timer.due_at.isoformat() for timer in waiting}
    before = turn.instance.timers
    if now_armed == before:
        return
    gone = sorted(set(before) - set(now_armed))
    if gone:
        fired = {t for t in gone if datetime.fromisoformat(before[t]) <= turn.now}
        _close_timers(turn, sorted(fired), TimerState.FIRED)
        _close_timers(turn, [t for t in gone if t not in fired], TimerState.CANCELLED)
    for timer in waiting:
        if timer.token not in before:
            turn.append(Timer, _new_timer(turn, timer))
        elif before[timer.token] != now_armed[timer.token]:
            turn.session.execute(
                update(Timer)
                .where(
                    Timer.instance_id == turn.instance.id,
                    Timer.token == timer.token,
                    Timer.state == TimerState.WAITING.value,
                )
                .values(due_at=timer.due_at)
            )
    turn.instance.timers = now_armed


# Of the table, not of the rows: nobody has a timer loaded in a turn, and looking for one costs
# as much as the statement.
_TIMERS: Final = Timer.metadata.tables[Timer.__tablename__]
_CLOSE_TIMERS: Final = (
    update(_TIMERS)
    .where(
        _TIMERS.c.instance_id == bindparam("of_instance"),
        _TIMERS.c.token == bindparam("of_token"),
        # Not IN: that is put together anew for each set of parameters, and these come by many.
        or_(*(_TIMERS.c.state == one.value for one in (TimerState.WAITING, TimerState.BLOCKED))),
    )
    .values(state=bindparam("closed_as"), fired_at=bindparam("closed_at"))
)


def _close_timers(turn: "Turn", tokens: list[str], state: TimerState) -> None:
    closed = {
        "of_instance": turn.instance.id,
        "closed_as": state.value,
        "closed_at": turn.now if state is TimerState.FIRED else None,
    }
    if tokens:
        turn.pending.send(_CLOSE_TIMERS, [closed | {"of_token": token} for token in tokens])


def _new_timer(turn: "Turn", timer: WaitingTimer) -> dict[str, Any]:
    return {
        "instance_id": turn.instance.id,
        "token": timer.token,
        "occurrence": 1,
        "process_id": timer.process_id,
        "element_id": timer.element_id,
        "rule": timer.rule,
        "due_at": timer.due_at,
        "state": TimerState.WAITING.value,
    }


def _write_effects(turn: "Turn", running: Instance) -> None:
    """Owe a job for each service task that waits for its effect; the key makes it once."""
    for effect in running.effects():
        if effect.token not in turn.known_effects:
            turn.owe(
                "effect",
                f"effect:{turn.instance.id}:{effect.token}",
                {
                    "instance_id": str(turn.instance.id),
                    "token": effect.token,
                    "operator": effect.operator,
                    "inputs": effect.inputs,
                },
            )


def _write_position(turn: "Turn", running: Instance) -> None:
    active: dict[str, list[str]] = {}
    for place in running.active():
        active.setdefault(place.process_id, []).append(place.element_id)
    turn.instance.active = {process: sorted(set(ids)) for process, ids in active.items()}
    if turn.episode is None:
        return
    process = turn.deployment.processes[turn.instance.process_id]
    for element_id in active.get(turn.instance.process_id, ()):
        element = process.by_id.get(element_id)
        stage = element.properties.get("stage") if element else None
        if stage and turn.episode.stage != stage:
            turn.episode.stage = stage


def _void_messages(turn: "Turn") -> None:
    """Mark what can no longer be delivered, so that it is shown and not silently dropped."""
    if turn.instance.pending_messages:
        turn.session.execute(
            update(InboxMessage)
            .where(InboxMessage.instance_id == turn.instance.id, InboxMessage.state == "waiting")
            .values(state="void")
        )
        turn.instance.pending_messages = 0


def overdue_by(item: WorkItem, now: datetime) -> timedelta:
    """Return how long a work item is overdue (zero when it is not)."""
    return max(now - item.due_at, timedelta())
