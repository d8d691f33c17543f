"""What a backup says of itself: where it comes from, what it holds, and that nobody changed it.

Threat: whoever reaches a backup gives a person a case in it and waits for the restore. So the
list of hashes is sealed with a key of the installation, which is not in the backup.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from engine import audit
from engine.errors import InputError

NAME = "manifest.json"
FORMAT = 1
KIND = "casetable backup"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """One backup in words and figures; nothing of a case."""

    system: str
    """`sqlite` or `postgresql`: a backup goes back into the same."""
    revision: str
    """Of the tables (Alembic)."""
    program: str
    """The version of Casetable that made it."""
    moment: str
    """ISO 8601 in UTC: what was committed later is not in it."""
    head: str
    """The exported head of the audit trail at that moment."""
    rows: Mapping[str, int]
    """By table; the keys of cases are left out."""
    files: Mapping[str, str]
    """SHA-256 in hexadecimal, by name."""

    @property
    def at(self) -> datetime:
        """Return the moment of the backup."""
        return datetime.fromisoformat(self.moment)


def program() -> str:
    """Return the version of this program."""
    return version("casetable")


def digest(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    found = hashlib.sha256()
    with file.open("rb") as source:
        while block := source.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def write(folder: Path, manifest: Manifest, key: bytes) -> None:
    """Write the sealed list into the folder of a backup."""
    told = {"kind": KIND, "format": FORMAT, **asdict(manifest)}
    told["seal"] = _seal(key, told)
    text = json.dumps(told, indent=2, sort_keys=True)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def read(folder: Path, key: bytes) -> Manifest:
    """Return the list of a backup once the seal and all hashes hold; else raise InputError."""
    try:
        told = json.loads((folder / NAME).read_text(encoding="utf-8"))
        kind, form, seal = told.pop("kind"), told.pop("format"), told.pop("seal")
        found = Manifest(**told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{folder} is no backup; give the folder that `casetable backup create` made."
        ) from error
    if kind != KIND or form != FORMAT:
        raise InputError(f"{folder} has another format; restore it with the version that made it.")
    if seal != _seal(key, {"kind": kind, "format": form, **told}):
        raise InputError(
            f"The list in {folder} was changed, or another installation made the backup: restore "
            "it with the CASETABLE_SECRET_KEY of that installation."
        )
    for name, expected in found.files.items():
        file = folder / name
        if not file.is_file() or digest(file) != expected:
            raise InputError(f"{file} is missing or was changed since; take another backup.")
    return found


def _seal(key: bytes, told: Mapping[str, object]) -> str:
    return audit.seal(key, KIND, json.dumps(told, sort_keys=True))
