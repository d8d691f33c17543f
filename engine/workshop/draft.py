"""Drafts: a published set overlaid by files of its own, each change kept, nothing overwritten.

Process owners alone work on them; running and new cases know nothing of a draft.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.application import Application
from engine.deployment import ResolvedDeployment, keep_contents
from engine.errors import (
    CasetableError,
    ConflictError,
    DraftConflictError,
    InputError,
    NotFoundError,
)
from engine.inheritance import read_scenarios
from engine.language import mark
from engine.language.telling import message_of, told
from engine.models import (
    Account,
    CurrentDeployment,
    Deployment,
    DraftState,
    WorkshopChange,
    WorkshopDraft,
)
from engine.workshop import template
from engine.workshop.change import Change, contents, hash_of, manifest, own_files
from engine.workshop.place import SETTINGS, check_content, kind_of, require_kind

EDIT = "workshop:edit"
LONGEST_TITLE = 120
ENDED = mark({"published": "published", "discarded": "discarded"})
"""What has become of a draft that is not open, as a refusal says it."""
NOT_HERE = told("This page does not exist, or it is not for you.")
__all__ = [
    "EDIT",
    "LONGEST_TITLE",
    "NOT_HERE",
    "Change",
    "begin_draft",
    "begin_with",
    "changing",
    "contents",
    "copy",
    "discard",
    "files",
    "hash_of",
    "load",
    "manifest",
    "new_from_template",
    "open_draft",
    "open_drafts",
    "own_files",
    "owner",
    "parsed",
    "published_for",
    "remove",
    "rename",
    "require_as_opened",
    "resolved",
    "save",
]


def open_draft(application: Application, actor: UUID, profile: str, title: str) -> UUID:
    """Begin a draft from what is published for a profile; return its id."""
    if not 0 < len(title.strip()) <= LONGEST_TITLE:
        raise InputError(
            told(
                "Give the draft a name of at most %(most)s characters.",
                most=LONGEST_TITLE,
            )
        )
    with application.database.transaction() as session:
        account = owner(session, actor)
        current = published_for(session, profile)
        published = session.get_one(Deployment, current.deployment_id).manifest
        scenarios = read_scenarios(application.settings.processes_dir, profile)
        return begin_draft(
            session,
            account,
            application.now(session),
            profile=profile,
            title=title.strip(),
            base_deployment_id=current.deployment_id,
            begun_with=begin_with(session, published, scenarios),
        )


def published_for(session: Session, profile: str) -> CurrentDeployment:
    """Return what is published for a profile; raise InputError where nothing is."""
    current = session.get(CurrentDeployment, profile)
    if current is None:
        raise InputError(
            told("Nothing is published for the profile %(profile)s yet.", profile=repr(profile))
        )
    return current


def begin_draft(
    session: Session,
    by: Account,
    at: datetime,
    *,
    profile: str,
    title: str,
    base_deployment_id: str,
    begun_with: dict[str, str],
) -> UUID:
    """Keep a new draft, which somebody begins at an instant; return its id."""
    draft = WorkshopDraft(
        profile=profile,
        title=title,
        base_deployment_id=base_deployment_id,
        begun_with=begun_with,
        created_by_id=by.id,
        created_at=at,
        changed_by_id=by.id,
        changed_at=at,
    )
    session.add(draft)
    session.flush()
    return draft.id


def begin_with(
    session: Session, published: Mapping[str, str], shipped: Mapping[str, bytes]
) -> dict[str, str]:
    """Return what a draft begins with: the published set, with the scenarios shipped for it.

    A set that a draft was published as has its scenarios with it.
    """
    if any(path.startswith("scenarios/") for path in published):
        return dict(published)
    keep_contents(session, shipped.values())
    return dict(published) | {path: hash_of(content) for path, content in shipped.items()}


def load(session: Session, draft_id: UUID) -> WorkshopDraft:
    """Return a draft; raise NotFoundError where there is none."""
    found = session.get(WorkshopDraft, draft_id)
    if found is None:
        raise NotFoundError(NOT_HERE)
    return found


def open_drafts(session: Session) -> list[WorkshopDraft]:
    """Return the drafts that are worked on, the latest change first."""
    return list(
        session.scalars(
            select(WorkshopDraft)
            .where(WorkshopDraft.state == DraftState.OPEN.value)
            .order_by(WorkshopDraft.changed_at.desc(), WorkshopDraft.id)
        ).unique()
    )


def files(session: Session, draft: WorkshopDraft) -> dict[str, bytes]:
    """Return the whole set of a draft."""
    return contents(session, manifest(session, draft))


def resolved(session: Session, draft: WorkshopDraft) -> ResolvedDeployment:
    """Return the parsed set; raise InputError naming file and mend where one cannot be parsed."""
    return parsed(files(session, draft))


def parsed(content: Mapping[str, bytes]) -> ResolvedDeployment:
    """Return the parsed form of some files, with every file looked at."""
    deployment = ResolvedDeployment(dict(content))
    try:
        _ = deployment.profile, deployment.drawings, deployment.forms, deployment.decisions
    except InputError:
        raise
    except CasetableError as error:
        raise InputError(message_of(error)) from error
    return deployment


def save(
    application: Application,
    draft_id: UUID,
    actor: UUID,
    path: str,
    content: bytes,
    expected: str | None,
) -> str:
    """Save a file and return its hash; `expected` is the one that was opened, None for a new file.

    Raise DraftConflictError when somebody saved in between, InputError when it is no such file.
    """
    with changing(application, draft_id, actor) as change:
        check_content(path, content, change.draft.profile)
        require_as_opened(change, path, expected)
        keep_contents(change.session, [content])
        change.apply({path: hash_of(content)})
    return hash_of(content)


def require_as_opened(change: Change, path: str, expected: str | None) -> None:
    """Refuse where a file is not what somebody has opened: nobody's work is overwritten."""
    if manifest(change.session, change.draft).get(path) == expected:
        return
    rows = change.session.scalars(
        select(WorkshopChange)
        .where(WorkshopChange.draft_id == change.draft.id, WorkshopChange.path == path)
        .order_by(WorkshopChange.number.desc())
        .limit(1)
    )
    last = rows.unique().one_or_none()
    if last is not None:
        raise DraftConflictError(last.by.display_name, last.at)
    if expected is None:
        raise InputError(
            told("%(path)s: the draft has this file already; choose another name.", path=path)
        )
    raise InputError(told("%(path)s: not as it is in the draft; load it again.", path=path))


