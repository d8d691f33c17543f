"""The files of the repository and the shipped processes, read once for the rules about them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from engine.deployment import ResolvedDeployment, resolve
from engine.settings import ROOT

PRODUCT = ("engine", "tasks", "webui")
NOT_OURS = {
    ".venv",
    ".git",
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "node_modules",
    "var",
    "dist",
    "build",
}
BINARY = {".png", ".sqlite", ".ico", ".woff2"}


def files(*folders: str) -> Iterator[Path]:
    """Yield the files of the repository, or of some of its folders, without what is built."""
    for start in [ROOT / folder for folder in folders] or [ROOT]:
        for path in sorted(start.rglob("*")):
            inside = path.relative_to(ROOT).parts
            if path.is_file() and not NOT_OURS & set(inside):
                yield path


def texts(*folders: str) -> Iterator[tuple[str, str]]:
    """Yield name and content of the files that people read."""
    for path in files(*folders):
        if path.suffix not in BINARY and ".sqlite" not in path.name:
            yield name_of(path), path.read_text(encoding="utf-8", errors="replace")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def trees() -> dict[str, ast.Module]:
    """Return the syntax trees of the product's modules."""
    return {
        name_of(path): ast.parse(path.read_text(encoding="utf-8"))
        for path in files(*PRODUCT)
        if path.suffix == ".py"
    }


@cache
def shipped() -> ResolvedDeployment:
    """Return the processes as they lie in the repository."""
    return resolve(ROOT / "processes", "base")
