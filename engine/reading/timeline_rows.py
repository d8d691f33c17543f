"""The statements of the timeline: which rows are entries of a case, and what is read of them."""

from functools import cache
from typing import Any, Final

from sqlalchemy import Integer, Select, Uuid, bindparam, func, literal, select, union_all
from sqlalchemy.orm import joinedload

from engine.models import (
    Account,
    Assessment,
    AuditEntry,
    CheckIn,
    Contribution,
    Decision,
    Note,
    Opinion,
    Organisation,
    PlanVersion,
    ReportAnswer,
    ReportQuestion,
    Signal,
    WorkItem,
    WorkItemState,
)

KINDS = (
    "signal",
    "step",
    "assessment",
    "decision",
    "contribution",
    "plan",
    "check_in",
    "opinion",
    "note",
    "question",
    "answer",
    "deadline",
    "version",
)
ACCESS = "access"
"""Who opened the case: only when asked for, it would drown the rest."""
DEADLINES = ("case:timer:fire", "work_item:remind", "work_item:escalate")
READS = ("case:file:read",)
MOVES = ("case:process:move",)
"""That the case goes on under another version of the processes (V4)."""
AUDITED = {"deadline": DEADLINES, ACCESS: READS, "version": MOVES}


_AT: dict[str, Any] = {
    "signal": Signal.received_at,
    "step": WorkItem.completed_at,
    "assessment": Assessment.at,
    "decision": Decision.at,
    "contribution": Contribution.at,
    "plan": PlanVersion.at,
    "check_in": CheckIn.at,
    "opinion": Opinion.at,
    "note": Note.at,
    "question": ReportQuestion.at,
    "answer": ReportAnswer.at,
    "deadline": AuditEntry.at,
    "version": AuditEntry.at,
    "access": AuditEntry.at,
}
_MODEL: dict[str, Any] = {
    "signal": Signal,
    "step": WorkItem,
    "assessment": Assessment,
    "decision": Decision,
    "contribution": Contribution,
    "plan": PlanVersion,
    "check_in": CheckIn,
    "opinion": Opinion,
    "note": Note,
    "question": ReportQuestion,
    "answer": ReportAnswer,
    "deadline": AuditEntry,
    "version": AuditEntry,
    "access": AuditEntry,
}


def _keys(kind: str) -> Select[Any]:
    model = _MODEL[kind]
    statement = select(
        literal(kind).label("kind"), model.id.label("id"), _AT[kind].label("at")
    ).where(model.case_id == bindparam("case_id", type_=Uuid()))
    if kind == "step":
        statement = statement.where(WorkItem.state == WorkItemState.COMPLETED.value)
    if model is AuditEntry:
        statement = statement.where(AuditEntry.event.in_(AUDITED[kind]))
    return statement


@cache
def counted(kinds: tuple[str, ...]) -> Select[int]:
    """Return what counts the entries of some kinds."""
    return select(func.count()).select_from(union_all(*map(_keys, kinds)).subquery())


@cache
def page_of(kinds: tuple[str, ...]) -> Select[Any]:
    """Return what reads one page of keys of some kinds, and how many there are in all."""
    found = union_all(*map(_keys, kinds)).subquery()
    total = func.count().over().label("total")
    return (
        select(found.c.kind, found.c.id, total)
        .order_by(found.c.at.desc(), found.c.kind, found.c.id)
        .limit(bindparam("most", type_=Integer()))
        .offset(bindparam("left_out", type_=Integer()))
    )


@cache
def rows_of(kind: str) -> Select[Any]:
    """Return what reads the rows of one kind by their `ids`."""
    model = _MODEL[kind]
    wanted = bindparam("ids", type_=Uuid(), expanding=True)
    return select(model).where(model.id.in_(wanted)).options(*_WITH.get(kind, ()))


_WITH: dict[str, tuple[Any, ...]] = {
    "contribution": (joinedload(Contribution.organisation),),
    "opinion": (joinedload(Opinion.organisation),),
}


AUTHORS: Final = (
    select(Account.id, Account.display_name, Organisation.name)
    .join(Organisation, Organisation.id == Account.organisation_id)
    .where(Account.id.in_(bindparam("ids", type_=Uuid(), expanding=True)))
)
