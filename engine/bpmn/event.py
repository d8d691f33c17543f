"""Arms, fires and throws events: timers by the calendar, messages, signals, errors, escalations."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions import (
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.multiple import MultipleEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.interpreter import place
from engine.bpmn.merge import clone, combine
from engine.bpmn.token import frame_of
from engine.calendar import is_duration, occurrence, parse_duration, parse_instant
from engine.errors import DiagramError, ExpressionError, InputError
from engine.language.telling import located, message_of, told

RECURRING: Final = (MessageEventDefinition, SignalEventDefinition, EscalationEventDefinition)
"""Events that may come again while the activity they are attached to is active."""


def definitions(token: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the event definitions that a waiting step listens to, each with its drawn event."""
    spec = token.task_spec
    definition = getattr(spec, "event_definition", None)
    if isinstance(definition, MultipleEventDefinition):
        yield from spec.choices()
    elif definition is not None:
        yield definition, spec


def fire(token: Any, definition: Any, spec: Any, payload: Mapping[str, Any] | None = None) -> None:
    """Let a waiting step catch its event; `payload` becomes part of its process variables."""
    if spec is not token.task_spec:
        token.internal_data["chosen"] = spec.name
    token.internal_data.pop("timer", None)
    if payload:
        variable = getattr(definition, "message_var", None)
        token.data.update({variable: clone(payload)} if variable else clone(payload))
    token._ready()  # noqa: SLF001


# -- timers ----------------------------------------------------------------------------------------


def is_literal(rule: str) -> bool:
    """Return whether a timer's rule is an ISO literal, as other tools write it."""
    return is_duration(rule) or rule.strip()[:4].isdigit()


def due_at(rule: str, anchor: datetime, zone: Any) -> datetime:
    """Return the instant of a duration after `anchor`, or of a date or instant."""
    if is_duration(rule):
        return occurrence(anchor, parse_duration(rule), 1, zone)
    return parse_instant(rule, zone)


def arm_timer(token: Any, definition: Any) -> None:
    """Note when a timer is due; raise ExpressionError naming the element when it cannot be told."""
    if not isinstance(definition, TimerEventDefinition):
        return
    now = token.workflow.script_engine.scope.now
    rule = _rule(token, definition, token.data, now)
    if rule is None:
        raise ExpressionError(
            told(
                "%(place)s: the timer `%(expression)s` has no value; set it before.",
                place=place(token),
                expression=definition.expression,
            )
        )
    _note(token, rule, now)


def rearm_timer(token: Any, definition: Any) -> bool:
    """Move a waiting timer whose rule has another value by now; return whether it moved."""
    timer = token.internal_data.get("timer")
    if timer is None or is_literal(definition.expression):
        return False
    # Read as of the day on which it was armed: `today()` in a rule must not move it every day.
    anchor = datetime.fromisoformat(timer[1])
    rule = _rule(token, definition, _current(token), anchor)
    if rule is None or rule == timer[0]:
        return False
    _note(token, rule, anchor)
    return True


def keep_time(token: Any, definition: Any) -> None:
    """Count a waiting timer from its old anchor by the rule that it has in another drawing."""
    anchor = datetime.fromisoformat(token.internal_data["timer"][1])
    rule = _rule(token, definition, _current(token), anchor)
    if rule is None:
        raise ExpressionError(
            told(
                "%(place)s: the timer `%(expression)s` has no value for this case.",
                place=place(token),
                expression=definition.expression,
            )
        )
    _note(token, rule, anchor)


def _note(token: Any, rule: str, anchor: datetime) -> None:
    zone = token.workflow.script_engine.scope.zone
    try:
        due = due_at(rule, anchor, zone)
    except InputError as error:
        raise ExpressionError(located(place(token), message_of(error))) from error
    token.internal_data["timer"] = [rule, anchor.isoformat(), due.isoformat()]


def _rule(token: Any, definition: Any, data: Mapping[str, Any], now: datetime) -> str | None:
    source = definition.expression.strip()
    if is_literal(source):
        return str(source)
    value = token.workflow.script_engine.value(source, data, place(token), now)
    if value is None or isinstance(value, str):
        return value
    raise ExpressionError(
        told(
            "%(place)s: the timer `%(source)s` gives %(value)s, not ISO text.",
            place=place(token),
            source=source,
            value=repr(value),
        )
    )


def _current(token: Any) -> dict[str, Any]:
    """Return the variables of a waiting event as changed inside the activity it is attached to."""
    data: dict[str, Any] = token.data
    split = token.parent
    if split is None or not isinstance(split.task_spec, BoundaryEventSplit):
        return data
    inside = [
        child for child in split.children if child.task_spec.name == split.task_spec.host_name
    ]
    steps = [step for host in inside for step in _inner(host)]
    steps.sort(key=lambda step: step.last_state_change)
    return combine(data, [{**data, **step.data} for step in steps])


def _inner(host: Any) -> Iterator[Any]:
    """Yield the live steps inside `host`, and `host` itself."""
    if not host.has_state(TaskState.NOT_FINISHED_MASK):
        return
    yield host
    for child in host.children:
        yield from _inner(child)
    tree = host.workflow.top_workflow.subprocesses.get(host.id)
    for step in tree.live() if tree is not None else ():
        yield from _inner(step)


# -- throwing --------------------------------------------------------------------------------------


def throw(token: Any, definition: Any) -> None:
    """Throw the event of a throwing step."""
    if isinstance(definition, SignalEventDefinition):
        _broadcast(token, definition, SignalEventDefinition)
    elif isinstance(definition, MessageEventDefinition):
        if not _broadcast(token, definition, MessageEventDefinition):
            token.workflow.top_workflow.sent.append((definition.name, clone(token.data)))
    elif isinstance(definition, EscalationEventDefinition):
        throw_code(token.workflow.host, definition.code, EscalationEventDefinition)
    elif isinstance(definition, ErrorEventDefinition):
        caught = throw_code(token.workflow.host, definition.code, ErrorEventDefinition)
        if not caught:
            raise DiagramError(
                told(
                    "%(place)s: nobody catches the error %(code)s; draw an error boundary event "
                    "on the call activity or sub-process around it.",
                    place=place(token),
                    code=repr(definition.code),
                )
            )


def _broadcast(token: Any, thrown: Any, kind: Any) -> bool:
    caught = False
    for waiting in token.workflow.top_workflow.waiting():
        for definition, spec in definitions(waiting):
            if isinstance(definition, kind) and definition.name == thrown.name:
                fire(waiting, definition, spec)
                caught = True
                break
    return caught


def throw_code(host: Any, code: str | None, kind: Any) -> bool:
    """Let the nearest boundary event around `host` catch an error or escalation.

    The library broadcasts: an error in one sub-process also hits the others.
    """
    while host is not None:
        events = [
            (event, definition)
            for event in _attached(host)
            for definition in (event.task_spec.event_definition,)
            if isinstance(definition, kind) and definition.code in (None, code)
        ]
        exact = [pair for pair in events if pair[1].code is not None]
        for event, definition in exact or events:
            fire(event, definition, event.task_spec)
        if events:
            return True
        host = host.workflow.host
    return False


def _attached(host: Any) -> list[Any]:
    """Return the waiting boundary events of an activity, or of the one that `host` repeats."""
    host = frame_of(host) or host
    split = host.parent
    if split is None or not isinstance(split.task_spec, BoundaryEventSplit):
        return []
    if host.task_spec.name != split.task_spec.host_name:
        return []
    return [event for event in split.children if event.has_state(TaskState.WAITING)]
