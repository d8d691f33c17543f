"""One merged timeline of a case, newest first: steps, decisions, notes, sharing (P57, P70)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.audit import deputised_for
from engine.language import gettext
from engine.models import (
    Assessment,
    AuditEntry,
    Case,
    CheckIn,
    Contribution,
    Decision,
    Note,
    Opinion,
    PlanVersion,
    ReportAnswer,
    ReportQuestion,
    Signal,
    WorkItem,
)
from engine.reading.contribution import SharedContribution, shared
from engine.reading.timeline_rows import (
    ACCESS,
    AUDITED,
    AUTHORS,
    KINDS,
    counted,
    page_of,
    rows_of,
)
from engine.reading.viewer import CONTENT, REPORTER, SIGNAL, Viewer

PAGE = 25
DESK_ONLY = frozenset({"question", "answer"})
"""What the desk and the reporter tell each other: for others not even that it was said (A3)."""
ALL_KINDS = (*KINDS, ACCESS)


@dataclass(frozen=True)
class Passage:
    """A piece of what was written: a heading code (empty: none) and the text."""

    heading: str
    text: str


@dataclass(frozen=True)
class Entry:
    """One event. `confidential`: there is more, which this person may not read."""

    kind: str
    id: UUID
    at: datetime
    title: str
    code: str
    who: str
    passages: tuple[Passage, ...] = ()
    confidential: bool = False


@dataclass(frozen=True)
class Timeline:
    """One page of entries; `pages` counts the pages of this filter."""

    entries: list[Entry]
    page: int
    pages: int
    total: int


def offered_kinds(viewer: Viewer) -> list[str]:
    """Return the kinds that this reader may choose from."""
    return [kind for kind in ALL_KINDS if kind not in DESK_ONLY or viewer.reads(REPORTER)]


def timeline(
    session: Session,
    case: Case,
    viewer: Viewer,
    today: date,
    kinds: Sequence[str] = (),
    page: int = 1,
) -> Timeline:
    """Return one page of the merged timeline, limited to `kinds` when any are given."""
    wanted = {"case_id": case.id, "most": PAGE, "left_out": (page - 1) * PAGE}
    rows = session.execute(page_of(_chosen(viewer, kinds)), wanted).all()
    total = rows[0].total if rows else _count(session, case, viewer, kinds)
    entries = _entries(session, viewer, today, rows)
    return Timeline(entries, page, max(1, -(-total // PAGE)), total)


def newest(session: Session, case: Case, viewer: Viewer, today: date, most: int) -> list[Entry]:
    """Return the `most` newest entries of all kinds."""
    wanted = {"case_id": case.id, "most": most, "left_out": 0}
    return _entries(session, viewer, today, session.execute(page_of(_chosen(viewer)), wanted).all())


def _chosen(viewer: Viewer, kinds: Sequence[str] = ()) -> tuple[str, ...]:
    open_to = offered_kinds(viewer)
    chosen = tuple(kind for kind in open_to if kind in kinds)
    return chosen or tuple(kind for kind in open_to if kind in KINDS)


def _count(session: Session, case: Case, viewer: Viewer, kinds: Sequence[str]) -> int:
    """Return how many entries there are for who asked for a page behind the last one."""
    wanted = counted(_chosen(viewer, kinds))
    return session.scalar(wanted, {"case_id": case.id}) or 0


def _entries(session: Session, viewer: Viewer, today: date, rows: Iterable[Any]) -> list[Entry]:
    keys = [(row.kind, row.id) for row in rows]
    loaded = _load(session, viewer, today, keys)
    return [loaded[key] for key in keys]


def _load(
    session: Session, viewer: Viewer, today: date, keys: Iterable[tuple[str, UUID]]
) -> dict[tuple[str, UUID], Entry]:
    """Load the rows of one page, one statement for each kind that occurs on it."""
    wanted: dict[str, list[UUID]] = {}
    for kind, found in keys:
        wanted.setdefault(kind, []).append(found)
    rows: dict[tuple[str, UUID], Any] = {
        (kind, row.id): row
        for kind, ids in wanted.items()
        for row in session.scalars(rows_of(kind), {"ids": ids}).unique()
    }
    contributions = [row for row in rows.values() if isinstance(row, Contribution)]
    for identifier, read in shared(session, viewer, contributions, today).items():
        rows["contribution", identifier] = read
    names = _authors(session, rows.values())
    return {key: _ENTRY[key[0]](row, viewer, _who(row, names)) for key, row in rows.items()}


def _author_id(row: Any) -> UUID | None:
    found: UUID | None
    if isinstance(row, WorkItem):
        found = row.completed_by_id
    elif isinstance(row, Signal):
        found = row.received_by_id
    elif isinstance(row, AuditEntry):
        found = row.actor_id
    elif isinstance(row, ReportAnswer):
        found = None  # nobody of ours wrote it
    else:
        found = row.by_id
    return found


def _absent_id(row: Any) -> UUID | None:
    """Return for whom the author deputised."""
    found: UUID | None
    if isinstance(row, WorkItem):
        found = row.completed_for_id
    elif isinstance(row, AuditEntry):
        told = deputised_for(row.detail)
        found = told[0] if told else None
    else:
        found = getattr(row, "for_id", None)
    return found


def _who(row: Any, names: Mapping[UUID | None, str]) -> str:
    who, absent = names.get(_author_id(row), ""), names.get(_absent_id(row), "")
    return gettext("%(who)s, for %(absent)s", who=who, absent=absent) if absent else who


def _authors(session: Session, rows: Iterable[Any]) -> dict[UUID | None, str]:
    ids = {found for row in rows for found in (_author_id(row), _absent_id(row))} - {None}
    if not ids:
        return {}
    return {
        account_id: f"{name}, {organisation}"
        for account_id, name, organisation in session.execute(AUTHORS, {"ids": list(ids)})
    }


def _passages(*pairs: tuple[str, str | None]) -> tuple[Passage, ...]:
    return tuple(Passage(heading, text) for heading, text in pairs if text)


def _signal(row: Signal, viewer: Viewer, who: str) -> Entry:
    reads = viewer.reads(SIGNAL)
    texts = _passages(("", row.text)) if reads else ()
    return Entry("signal", row.id, row.received_at, "", row.channel, who, texts, not reads)


def _step(row: WorkItem, viewer: Viewer, who: str) -> Entry:
    del viewer
    at = row.completed_at or row.created_at
    return Entry("step", row.id, at, row.name, row.element_id, who)


def _assessment(row: Assessment, viewer: Viewer, who: str) -> Entry:
    reads = viewer.reads_assessment(row.kind) or viewer.wrote(row.by_id)
    texts = _passages(
        ("", row.summary),
        ("evidence_for", row.evidence_for),
        ("evidence_against", row.evidence_against),
    )
    return Entry("assessment", row.id, row.at, "", row.kind, who, texts if reads else (), not reads)


def _decision(row: Decision, viewer: Viewer, who: str) -> Entry:
    reads = viewer.reads(CONTENT) or viewer.wrote(row.by_id)
    texts = _passages(("outcome", row.outcome))
    if row.proposed and row.proposed != row.outcome:
        texts += _passages(("proposed", row.proposed))
    if reads:
        texts += _passages(("reasons", row.reasons))
    return Entry("decision", row.id, row.at, "", row.kind, who, texts, not reads)


def _contribution(row: SharedContribution, viewer: Viewer, who: str) -> Entry:
    del viewer
    concern = {True: "concern_yes", False: "concern_no", None: None}[row.concern]
    texts = _passages(
        ("concern", concern),
        ("urgency", row.urgency),
        ("", row.summary),
        *row.beside,
        ("body", row.body),
        ("legal_basis", row.legal_basis),
    )
    return Entry(
        "contribution", row.id, row.at, row.organisation, row.level, who, texts, row.withheld
    )


def _plan(row: PlanVersion, viewer: Viewer, who: str) -> Entry:
    reads = viewer.reads(CONTENT)
    texts = _passages(("reasons", row.reason)) if reads else ()
    return Entry("plan", row.id, row.at, str(row.number), row.state, who, texts, not reads)


def _check_in(row: CheckIn, viewer: Viewer, who: str) -> Entry:
    reads = viewer.reads(CONTENT) or viewer.wrote(row.by_id)
    texts = _passages(("outcome", row.outcome))
    if reads:
        texts += _passages(("", row.summary))
    return Entry("check_in", row.id, row.at, str(row.number), row.kind, who, texts, not reads)


def _opinion(row: Opinion, viewer: Viewer, who: str) -> Entry:
    reads = viewer.reads(CONTENT) or viewer.wrote(row.by_id)
    texts = _passages(("reasons", row.reasons)) if reads else ()
    from_whom = row.organisation.name if row.organisation else ""
    code = row.choice if reads else "opinion"
    return Entry("opinion", row.id, row.at, from_whom, code, who, texts, not reads)


def _note(row: Note, viewer: Viewer, who: str) -> Entry:
    reads = viewer.reads(CONTENT) or viewer.wrote(row.by_id)
    texts = _passages(("", row.text)) if reads else ()
    return Entry("note", row.id, row.at, "", row.kind, who, texts, not reads)


def _exchange(row: ReportQuestion | ReportAnswer, viewer: Viewer, who: str) -> Entry:
    reads = viewer.reads(REPORTER)
    kind = "question" if isinstance(row, ReportQuestion) else "answer"
    texts = _passages(("", row.text)) if reads else ()
    return Entry(kind, row.id, row.at, "", kind, who, texts, not reads)


def _audited(row: AuditEntry, viewer: Viewer, who: str) -> Entry:
    del viewer
    kind = next(kind for kind, events in AUDITED.items() if row.event in events)
    return Entry(kind, row.id, row.at, str(row.detail.get("element", "")), row.event, who)


_ENTRY: dict[str, Callable[[Any, Viewer, str], Entry]] = {
    "signal": _signal,
    "step": _step,
    "assessment": _assessment,
    "decision": _decision,
    "contribution": _contribution,
    "plan": _plan,
    "check_in": _check_in,
    "opinion": _opinion,
    "note": _note,
    "question": _exchange,
    "answer": _exchange,
    "deadline": _audited,
    "version": _audited,
    "access": _audited,
}
