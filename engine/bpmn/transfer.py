"""Moves a running instance to the program of another drawing, with everything that is under way.

The library's own migration loses drafts, begins timers anew and breaks repetition. Here each live
step keeps its identity, its variables and its progress, and only the drawing behind it changes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.event import arm_timer, definitions, keep_time
from engine.bpmn.instance import Instance
from engine.bpmn.kind import kind_of
from engine.bpmn.merge import clone
from engine.bpmn.port import Port, Scope
from engine.bpmn.program import Program
from engine.bpmn.step.base import EndJoin
from engine.bpmn.step.event import BoundaryEvent
from engine.bpmn.token import LIVE, SubTree, Token, breadth_first, frame_of
from engine.errors import CasetableError, MigrationRefusedError
from engine.language.telling import Part, message_of, named, told

SPLIT: Final = ".BoundaryEventSplit"
Element = tuple[str, str]
"""Drawn process and element."""


@dataclass(frozen=True, order=True)
class Open:
    """One element at which an instance stands, or that waits on the border of such a one."""

    path: tuple[str, ...]
    """Elements around it, outermost first."""
    process: str
    element: str
    kind: str
    on_border: bool
    keeps_time: bool
    """Whether a timer runs in it."""


def open_elements(instance: Instance) -> list[Open]:
    """Return where an instance stands, with its nesting, in a fixed order."""
    tree = instance._tree  # noqa: SLF001 - the view belongs to the instance
    return sorted(_open(instance, step) for step in _standing(tree))


def _standing(top: Any) -> Iterator[Any]:
    for tree in top.trees():
        for step in tree.live():
            if step.task_spec.bpmn_id is not None and frame_of(step) is None:
                yield step


def _open(instance: Instance, step: Any) -> Open:
    drawn = instance._drawn(step)  # noqa: SLF001
    return Open(
        path=drawn["path"],
        process=drawn["process_id"],
        element=drawn["element_id"],
        kind=kind_of(step.task_spec),
        on_border=isinstance(step.task_spec, BoundaryEvent),
        keeps_time="timer" in step.internal_data,
    )


def kinds(program: Program) -> dict[Element, str]:
    """Return the kind of each element of a program and all that it calls."""
    found: dict[Element, str] = {}
    for spec in (program.spec, *program.specs.values()):
        process = program.names.process_of[spec.name]
        for step in spec.task_specs.values():
            if step.bpmn_id is not None and not step.name.endswith("[child]"):
                found[process, step.bpmn_id] = kind_of(step)
    return found


def transfer(
    instance: Instance,
    program: Program,
    port: Port,
    scope: Scope,
    places: Mapping[Element, str],
) -> Instance:
    """Return a copy of an instance at rest that stands in another program; nothing runs in it.

    `places` names for elements of the old drawing those of the new one; others keep their ids.
    Raises MigrationRefusedError in one sentence where something under way has no place there.
    """
    try:
        moved = _Transfer(instance, program, port, scope, places).run()
        # What cannot be written and read again is not a state.
        return Instance.load(program, moved.dump(), port, scope)
    except MigrationRefusedError:
        raise
    except CasetableError as error:
        raise MigrationRefusedError(message_of(error)) from error


class _Transfer:
    def __init__(
        self,
        instance: Instance,
        program: Program,
        port: Port,
        scope: Scope,
        places: Mapping[Element, str],
    ) -> None:
        self._old = instance._tree  # noqa: SLF001
        self._process_of = instance.program.names.process_of
        self._moved = Instance(program, port, scope)
        self._new = self._moved._tree  # noqa: SLF001
        self._places = places
        self._steps: dict[Any, Any] = {}
        """The new step of an old one, by the id of the old."""

    def run(self) -> Instance:
        old, new = self._old, self._new
        steps = [step for tree in old.trees() for step in tree.tasks.values()]
        new.count_from(max((step.last_state_change for step in steps), default=0) + 1)
        new.completed, new.data = old.completed, clone(old.data)
        new.ends = [self._place(old, end) for end in old.ends]
        for tree in old.trees():
            self._tree(tree)
        return self._moved

    def _place(self, tree: Any, element: str) -> str:
        return self._places.get((self._process_of[tree.spec.name], element), element)

    def _tree(self, tree: Any) -> None:
        into = self._new if tree.host is None else self._opened(tree)
        borders = {}
        for step in breadth_first(tree):
            copy = self._copy(tree, into, step)
            if copy is not None and _is_host(step):
                borders[step.id] = copy
        for step in list(breadth_first(tree)):
            if step.id in borders:
                self._border(tree, step, borders[step.id])
        for copy in list(into.tasks.values()):
            self._retime(copy)

    def _opened(self, tree: Any) -> Any:
        host = self._steps[tree.host.id]
        opened = SubTree(self._new.subprocess_specs[host.task_spec.spec], host, self._new)
        self._new.subprocesses[host.id] = opened
        return opened

    # -- one step ----------------------------------------------------------------------------------

    def _copy(self, tree: Any, into: Any, step: Any) -> Any | None:
        live = bool(step._state & LIVE)  # noqa: SLF001
        spec = self._spec(tree, into, step)
        fits = spec is not None and _is_same(step.task_spec, spec)
        if live and not fits:
            if isinstance(step.task_spec, BoundaryEvent):
                self._dropped(step)
                return None
            raise MigrationRefusedError(
                told(
                    "%(step)s has no step of the same kind in the new drawing; name one.",
                    step=_name(step),
                )
            )
        parent = None if step.parent is None else self._steps[step.parent.id]
        # A finished step is kept for its variables alone: any other one can hold them.
        copy = _bare(step, into, spec if fits else into.spec.start, parent)
        self._steps[step.id] = copy
        if live:
            self._check_arrival(step, copy)
            self._check_border(step, copy)
        return copy

    def _spec(self, tree: Any, into: Any, step: Any) -> Any | None:
        spec = step.task_spec
        if isinstance(spec, EndJoin):
            return into.spec.task_specs.get(f"{into.spec.name}.EndJoin")
        element = spec.drawn_id
        if element is None:
            return into.spec.task_specs.get(spec.name)
        rest = str(spec.name).removeprefix(element)
        return into.spec.task_specs.get(self._place(tree, element) + rest)

    def _dropped(self, step: Any) -> None:
        """Let an event on a border go, unless a deadline would go with it."""
        if "timer" in step.internal_data:
            raise MigrationRefusedError(
                told(
                    "The deadline %(step)s runs and is not in the new drawing; name the"
                    " one that takes its place.",
                    step=_name(step),
                )
            )

    def _check_border(self, step: Any, copy: Any) -> None:
        if not isinstance(step.task_spec, BoundaryEvent):
            return
        split = copy.parent.task_spec
        if not isinstance(split, BoundaryEventSplit) or copy.task_spec.name not in split._outputs:  # noqa: SLF001
            raise MigrationRefusedError(
                told(
                    "%(step)s is on the border of another step in the new drawing.",
                    step=_name(step),
                )
            )

    def _check_arrival(self, step: Any, copy: Any) -> None:
        """Refuse a branch that waits at a gateway which no flow from its step leads to."""
        gateway = copy.task_spec
        if kind_of(gateway) not in {"parallel gateway", "inclusive gateway"}:
            return
        if copy.parent.task_spec.name not in gateway._inputs:  # noqa: SLF001
            raise MigrationRefusedError(
                told(
                    "A branch waits at %(step)s and came from %(before)s; in the new "
                    "drawing no flow leads from there to it.",
                    step=_name(step),
                    before=_name(step.parent),
                )
            )

    # -- events on the border ----------------------------------------------------------------------

    def _border(self, tree: Any, step: Any, host: Any) -> None:
        """Let the events listen that the new drawing puts on the border of an open step."""
        split = host.workflow.spec.task_specs.get(f"{host.task_spec.name}{SPLIT}")
        if split is None:
            return
        over = step.parent
        had = over is not None and _splits(over, step)
        before = {self._place(tree, name) for name in over.task_spec.drawn_names} if had else set()
        fresh = [name for name in split.drawn_names[1:] if name not in before]
        if not fresh:
            return
        frame = host.parent if had else _inserted(split, host)
        anchors = [one.internal_data["timer"][1] for one in frame.children if _timed(one)]
        for name in fresh:
            event = frame._add_child(host.workflow.spec.task_specs[name])  # noqa: SLF001
            event.task_spec._update(event)  # noqa: SLF001
            if anchors and _timed(event):
                # Deadlines of one step count from when it was opened.
                event.internal_data["timer"][1] = min(anchors)

    def _retime(self, step: Any) -> None:
        """Work out anew when a timer is due, by its rule in the new drawing and its old anchor."""
        if not step._state & TaskState.WAITING:  # noqa: SLF001
            return
        timers = [one for one, _ in definitions(step) if isinstance(one, TimerEventDefinition)]
        if _timed(step) and not timers:
            raise MigrationRefusedError(
                told(
                    "The deadline at %(step)s runs and is not in the new drawing.", step=_name(step)
                )
            )
        for definition in timers:
            if _timed(step):
                keep_time(step, definition)
            else:
                arm_timer(step, definition)


def _is_host(step: Any) -> bool:
    live = bool(step._state & LIVE)  # noqa: SLF001
    border = isinstance(step.task_spec, BoundaryEvent)
    return live and step.task_spec.bpmn_id is not None and not border and frame_of(step) is None


def _splits(over: Any, step: Any) -> bool:
    spec = over.task_spec
    return isinstance(spec, BoundaryEventSplit) and spec.host_name == step.task_spec.name


def _timed(step: Any) -> bool:
    return "timer" in step.internal_data


def _is_same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and (old.bpmn_id is None or kind_of(old) == kind_of(new))


def _name(step: Any) -> Part:
    spec = step.task_spec
    return named(str(spec.bpmn_name or spec.bpmn_id or spec.name))


def _bare(step: Any, tree: Any, spec: Any, parent: Any) -> Any:
    """Build one step without the library's constructor, which would change its parent's state."""
    copy = Token.__new__(Token)
    copy.id = step.id
    copy.workflow = tree
    copy._parent = None if parent is None else parent.id  # noqa: SLF001
    copy._children = []  # noqa: SLF001
    copy._state = step._state  # noqa: SLF001
    copy.triggered = False
    copy.task_spec = spec
    copy.thread_id = 0
    copy.last_state_change = step.last_state_change
    copy.internal_data = clone(step.internal_data)
    # Nothing runs here and the copy is written and read again: its values may be the same ones.
    copy.data = dict(step.data)
    tree.tasks[copy.id] = copy
    if parent is None:
        tree.task_tree = copy
    else:
        parent._children.append(copy.id)  # noqa: SLF001
    return copy


def _inserted(split: Any, host: Any) -> Any:
    """Put the invisible step that opens an activity with its border events above an open one."""
    above = host.parent
    frame = above._add_child(split)  # noqa: SLF001
    frame.data = clone(host.data)
    frame._set_state(TaskState.COMPLETED)  # noqa: SLF001
    above._children.remove(host.id)  # noqa: SLF001
    host._parent = frame.id  # noqa: SLF001
    frame._children.append(host.id)  # noqa: SLF001
    return frame
