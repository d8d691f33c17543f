"""The files of a draft as its page lists them: by kind, with what the draft has otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from engine.models import WorkshopDraft
from engine.workshop import draft as drafts
from engine.workshop.glance import Glance
from engine.workshop.place import (
    CATALOGUE,
    DIAGRAM,
    FORM,
    FRAGMENT,
    SCENARIO,
    SETTING,
    TABLE,
    Kind,
    kind_of,
)

ORDER = (DIAGRAM, TABLE, FORM, SCENARIO, FRAGMENT, SETTING, CATALOGUE)
EDITED = (DIAGRAM, TABLE, FORM)
"""Kinds with an editor of their own; the others are texts."""


@dataclass(frozen=True)
class Row:
    """One file."""

    path: str
    title: str
    state: str
    """`changed`, `new`, `gone`, or empty where it is as it was published."""
    by: str = ""
    at: datetime | None = None
    errors: int = 0


@dataclass(frozen=True)
class Group:
    """The files of one kind."""

    kind: Kind
    rows: list[Row] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """Return how many of them the draft has otherwise."""
        return sum(bool(row.state) for row in self.rows)

    @property
    def has_editor(self) -> bool:
        """Say whether files of this kind open in an editor."""
        return self.kind in EDITED


def groups(session: Session, draft: WorkshopDraft, looked: Glance) -> list[Group]:
    """Return all files of a draft by kind, those that the draft has otherwise first."""
    rows = list(_rows(session, draft, looked))
    return [
        Group(
            kind,
            sorted(
                (row for row in rows if kind_of(row.path) is kind),
                key=lambda row: (not row.state, row.title.lower()),
            ),
        )
        for kind in ORDER
    ]


def _rows(session: Session, draft: WorkshopDraft, looked: Glance) -> Iterator[Row]:
    own = drafts.own_files(session, draft)
    there = drafts.manifest(session, draft)
    for path in sorted({*there, *own}):
        mine = own.get(path)
        state = ""
        if mine is not None:
            state = (
                "gone" if mine.hash is None else "changed" if path in draft.begun_with else "new"
            )
        yield Row(
            path=path,
            title=looked.titles.get(path, _named(path)),
            state=state,
            by=mine.changed_by.display_name if mine else "",
            at=mine.changed_at if mine else None,
            errors=sum(one.file == path and one.severity == "error" for one in looked.findings),
        )


def _named(path: str) -> str:
    stem = path.rpartition("/")[2].rpartition(".")[0]
    return stem.replace("_", " ").capitalize()
