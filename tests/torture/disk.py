"""A file system that is small, and can be filled and emptied while others write to it."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Disk:
    """A small file system in memory."""

    folder: Path

    def fill(self, room: int = 0) -> None:
        """Leave so many bytes and no more."""
        filler, block = self.folder / "filler", bytes(64 * 1024)
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(block):
                pass
        os.truncate(filler, max(0, filler.stat().st_size - room))

    def free(self) -> None:
        """Make room again."""
        (self.folder / "filler").unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """Mount a small file system; skip the test where nobody lets us."""
    # Not in a folder of pytest's: those are shut to the user of a database server.
    folder = Path(tempfile.mkdtemp(prefix="casetable_disk_"))
    folder.chmod(0o755)
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(folder)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        folder.rmdir()
        pytest.skip("a file system of its own cannot be mounted here: run as root")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()
