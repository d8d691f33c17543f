"""M10: how long until the first page after `casetable up`, and what a web worker holds of memory.

Setting up on a fresh machine (`make setup`) depends on the network and is taken by hand.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.harness import Figure, figure, single
from benchmarks.place import KEPT, Place, place
from engine.settings import PREFIX

COMMAND = (sys.executable, "-c", "from engine.commandline import main; main()")
LIMIT_SECONDS = 120
PAGES = 300
SIGN_IN = "/sign-in"


def run(*, quick: bool) -> list[Figure]:
    """Start the demonstration once new and then again; serve pages and look at the memory."""
    with tempfile.TemporaryDirectory() as folder:
        first = _until_served(Path(folder))
        again = [_until_served(Path(folder)) for _ in range(1 if quick else 3)]
    found = [
        single("M10", "first start: tables and demonstration made", round(first, 1), "s", ""),
        figure("M10", "`casetable up` to a page", again, unit="s", goal="<= 5"),
    ]
    with place("sqlite") as installation:
        shared, own = _memory(installation, PAGES // (10 if quick else 1))
    return [
        *found,
        single("M10", "a web worker after pages, RSS", round(own), "MB", "<= 160"),
        single("M10", "a web worker after pages, PSS", round(shared), "MB", ""),
    ]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _until_served(folder: Path) -> float:
    port, began = _free_port(), time.monotonic()
    command = (*COMMAND, "up", "--port", str(port), "--no-worker", "--no-cases")
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    with _running(command, kept | {f"{PREFIX}DATA_DIR": str(folder)}):
        _wait_for(port)
        return time.monotonic() - began


@contextmanager
def _running(
    command: tuple[str, ...], environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        try:
            _page(port)
        except (URLError, ConnectionError):
            time.sleep(0.02)
        else:
            return
    raise SystemExit("No page was served.")


def _page(port: int) -> None:
    with urlopen(f"http://127.0.0.1:{port}{SIGN_IN}", timeout=10) as answer:
        answer.read()


def _memory(found: Place, pages: int) -> tuple[float, float]:
    """Return PSS and RSS of the largest worker of `casetable web` in MB, after some pages."""
    port = _free_port()
    command = (*COMMAND, "web", "--workers", "2", "--bind", f"127.0.0.1:{port}")
    with _running(command, found.environment) as master:
        _wait_for(port)
        for _ in range(pages):
            _page(port)
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        held = [_held(int(child)) for child in children]
    return max(shared for shared, _ in held), max(own for _, own in held)


def _held(process: int) -> tuple[float, float]:
    told = Path(f"/proc/{process}/smaps_rollup").read_text()
    found = {
        name: int(size) for name, size in re.findall(r"^(Pss|Rss):\s+(\d+) kB", told, re.MULTILINE)
    }
    return found["Pss"] / 1024, found["Rss"] / 1024
