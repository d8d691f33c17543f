"""Checks who does a step and until when: owned by somebody, limited in time (L9)."""

import re
from collections.abc import Iterator

from engine.check.context import CheckContext
from engine.check.finding import Finding, error, warning
from engine.check.folder import Folder
from engine.drawing import Drawing, Element, Process, user_tasks
from engine.language.telling import told

PEOPLE = frozenset({"userTask", "manualTask"})
_DURATION = re.compile(
    r"P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?\Z",
)
_SETTINGS = frozenset(
    {
        "candidateRole",
        "consequence",
        "dueIn",
        "escalateTo",
        "formRef",
        "guidance",
        "milestone",
        "notDoneBy",
        "recordWith",
        "remindBefore",
    }
)


def check_roles(folder: Folder, context: CheckContext) -> Iterator[Finding]:
    """Every step for people has a role that the profile knows."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind not in PEOPLE:
                continue
            if element.role is None:
                yield error(
                    drawing,
                    element,
                    "no_role",
                    told(
                        "nobody is responsible for it; put it into a lane with a role, or set "
                        "candidateRole."
                    ),
                )
            elif context.roles and element.role not in context.roles and element.lane is None:
                yield error(
                    drawing,
                    element,
                    "unknown_role",
                    told(
                        "its role %(role)s is not in the profile; %(choose)s.",
                        role=element.role,
                        choose=_choose(context),
                    ),
                )
            escalate = element.properties.get("escalateTo")
            if escalate and context.roles and escalate not in context.roles:
                yield error(
                    drawing,
                    element,
                    "unknown_escalation",
                    told(
                        "escalates to %(escalate)s, which is not a role of the profile; "
                        "%(choose)s.",
                        escalate=escalate,
                        choose=_choose(context),
                    ),
                )


def _choose(context: CheckContext) -> str:
    return told("choose one of %(listed)s", listed=", ".join(sorted(context.roles)))


def check_lanes(folder: Folder, context: CheckContext) -> Iterator[Finding]:
    """Require that a lane in which people work says who they are."""
    for drawing, process in folder.processes():
        working = {element.lane for element in process.elements if element.kind in PEOPLE}
        for lane in process.lanes:
            if lane.role is None and lane.id in working:
                yield error(
                    drawing,
                    lane,
                    "lane_without_role",
                    told(
                        "the lane %(name)s has steps for people but no role; set candidateRole on "
                        "the lane.",
                        name=lane.name or lane.id,
                    ),
                )
            elif lane.own_role and context.roles and lane.own_role not in context.roles:
                yield error(
                    drawing,
                    lane,
                    "unknown_role",
                    told(
                        "the role %(own_role)s of the lane %(name)s is not in the profile; "
                        "%(choose)s.",
                        own_role=lane.own_role,
                        name=lane.name or lane.id,
                        choose=_choose(context),
                    ),
                )
        yield from _contradicted(drawing, process)


def _contradicted(drawing: Drawing, process: Process) -> Iterator[Finding]:
    for element in process.elements:
        own = element.properties.get("candidateRole")
        if own and element.role and own != element.role:
            yield warning(
                drawing,
                element,
                "role_ignored",
                told(
                    "names the role %(own)s, but its lane says %(role)s and counts; remove "
                    "candidateRole or move the step to another lane.",
                    own=own,
                    role=element.role,
                ),
            )


def check_due_dates(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every step for people has a limit, written as a duration or as an expression."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind in PEOPLE:
                yield from _due(drawing, element)


def _due(drawing: Drawing, element: Element) -> Iterator[Finding]:
    due = element.properties.get("dueIn", "")
    if not due:
        yield error(
            drawing,
            element,
            "no_due_date",
            told("has no due date and could wait without limit; set dueIn, for example P7D."),
        )
    for name in ("dueIn", "remindBefore"):
        written = element.properties.get(name, "")
        if not written or written.startswith("="):
            continue
        if not _DURATION.match(written):
            yield error(
                drawing,
                element,
                "bad_duration",
                told(
                    "%(name)s is %(written)s, which is not a duration; write P7D, PT12H or P3M, "
                    "or an expression that begins with =.",
                    name=name,
                    written=repr(written),
                ),
            )
        elif name == "dueIn" and not any(digit in written for digit in "123456789"):
            yield error(
                drawing,
                element,
                "zero_duration",
                told(
                    "%(name)s is %(written)s, so that it is overdue at once; give people time.",
                    name=name,
                    written=written,
                ),
            )


def check_separation(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """`notDoneBy` names user tasks of the deployment, other than the step itself (L10)."""
    known = {task.id for drawing in folder.drawings for task in user_tasks(drawing)}
    for drawing in folder.drawings:
        for task in user_tasks(drawing):
            for name in named(task.properties.get("notDoneBy", "")):
                if name == task.id:
                    yield error(
                        drawing,
                        task,
                        "not_done_by_itself",
                        told(
                            "names itself in notDoneBy, so that nobody could ever do it again; "
                            "name another user task."
                        ),
                    )
                elif name not in known:
                    yield error(
                        drawing,
                        task,
                        "unknown_not_done_by",
                        told(
                            "notDoneBy names %(name)s, which is no user task of this deployment; "
                            "use the id of one.",
                            name=name,
                        ),
                    )


def named(written: str) -> list[str]:
    """Return the ids of a comma separated list."""
    return [name.strip() for name in written.split(",") if name.strip()]


def check_settings(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require that a setting that nothing reads is a slip of the pen."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind not in PEOPLE:
                continue
            for name in element.properties:
                if name not in _SETTINGS:
                    yield warning(
                        drawing,
                        element,
                        "unknown_setting",
                        told(
                            "has the setting %(name)s, which nothing reads; the known ones are "
                            "%(listed)s.",
                            name=repr(name),
                            listed=", ".join(sorted(_SETTINGS)),
                        ),
                    )
