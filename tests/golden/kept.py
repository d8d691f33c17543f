"""Cases in flight that a release has left: the database of each, and how its story goes on.

A release is one packed file `tests/golden/VERSION.tar.xz`. In it is, for each state in which a case
waits for somebody or something, a SQLite database as the release has written it, and a line in
`index.json`: what it waits for, its instant, and the steps that were played on to its end.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
INDEX = "index.json"
ENDING = ".tar.xz"


@dataclass(frozen=True)
class InFlight:
    """One case that waits."""

    name: str
    """Of its file in the packed release."""
    story: str
    """The scenario that it comes from, and after how many of its steps."""
    waits: tuple[str, ...]
    """`task process element`, `timer process element` or `message name`."""
    now: str
    zone: str
    case_id: str
    master_keys: str
    steps: tuple[dict[str, Any], ...]
    """How its story went on."""
    ended: bool
    """Whether its process came to an end by them."""

    @property
    def instant(self) -> datetime:
        """When it was left."""
        return datetime.fromisoformat(self.now)


def releases() -> list[Path]:
    """Return the packed releases, oldest first."""
    return sorted(FOLDER.glob(f"*{ENDING}"), key=lambda path: _number(path.name))


def _number(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.removesuffix(ENDING).split("."))


def read(release: Path) -> tuple[InFlight, ...]:
    """Return what a release has left, without the databases."""
    with tarfile.open(release) as pack:
        listed = json.loads(_content(pack, INDEX))
    return tuple(
        InFlight(**{**one, "waits": tuple(one["waits"]), "steps": tuple(one["steps"])})
        for one in listed
    )


def unpack(release: Path, names: Iterable[str], folder: Path) -> Iterator[Path]:
    """Write the named databases into a folder."""
    wanted = set(names)
    with tarfile.open(release) as pack:
        for member in pack:
            if member.name in wanted:
                path = folder / member.name
                path.write_bytes(_content(pack, member.name))
                yield path


def _content(pack: tarfile.TarFile, name: str) -> bytes:
    found = pack.extractfile(name)
    if found is None:
        raise FileNotFoundError(name)
    return found.read()


def pack(release: Path, left: Sequence[tuple[InFlight, bytes]]) -> None:
    """Write a release; databases that resemble each other lie side by side and take little room."""
    listed = json.dumps([asdict(one) for one, _ in left], indent=1, default=str).encode()
    with tarfile.open(release, "w:xz", preset=9) as found:
        for name, content in ((INDEX, listed), *((one.name, data) for one, data in left)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            found.addfile(member, io.BytesIO(content))
