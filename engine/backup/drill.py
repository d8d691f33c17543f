"""A drill: brings a backup back beside the running installation, proves it, takes it away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from engine import role
from engine.application import Application
from engine.backup import creating, restoring
from engine.backup.restoring import Restored
from engine.errors import InputError
from engine.settings import Settings


@dataclass(frozen=True)
class Drill:
    """What came back, and how long it took in seconds."""

    restored: Restored
    creating: float | None
    """None: the backup was there before."""
    restoring: float


def drill(
    application: Application,
    admin: str,
    *,
    folder: Path | None = None,
    keys: Path | None = None,
) -> Drill:
    """Bring a backup back into a scratch database; without `folder`, one that is made for it.

    `admin` is the address of somebody who may add databases; SQLite needs none.
    """
    with TemporaryDirectory(prefix="casetable-drill-") as name:
        started, made = time.perf_counter(), None
        if folder is None:
            folder, keys = Path(name) / "backup", Path(name) / "keys.jsonl"
            creating.create(application, folder, keys)
            made = time.perf_counter() - started
        if keys is None:
            raise InputError("Give the file of keys of that backup, too: --keys FILE.")
        settings = application.settings
        source = restoring.open_source(settings, folder, keys)
        with _scratch(settings, admin, Path(name)) as elsewhere:
            started = time.perf_counter()
            found = restoring.restore(elsewhere, source, None)
            return Drill(found, made, time.perf_counter() - started)


@contextmanager
def _scratch(settings: Settings, admin: str, folder: Path) -> Iterator[Settings]:
    if settings.database_url.startswith("sqlite"):
        yield replace(settings, database_url=f"sqlite:///{folder / 'drill.sqlite'}")
        return
    if not admin:
        raise InputError(
            "The drill needs a database of its own: name somebody who may add one, with --admin."
        )
    name = f"casetable_drill_{uuid4().hex[:8]}"
    with role.scratch_database(admin, settings, name) as elsewhere:
        yield elsewhere
