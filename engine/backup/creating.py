"""Makes a backup: the database at one instant, without the keys of cases, which go elsewhere."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select
from sqlalchemy import table as named

from engine import casekey, checkpoint, migration
from engine.application import Application
from engine.backup import file, manifest, server
from engine.backup.manifest import Manifest
from engine.database import Database
from engine.errors import InputError

CREATED = "system:backup:create"


@dataclass(frozen=True)
class Taken:
    """What was seen at the instant of the backup."""

    moment: datetime
    rows: dict[str, int]
    keys: list[str]


def create(application: Application, folder: Path, keys: Path) -> Manifest:
    """Write a backup into a new folder and the keys of cases, wrapped, into a new file elsewhere.

    Both appear when they are complete. Raises InputError when one of them is there already, or
    when the keys would lie beside what they open.
    """
    folder, keys = folder.absolute(), keys.absolute()
    _refuse(folder, keys)
    database = application.database
    revision = migration.revision(database.worker)
    if revision is None:
        raise InputError("There is nothing to back up yet; run `casetable db upgrade` first.")
    with database.transaction() as session:
        head = checkpoint.export(session, application.now(session), event=CREATED)
    with _unfinished(folder) as part, _unfinished(keys) as keys_part:
        part.mkdir(mode=0o700, parents=True)
        name, taken = _take(application, part)
        (part / name).chmod(0o600)
        handle = os.open(keys_part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as target:
            target.write("\n".join(taken.keys) + "\n")
            target.flush()
            os.fsync(target.fileno())
        found = Manifest(
            system=database.url.get_backend_name(),
            revision=revision,
            program=manifest.program(),
            moment=taken.moment.astimezone(UTC).isoformat(),
            head=head,
            rows=taken.rows,
            files={name: manifest.digest(part / name)},
        )
        manifest.write(part, found, application.settings.audit_key)
        keys_part.rename(keys)
        part.rename(folder)
    return found


def _refuse(folder: Path, keys: Path) -> None:
    if folder.exists():
        raise InputError(f"{folder} is there already; name a new folder.")
    if keys.exists():
        raise InputError(f"{keys} is there already; name a new file.")
    if keys.is_relative_to(folder):
        raise InputError("Keep the keys apart from what they open; name a file outside the folder.")


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Give a name to write under; what is left there when something fails is taken away."""
    part = target.with_name(f".{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        part.unlink(missing_ok=True)


def _take(application: Application, part: Path) -> tuple[str, Taken]:
    if application.database.is_sqlite:
        return file.NAME, _take_file(application, part / file.NAME)
    settings = application.settings
    address = settings.backup_database_url or settings.owner_database_url
    database = Database(address) if address else application.database
    try:
        with server.snapshot(database) as (connection, seen):
            taken = _taken(application, connection)
            server.dump(database.url, seen, part)
    finally:
        if address:
            database.close()
    return server.NAME, taken


def _take_file(application: Application, target: Path) -> Taken:
    file.copy(application.database, target)
    copied = Database(f"sqlite:///{target}")
    try:
        with copied.engine.connect() as connection:
            taken = _taken(application, connection)
    finally:
        copied.close()
    file.without_keys(target)
    return taken


def _taken(application: Application, connection: Connection) -> Taken:
    with application.database.session_on(connection) as session:
        return Taken(
            application.now(session), count_rows(connection), list(casekey.export(session))
        )


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has; the keys of cases are not counted."""
    names = sorted(set(inspect(connection).get_table_names()) - {server.KEYS})
    return {
        name: connection.scalar(select(func.count()).select_from(named(name))) or 0
        for name in names
    }
