"""The files of a draft, and one change of them: kept with what was there before."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InputError
from engine.inheritance import BASE_PROFILE, BASE_SELFCHECK, PROFILE, RULES, SELFCHECK
from engine.language.telling import told
from engine.models import Account, DeploymentFile, WorkshopChange, WorkshopDraft, WorkshopFile
from engine.workshop.place import MOST_FILES, kind_of

BASE = "base"
"""The profile whose own file is also what all others stand on."""


@dataclass(frozen=True)
class Change:
    """A draft that is being changed, in one transaction."""

    session: Session
    draft: WorkshopDraft
    actor: Account
    now: datetime

    def apply(self, wanted: Mapping[str, str | None], *, given: bool = False) -> None:
        """Let files have other contents (None: be away) as one change, and keep what was before.

        Files that come with the product stay as they are unless it is `given` by the product.
        """
        before = manifest(self.session, self.draft)
        really = {
            path: to
            for path, to in wanted.items()
            if before.get(path) != to and (kind_of(path) is not None or (given and path == RULES))
        }
        if not really:
            return
        if len(before) + sum(to is not None for to in really.values()) > MOST_FILES:
            raise InputError(
                told("A draft holds at most %(most)s files; take some away first.", most=MOST_FILES)
            )
        self._note(really, before)
        for path, to in really.items():
            self._overlay(path, to)
        self.session.flush()

    def begin_anew(
        self, base_id: str, begun: Mapping[str, str], own: Mapping[str, str | None]
    ) -> None:
        """Lay the draft's own files over another published set, as one change."""
        before = manifest(self.session, self.draft)
        for row in own_files(self.session, self.draft).values():
            self.session.delete(row)
        self.session.flush()
        self.draft.base_deployment_id, self.draft.begun_with = base_id, dict(begun)
        for path, to in own.items():
            if kind_of(path) is not None or (path == RULES and to is not None):
                self._overlay(path, to)
        self.session.flush()
        after = manifest(self.session, self.draft)
        self._note({path: after.get(path) for path in before.keys() | after.keys()}, before)

    def _note(self, after: Mapping[str, str | None], before: Mapping[str, str]) -> None:
        draft = self.draft
        draft.number += 1
        draft.changed_by_id, draft.changed_at = self.actor.id, self.now
        self.session.add_all(
            WorkshopChange(
                draft_id=draft.id,
                number=draft.number,
                path=path,
                before=before.get(path),
                after=to,
                by_id=self.actor.id,
                at=self.now,
            )
            for path, to in after.items()
            if before.get(path) != to
        )
        self.session.flush()

    def _overlay(self, path: str, to: str | None) -> None:
        row = self.session.get(WorkshopFile, (self.draft.id, path))
        if to == self.draft.begun_with.get(path):
            if row is not None:
                self.session.delete(row)
            return
        if row is None:
            row = WorkshopFile(draft_id=self.draft.id, path=path)
            self.session.add(row)
        row.hash, row.changed_by_id, row.changed_at = to, self.actor.id, self.now


def own_files(session: Session, draft: WorkshopDraft) -> dict[str, WorkshopFile]:
    """Return the files that the draft has otherwise than the set that it began from."""
    rows = session.scalars(select(WorkshopFile).where(WorkshopFile.draft_id == draft.id))
    return {row.path: row for row in rows.unique()}


def manifest(session: Session, draft: WorkshopDraft) -> dict[str, str]:
    """Return `{path: sha256 of the content}` of the whole set."""
    found: dict[str, str] = dict(draft.begun_with)
    for path, row in own_files(session, draft).items():
        found.pop(path, None)
        if row.hash is not None:
            found[path] = row.hash
    if draft.profile == BASE and PROFILE in found:
        found[BASE_PROFILE] = found[PROFILE]
        if SELFCHECK in found:
            found[BASE_SELFCHECK] = found[SELFCHECK]
    return found


def contents(session: Session, wanted: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of a manifest."""
    rows = session.scalars(
        select(DeploymentFile).where(DeploymentFile.hash.in_(set(wanted.values())))
    )
    known = {row.hash: row.content for row in rows}
    return {path: known[digest] for path, digest in sorted(wanted.items())}


def hash_of(content: bytes) -> str:
    """Return under which hash a content is kept."""
    return hashlib.sha256(content).hexdigest()