def remove(application: Application, draft_id: UUID, actor: UUID, path: str) -> None:
    """Take a file away; the change keeps what it was."""
    with changing(application, draft_id, actor) as change:
        _require_there(change, path)
        if path in SETTINGS:
            raise InputError(told("%(path)s: a profile stays; change it instead.", path=path))
        change.apply({path: None})


def rename(application: Application, draft_id: UUID, actor: UUID, path: str, new_path: str) -> None:
    """Give a file another name of the same kind."""
    with changing(application, draft_id, actor) as change:
        digest = _require_free(change, path, new_path)
        change.apply({path: None, new_path: digest})


def copy(application: Application, draft_id: UUID, actor: UUID, path: str, new_path: str) -> None:
    """Lay a copy of a file beside it."""
    with changing(application, draft_id, actor) as change:
        change.apply({new_path: _require_free(change, path, new_path)})


def new_from_template(
    application: Application, draft_id: UUID, actor: UUID, kind: str, name: str
) -> str:
    """Begin a new file of a kind (diagram, table, form, scenario); return its path."""
    made = template.of(kind, name)
    with changing(application, draft_id, actor) as change:
        check_content(made.path, made.content, change.draft.profile)
        require_as_opened(change, made.path, None)
        keep_contents(change.session, [made.content])
        change.apply({made.path: hash_of(made.content)})
    return made.path


def discard(application: Application, draft_id: UUID, actor: UUID) -> None:
    """Put a draft away; what was changed stays on record."""
    with changing(application, draft_id, actor) as change:
        change.draft.state = DraftState.DISCARDED.value
        change.draft.changed_by_id, change.draft.changed_at = change.actor.id, change.now


@contextmanager
def changing(application: Application, draft_id: UUID, actor: UUID) -> Iterator[Change]:
    """Open a draft for one change under its lock; two who save at once queue up."""
    with application.database.transaction() as session:
        account = owner(session, actor)
        rows = session.scalars(
            select(WorkshopDraft)
            .where(WorkshopDraft.id == draft_id)
            .with_for_update(of=WorkshopDraft)
        )
        draft = rows.unique().one_or_none()
        if draft is None:
            raise NotFoundError(NOT_HERE)
        if draft.state != DraftState.OPEN.value:
            raise ConflictError(
                told("This draft is %(state)s; start a new one.", state=told(draft.state))
            )
        yield Change(session, draft, account, application.now(session))


def owner(session: Session, actor: UUID) -> Account:
    """Return the process owner who acts; raise NotPermittedError for anybody else."""
    account = session.get(Account, actor)
    if account is None:
        raise NotFoundError(NOT_HERE)
    access.require(session, account, EDIT)
    return account


def _require_there(change: Change, path: str) -> str:
    there = manifest(change.session, change.draft)
    if path not in there or kind_of(path) is None:
        raise NotFoundError(NOT_HERE)
    return there[path]


def _require_free(change: Change, path: str, new_path: str) -> str:
    """Return the hash of a file whose new place is of the same kind and free."""
    digest = _require_there(change, path)
    if path in SETTINGS or require_kind(new_path) is not kind_of(path):
        raise InputError(
            told("%(path)s: choose a name in the same folder with the same ending.", path=path)
        )
    require_as_opened(change, new_path, None)
    return digest
