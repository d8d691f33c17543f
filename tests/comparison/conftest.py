"""Two copies of the shipped processes, of which tests edit one."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.commandline import casetable
from engine.comparison import Change, Side, compare, marked
from engine.inheritance import read_files
from engine.settings import ROOT

FILES = read_files(ROOT / "processes", "base")
Told = Callable[..., list[str]]


def replaced(files: dict[str, bytes], file: str, before: str, after: str) -> dict[str, bytes]:
    """Return the files with the first place of a text replaced."""
    content = files[file].decode()
    assert before in content, f"{file} does not hold {before}"
    return {**files, file: content.replace(before, after, 1).encode()}


def shipped() -> Side:
    return Side("shipped", dict(FILES))


def edited(*edits: tuple[str, str, str]) -> Side:
    files = dict(FILES)
    for file, before, after in edits:
        files = replaced(files, file, before, after)
    return Side("edited", files)


def changes(*edits: tuple[str, str, str]) -> tuple[Change, ...]:
    return compare(shipped(), edited(*edits))


def sentences(*edits: tuple[str, str, str]) -> list[str]:
    return [marked(change.sentence) for change in changes(*edits)]


@cache
def alone(path: str, content: bytes) -> Side:
    """Return one file without the others."""
    return Side(path, {path: content})


def written(files: dict[str, bytes], folder: Path) -> Path:
    """Write the files as a folder of processes."""
    for path, content in files.items():
        of_profile = path in {"profile.toml", "selfcheck.toml"}
        inside = f"profiles/base/{path}" if of_profile else path
        if not path.startswith("base_"):
            (folder / inside).parent.mkdir(parents=True, exist_ok=True)
            (folder / inside).write_bytes(content)
    return folder


@pytest.fixture
def diff(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Run `casetable diff` on an installation of its own."""
    monkeypatch.setenv("CASETABLE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("CASETABLE_DATABASE_URL", raising=False)

    def run(*arguments: Any) -> Result:
        return CliRunner().invoke(casetable, ["diff", *map(str, arguments)])

    return run
