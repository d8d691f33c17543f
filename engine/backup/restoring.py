"""Brings a backup back into an empty database, whole or not at all, and keeps mails back (R14)."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import inspect, make_url, update

from engine import administration, casekey, migration, restored
from engine.application import open_application, open_as_owner
from engine.backup import file, manifest, proving, server
from engine.backup.manifest import Manifest
from engine.backup.proving import Proof
from engine.database import Database
from engine.errors import InputError
from engine.models import WebSession, remove_fence
from engine.settings import Settings


@dataclass(frozen=True)
class Source:
    """What is brought back: a backup whose hashes hold, and the keys of its cases."""

    folder: Path
    manifest: Manifest
    keys: list[str]


@dataclass(frozen=True)
class Restored:
    """What came back."""

    manifest: Manifest
    keys: int
    destroyed: int
    proof: Proof


def open_source(settings: Settings, folder: Path, keys: Path) -> Source:
    """Read a backup and look whether this installation can bring it back."""
    found = manifest.read(folder, settings.audit_key)
    backend = make_url(settings.database_url).get_backend_name()
    if found.system != backend:
        raise InputError(
            f"The backup is of {found.system} and CASETABLE_DATABASE_URL names {backend}: a "
            "backup goes back into the same system."
        )
    if found.revision not in _known():
        raise InputError(
            f"The backup is of version {found.program}, which is newer; install that version first."
        )
    try:
        lines = keys.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(
            f"{keys} cannot be read; give the file of keys that the backup wrote, or a newer one."
        ) from error
    casekey.read(lines)
    return Source(folder, found, lines)


def _known() -> set[str]:
    scripts = ScriptDirectory(str(migration.FOLDER))
    return {str(one.revision) for one in scripts.walk_revisions()}


def restore(settings: Settings, source: Source, by: tuple[str, str] | None) -> Restored:
    """Fill the empty database that the settings name; `by` are the two operators who do it.

    Without them, for a drill, nobody is noted and nothing is kept back.
    """
    if source.manifest.system == "sqlite":
        return _into_file(settings, source, by)
    owner = open_as_owner(settings).database
    try:
        if inspect(owner.engine).get_table_names():
            raise InputError(_not_empty(str(owner.url.database)))
        try:
            server.fill(owner.url, source.folder)
            return _settle(settings, source, by)
        except BaseException:
            server.clear(owner)
            raise
    finally:
        owner.close()


def _not_empty(name: str) -> str:
    return f"{name} is not empty; restore into a database that has no tables."


def _into_file(settings: Settings, source: Source, by: tuple[str, str] | None) -> Restored:
    target = Path(str(make_url(settings.database_url).database))
    if target.exists() and target.stat().st_size:
        raise InputError(_not_empty(str(target)))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source.folder / file.NAME, part)
        part.chmod(0o600)
        done = _settle(replace(settings, database_url=f"sqlite:///{part}"), source, by)
        file.settle(part)
        part.replace(target)
    finally:
        for beside in ("", "-wal", "-shm"):
            part.with_name(part.name + beside).unlink(missing_ok=True)
    return done


def _settle(settings: Settings, source: Source, by: tuple[str, str] | None) -> Restored:
    """Make a filled database one to work with: tables, policies, keys, who is signed in."""
    owner = open_as_owner(settings).database
    try:
        _bring_up_to_date(owner, source.manifest)
    finally:
        owner.close()
    application = open_application(settings)
    try:
        with application.database.transaction() as session:
            now = application.now(session)
            added, destroyed = casekey.bring_back(session, source.keys)
            # Threat: who signed out or was shut out after the backup would be signed in again.
            session.execute(
                update(WebSession).where(WebSession.revoked_at.is_(None)).values(revoked_at=now)
            )
            if by is not None:
                people = administration.two_operators(session, *by)
                restored.note(session, source.manifest.at, people, now)
        proof = proving.prove(application, source.manifest)
    finally:
        application.database.close()
    return Restored(source.manifest, added, destroyed, proof)


def _bring_up_to_date(owner: Database, manifest: Manifest) -> None:
    with owner.engine.begin() as connection:
        proving.same_rows(connection, manifest)
        # The functions that came along name the policies' state of another database.
        remove_fence(connection)
    migration.upgrade(owner)
