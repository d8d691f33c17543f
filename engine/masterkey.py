"""The master keys, under which the keys of cases are wrapped; they are kept out of the database.

A file (or a variable) holds a line `version:key` for each. The highest version wraps; all others
still open, so that changing the master key stops nobody's work.
"""

import base64
import binascii
import os
import secrets
from pathlib import Path

from engine.errors import SettingsError, StateError

LENGTH = 32


class MasterKeys:
    """The versions of the master key, read when the first one is needed."""

    def __init__(self, *, text: str = "", path: Path | None = None, make: bool = False) -> None:
        self.path = path if not text else None
        self._make = make
        self._keys = parse(text) if text else {}

    def newest(self) -> tuple[int, bytes]:
        """Return the version that wraps, and its key."""
        if not self._keys:
            self._read()
        version = max(self._keys)
        return version, self._keys[version]

    def versions(self) -> list[int]:
        """Return all versions, the newest first."""
        self.newest()
        return sorted(self._keys, reverse=True)

    def get(self, version: int) -> bytes:
        """Return one version; the file is read again for one that came after this process."""
        if version not in self._keys:
            self._read()
        if version not in self._keys:
            raise StateError(
                f"Master key {version} is missing, and with it what it protects; "
                "put its line back into the file of master keys."
            )
        return self._keys[version]

    def add(self) -> int:
        """Write a new version into the file and return its number."""
        if self.path is None:
            raise StateError(
                "The master keys come from CASETABLE_MASTER_KEYS; add a line there and restart."
            )
        version = self.newest()[0] + 1
        with self.path.open("a", encoding="ascii") as file:
            file.write(line(version) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._read()
        return version

    def _read(self) -> None:
        if self.path is None:
            if not self._keys:
                raise StateError("No master key is set; open the database through the application.")
            return
        if not self.path.exists() and self._make:
            _first(self.path)
        try:
            self._keys = parse(self.path.read_text(encoding="ascii"))
        except OSError as error:
            raise StateError(
                f"The file of master keys cannot be read ({error.strerror}); "
                "CASETABLE_MASTER_KEY_FILE says where it is."
            ) from error


def line(version: int) -> str:
    """Return a new random key as a line of the file."""
    return f"{version}:{base64.b64encode(secrets.token_bytes(LENGTH)).decode()}"


def parse(text: str) -> dict[int, bytes]:
    """Return the keys by version; SettingsError says what is wrong, never the key."""
    found: dict[int, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.replace(",", "\n").splitlines())):
        number, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not number.isdigit() or len(key) != LENGTH:
            raise SettingsError(
                "Master keys are lines of `version:key`, the key 32 random bytes in base64."
            )
        found[int(number)] = key
    if not found:
        raise SettingsError("There is no master key in what was given.")
    return found


def _first(path: Path) -> None:
    """Make the first key once; two processes that start together end with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(line(1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()
