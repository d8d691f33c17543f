"""The sets of process files that a process owner can look at: what was published, and drafts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.comparison import Side
from engine.deployment import Deployments
from engine.errors import NotFoundError
from engine.language import gettext
from engine.language.moment import moment
from engine.language.telling import told
from engine.models import CurrentDeployment, Deployment
from engine.workshop import draft as drafts

MOST = 100
"""Published sets that are offered; older ones are still reached by their address."""


@dataclass(frozen=True)
class Version:
    """One set of files: `key` is the deployment's id, or that of a draft."""

    key: str
    title: str
    at: datetime
    note: str
    is_current: bool


def versions(session: Session, profile: str) -> list[Version]:
    """Return the open drafts of a profile, then what was published, the newest first each."""
    return [*_drafts(session, profile), *published(session, profile)]


def _drafts(session: Session, profile: str) -> list[Version]:
    return [
        Version(
            str(row.id),
            told("Draft: %(title)s", title=row.title),
            row.changed_at,
            "",
            is_current=False,
        )
        for row in drafts.open_drafts(session)
        if row.profile == profile
    ]


def published(session: Session, profile: str) -> list[Version]:
    """Return what was published for a profile, the newest first."""
    current = session.get(CurrentDeployment, profile)
    rows = session.scalars(
        select(Deployment)
        .where(Deployment.profile == profile)
        .order_by(Deployment.published_at.desc(), Deployment.id)
        .limit(MOST)
    )
    return [
        Version(
            key=row.id,
            title=gettext(
                "Published %(moment)s UTC (%(id)s)",
                moment=moment(row.published_at),
                id=row.id[:12],
            ),
            at=row.published_at,
            note=row.note,
            is_current=current is not None and current.deployment_id == row.id,
        )
        for row in rows
    ]


def side_of(session: Session, deployments: Deployments, profile: str, key: str) -> Side:
    """Return one side of a comparison; raise NotFoundError where nothing is called so."""
    if (draft_id := _draft_id(key)) is not None:
        draft = drafts.load(session, draft_id)
        return Side(told("the draft %(title)s", title=draft.title), drafts.files(session, draft))
    row = session.get(Deployment, key)
    if row is None or row.profile != profile:
        raise NotFoundError(told("There is no such version."))
    title = told("what was published as %(id)s", id=key[:12])
    return Side(title, deployments.get(session, key).files, key)


def _draft_id(key: str) -> UUID | None:
    try:
        return UUID(key) if "-" in key else None
    except ValueError:
        return None
