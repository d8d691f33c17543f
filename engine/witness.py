"""Lets the audit trail witness each row that gives access or decides, in the commit that writes it.

Threat (S12): whoever has all rights on the tables makes himself a member, or turns a decision
round. A keyed hash of such a row goes into the chain of its case, or into that of the system, each
time the application writes it; engine/verification.py compares. What people typed is left out:
it is sealed to its place already (engine/models/sealed.py).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, event, inspect, select, tuple_
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, object_session

from engine import audit
from engine.models import (
    Absence,
    AccountRole,
    AuditEntry,
    Base,
    Case,
    CaseMember,
    CaseStanding,
    ContributionShare,
    CurrentDeployment,
    Decision,
    Deployment,
    DeploymentFile,
    EmergencyAccess,
    ErasureRound,
    FilePrinting,
    LegalHold,
    Opinion,
    SharingRequest,
    WorkshopPublication,
)
from engine.session import LOCKED, WritingSession

EVENT = "case:record:witness"
GONE = ""
"""What stands for a row that the application itself deleted."""
TOUCHED = "witnessed"
AT_ONCE = 500
_STATED = ("id", "case_id", "episode_id", "element_id", "by_id", "for_id", "organisation_id", "at")
WITNESSED: dict[type[Base], tuple[str, ...]] = {
    Case: (
        *("id", "code", "kind", "state", "deployment_id", "created_at", "ended_at", "erase_after"),
        *("file", "roles", "steward"),
    ),
    CaseMember: (
        *("id", "case_id", "account_id", "function", "since", "until", "reason"),
        *("granted_by_id", "confirmed_at"),
    ),
    CaseStanding: (
        *("id", "case_id", "account_id", "function", "state", "since", "until", "reason"),
        *("granted_by_id", "return_asked_by_id", "ended_by_id", "ended_as"),
    ),
    Decision: (*_STATED, "kind", "outcome", "proposed", "closing_round"),
    Opinion: (*_STATED, "closing_round", "choice", "replaced_by_id"),
    ContributionShare: (
        *("id", "case_id", "contribution_id", "number", "organisation_id", "level", "expires_on"),
        *("by_id", "for_id", "at", "request_id", "agreed_by_id", "one_person"),
    ),
    SharingRequest: (
        *("id", "case_id", "contribution_id", "organisation_id", "audience_id", "expires_on"),
        *("asked_by_id", "asked_for_id", "asked_at", "answered_by_id", "answered_for_id"),
        *("answered_at", "outcome"),
    ),
    LegalHold: (
        *("id", "case_id", "ground", "review_on", "asked_by_id", "asked_part", "asked_at"),
        *("answer_by", "agreed_by_id", "agreed_part", "agreed_at", "declined_by_id"),
        *("declined_at", "lift_asked_by_id", "lift_asked_part", "lift_asked_at"),
        *("lifted_by_id", "lifted_part", "lifted_at"),
    ),
    EmergencyAccess: (
        *("id", "case_id", "account_id", "organisation_id", "category", "opened_at", "ends_at"),
        *("ended_at", "ended_by_id", "review_by"),
    ),
    FilePrinting: (
        *("id", "case_id", "asked_by_id", "asked_at", "outcome", "answered_by_id", "answered_at"),
        *("prints_until", "printed_at"),
    ),
    ErasureRound: (
        *("id", "case_id", "instance_id", "number", "ground", "asked_by_id", "asked_at"),
        *("outcome", "reviewed_by_id", "reviewed_for_id", "reviewed_at", "answer"),
        *("answered_by_id", "answered_at"),
    ),
    AccountRole: ("account_id", "role"),
    Absence: (
        *("id", "account_id", "deputy_id", "first_day", "last_day", "starts_at", "ends_at"),
        *("by_id", "at", "ended_at", "ended_by_id"),
    ),
    Deployment: ("id", "profile", "manifest", "published_at", "published_by_id"),
    CurrentDeployment: ("profile", "deployment_id"),
    WorkshopPublication: (
        *("id", "profile", "draft_id", "judgement_id", "deployment_id", "before_id", "note"),
        *("asked_by_id", "asked_at", "outcome", "answered_by_id", "answered_at", "reason"),
    ),
}
"""The columns that are compared. Who changes them has old rows witnessed anew by a migration."""
FORMER: dict[type[Base], tuple[str, ...]] = {
    Case: ("id", "code", "kind", "state", "deployment_id", "created_at", "ended_at", "erase_after"),
}
"""What the version before witnesses, where that is less: its processes write rows while an upgrade
rolls. A row that one of them wrote last is held against this, until this version writes it."""
Place = tuple[str, UUID | None]
"""A row as the trail calls it, and the case in whose chain it stands."""


@event.listens_for(WritingSession, "before_flush")
def _notice_flush(session: Session, context: UOWTransaction, instances: Any) -> None:
    del context, instances
    notice(session)


def notice(session: Session) -> None:
    """Remember the rows of a session that are about to be written."""
    touched = session.info.setdefault(TOUCHED, {})
    for row in (*session.new, *filter(_is_changed, session.dirty)):
        if type(row) in WITNESSED:
            touched[id(row)] = row


def _notice_deleted(mapper: Any, connection: Any, row: Base) -> None:
    """Remember a row that is deleted, also one that only lost what it belonged to."""
    del mapper, connection
    session = object_session(row)
    if isinstance(session, WritingSession):
        session.info.setdefault(TOUCHED, {})[id(row)] = row


for _model in WITNESSED:
    event.listen(_model, "after_delete", _notice_deleted)


def _is_changed(row: Base) -> bool:
    state = inspect(row)
    # Few of the rows that change change in what is witnessed, and to ask that is cheap.
    touched = state.committed_state.keys() & WITNESSED.get(type(row), ())
    return any(state.attrs[name].history.has_changes() for name in touched)


@event.listens_for(WritingSession, "do_orm_execute")
def _notice_many(statement: ORMExecuteState) -> None:
    """Remember the rows that one statement is about to change or to delete."""
    if not (statement.is_update or statement.is_delete) or statement.bind_mapper is None:
        return
    model = statement.bind_mapper.class_
    if model not in WITNESSED:
        return
    condition = statement.statement.whereclause  # type: ignore[attr-defined]
    touched = statement.session.info.setdefault(TOUCHED, {})
    wanted = select(*_places(model))
    rows = statement.session.connection().execute(
        wanted if condition is None else wanted.where(condition)
    )
    for row in rows:
        touched[model, tuple(row)] = (model, tuple(row))


def _places(model: type[Base]) -> list[Any]:
    table = _table(model)
    return [*table.primary_key.columns, *([table.c.case_id] if "case_id" in table.c else [])]


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


def seal(session: Session) -> None:
    """Write what this transaction made of the witnessed rows into their chains; before a commit."""
    session.flush()
    touched = session.info.pop(TOUCHED, None)
    if not touched:
        return
    keys: dict[type[Base], set[tuple[Any, ...]]] = {}
    told: dict[UUID | None, dict[str, str]] = {}
    for row in touched.values():
        model, place = row if isinstance(row, tuple) else (type(row), _place_of(row))
        name, case_id = _name_and_case(model, place)
        told.setdefault(case_id, {})[name] = GONE
        keys.setdefault(model, set()).add(place[: len(_table(model).primary_key.columns)])
    for (name, case_id), digest in digests(session, keys):
        told.setdefault(case_id, {})[name] = digest
    _record(session, told)


def _place_of(row: Base) -> tuple[Any, ...]:
    return tuple(getattr(row, column.name) for column in _places(type(row)))


def _name_and_case(model: type[Base], place: tuple[Any, ...]) -> Place:
    """Return how a row is called and where it stands, from its key and, if there is one, case."""
    width = len(_table(model).primary_key.columns)
    name = f"{model.__tablename__} {'/'.join(str(part) for part in place[:width])}"
    if model is Case:
        return name, place[0]
    return name, place[width] if len(place) > width else None


def _record(session: Session, told: Mapping[UUID | None, dict[str, str]]) -> None:
    now, key = session.info["now"](session), audit.key_of(session)
    entries = []
    # In one order for all, so that no two commits wait for each other; the system comes last.
    for case_id, rows in sorted(told.items(), key=lambda one: (one[0] is None, str(one[0]))):
        case = None if case_id is None else _locked(session, case_id)
        what: dict[str, Any] = {"event": EVENT, "subject": "rows"}
        if case is not None:
            what["detail"] = {"rows": rows}
            entries.append(audit.chain(key, case, at=now, actor_id=None, **what))
        elif case_id is None:
            audit.record(session, None, at=now, actor_id=None, **what, rows=rows)
    session.flush()
    if entries:
        session.connection().execute(_table(AuditEntry).insert(), entries)


def _locked(session: Session, case_id: UUID) -> Case | None:
    if case_id in session.info.get(LOCKED, ()):
        return session.get(Case, case_id)  # the turn holds it, so its head is the newest
    return session.scalar(
        select(Case)
        .where(Case.id == case_id)
        .with_for_update(of=Case)
        .execution_options(populate_existing=True)
    )


def digests(
    session: Session,
    keys: Mapping[type[Base], Iterable[tuple[Any, ...]]] | None = None,
    models: Iterable[type[Base]] = tuple(WITNESSED),
    columns: Mapping[type[Base], tuple[str, ...]] = WITNESSED,
) -> Iterator[tuple[Place, str]]:
    """Yield the keyed hash of each witnessed row as stored: of some keys, else of `models`."""
    key = audit.key_of(session)
    for model in models if keys is None else keys:
        some = None if keys is None else list(keys[model])
        for statement in _readings(model, columns[model], some):
            options = {"stream_results": keys is None, "yield_per": AT_ONCE}
            rows = session.connection().execute(statement, execution_options=options)
            width = len(_places(model))
            for row in rows:
                place = _name_and_case(model, tuple(row[:width]))
                yield place, audit.seal(key, model.__tablename__, *row[width:])


def _readings(
    model: type[Base], columns: Iterable[str], keys: list[tuple[Any, ...]] | None
) -> "Iterator[Select[*tuple[Any, ...]]]":
    table = _table(model)
    found = select(*_places(model), *(table.c[name] for name in columns))
    primary = list(table.primary_key.columns)
    if keys is None:
        yield found.order_by(*primary)
        return
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        one = primary[0].in_([key[0] for key in some])
        yield found.where(one if len(primary) == 1 else tuple_(*primary).in_(some))


def told_in(event_name: str, detail: Any) -> dict[str, str]:
    """Return what an entry of the trail says about rows: nothing unless it witnesses."""
    rows = detail.get("rows") if event_name == EVENT and isinstance(detail, dict) else None
    return rows if isinstance(rows, dict) else {}


def _changed(
    session: Session, doubtful: dict[str, tuple[UUID | None, str]]
) -> Iterator[tuple[UUID | None, str, str]]:
    """Yield those rows that are not as the version before has witnessed them either."""
    former = digests(session, models=FORMER, columns=FORMER) if doubtful else ()
    known = {name for (name, _), digest in former if doubtful.get(name, ("", ""))[1] == digest}
    for name, (chain_id, _) in doubtful.items():
        if name not in known:
            yield chain_id, name, "was changed past the application"


def compare(
    session: Session, told: dict[str, tuple[UUID, str]]
) -> Iterator[tuple[UUID | None, str, str]]:
    """Yield chain, name and fault of each row that is not as its chain says.

    `told` gives chain and hash by name; what is left in it at the end is gone from the tables.
    """
    doubtful: dict[str, tuple[UUID | None, str]] = {}
    for (name, case_id), digest in digests(session):
        chain_id, expected = told.pop(name, (case_id, GONE))
        if expected == GONE:
            yield chain_id, name, "was added past the application"
        elif expected != digest:
            doubtful[name] = chain_id, expected
    yield from _changed(session, doubtful)
    for name, (chain_id, digest) in told.items():
        if digest != GONE:
            yield chain_id, name, "was deleted past the application"
    for stored, content in session.execute(select(DeploymentFile.hash, DeploymentFile.content)):
        if hashlib.sha256(content).hexdigest() != stored:
            yield None, f"deployment_file {stored}", "was changed past the application"
