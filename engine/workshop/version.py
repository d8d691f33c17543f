"""Named versions of a draft: a state with a note that is compared with and restored.

Restoring is one more change: what was there before it stays on record.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.deployment import id_of
from engine.errors import InputError, NotFoundError
from engine.inheritance import read_scenarios
from engine.language.telling import told
from engine.models import CurrentDeployment, Deployment, WorkshopDraft, WorkshopVersion
from engine.workshop.draft import LONGEST_TITLE, NOT_HERE, begin_with, changing, manifest

LONGEST_NOTE = 2000


def keep(application: Application, draft_id: UUID, actor: UUID, name: str, note: str) -> UUID:
    """Give the present state of a draft a name; return the id of the version."""
    if not 0 < len(name.strip()) <= LONGEST_TITLE:
        raise InputError(
            told(
                "Give the version a name of at most %(most)s characters.",
                most=LONGEST_TITLE,
            )
        )
    if len(note) > LONGEST_NOTE:
        raise InputError(told("Write a note of at most %(most)s characters.", most=LONGEST_NOTE))
    with changing(application, draft_id, actor) as change:
        row = WorkshopVersion(
            draft_id=draft_id,
            name=name.strip(),
            note=note.strip(),
            number=change.draft.number,
            manifest=dict(manifest(change.session, change.draft)),
            by_id=change.actor.id,
            at=change.now,
        )
        change.session.add(row)
        change.session.flush()
        return row.id


def versions(session: Session, draft: WorkshopDraft) -> list[WorkshopVersion]:
    """Return the named versions of a draft, the newest first."""
    rows = session.scalars(
        select(WorkshopVersion)
        .where(WorkshopVersion.draft_id == draft.id)
        .order_by(WorkshopVersion.at.desc(), WorkshopVersion.number.desc(), WorkshopVersion.id)
    )
    return list(rows.unique())


def find(session: Session, draft_id: UUID, version_id: UUID) -> WorkshopVersion:
    """Return a version of a draft; raise NotFoundError where it has none of this id."""
    found = session.get(WorkshopVersion, version_id)
    if found is None or found.draft_id != draft_id:
        raise NotFoundError(NOT_HERE)
    return found


def restore(application: Application, draft_id: UUID, actor: UUID, version_id: UUID) -> None:
    """Make a draft as it was when a version was named."""
    with changing(application, draft_id, actor) as change:
        wanted = find(change.session, draft_id, version_id).manifest
        there = manifest(change.session, change.draft)
        change.apply({path: wanted.get(path) for path in there.keys() | wanted.keys()})


def is_behind(session: Session, draft: WorkshopDraft) -> bool:
    """Say whether another set was published since the draft began."""
    current = session.get(CurrentDeployment, draft.profile)
    return current is not None and current.deployment_id != draft.base_deployment_id


def catch_up(application: Application, draft_id: UUID, actor: UUID) -> list[str]:
    """Lay the draft's own files over what is published now; return the files that both changed.

    Of those the draft's own stay, and the changes in words say what they undo.
    """
    with changing(application, draft_id, actor) as change:
        session, draft = change.session, change.draft
        current = session.get_one(CurrentDeployment, draft.profile)
        published = dict(session.get_one(Deployment, current.deployment_id).manifest)
        scenarios = read_scenarios(application.settings.processes_dir, draft.profile)
        begun = begin_with(session, published, scenarios)
        old, mine = dict(draft.begun_with), manifest(session, draft)
        own = {path for path in old.keys() | mine.keys() if old.get(path) != mine.get(path)}
        moved = {path for path in old.keys() | begun.keys() if old.get(path) != begun.get(path)}
        change.begin_anew(current.deployment_id, begun, {path: mine.get(path) for path in own})
        return sorted(path for path in own & moved if mine.get(path) != begun.get(path))


def state_of(session: Session, draft: WorkshopDraft) -> str:
    """Return the content address of a draft as it is: what is judged and published by."""
    return id_of(manifest(session, draft))
