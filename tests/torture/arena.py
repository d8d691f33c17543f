"""An installation whose processes are started, killed and started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from engine.application import Application
from engine.models import Job, WorkItem
from tests.engine.desk import Desk
from tests.torture import process

ROOT = Path(__file__).resolve().parents[2]
KEY = "a key that only the tests use, long enough"
PATIENCE = 120.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
        return port


@dataclass
class Arena:
    """An installation; each place is held by one process of its kind."""

    desk: Desk
    home: Path
    kinds: tuple[str, ...] = ()
    seed: int = 0
    port: int = field(default_factory=free_port)
    nursery: "subprocess.Popen[bytes] | None" = None
    running: dict[int, int] = field(default_factory=dict)
    """Process ids by place."""
    started: int = 0

    @property
    def application(self) -> Application:
        return self.desk.application

    @property
    def environment(self) -> dict[str, str]:
        url = self.application.database.url.render_as_string(hide_password=False)
        return os.environ | {
            "CASETABLE_DATA_DIR": str(self.home),
            "CASETABLE_DATABASE_URL": url,
            "CASETABLE_PROCESSES_DIR": str(self.home / "processes"),
            "CASETABLE_SECRET_KEY": KEY,
            "CASETABLE_BROKER_URL": "filesystem://",
            "CASETABLE_BASE_URL": f"http://127.0.0.1:{self.port}",
            "CASETABLE_DEMO": "yes",
            "CASETABLE_POLL_SECONDS": "0.1",
            process.EFFECTS: str(self.home / "effects"),
            "PYTHONPATH": str(ROOT),
        }

    def open(self) -> None:
        """Start the nursery, from which all other processes come."""
        with (self.home / "log").open("ab") as log:
            self.nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.torture.nursery"],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def start(self, place: int) -> None:
        """Start a process of the kind of a place."""
        assert self.nursery is not None
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.started += 1
        journal, seed = self.home / "journal", self.seed + self.started
        lines = {
            "web": f"web {self.port}",
            "player": f"player {journal} {seed}",
            "browser": f"browser {journal} {seed} {self.port}",
        }
        kind = self.kinds[place]
        self.nursery.stdin.write(f"{lines.get(kind, kind)}\n".encode())
        self.nursery.stdin.flush()
        self.running[place] = int(self.nursery.stdout.readline())

    def start_all(self) -> None:
        """Start a process at each place."""
        for place in range(len(self.kinds)):
            self.start(place)

    def strike(self, place: int) -> None:
        """Kill who holds a place; another one takes it. Of the pages, who serves is killed."""
        if self.kinds[place] == "web":
            self._kill_serving(self.running[place])
            return
        self.kill(place)
        self.start(place)

    def _kill_serving(self, master: int) -> None:
        """Kill what serves; its master starts another one by itself."""
        self.until(lambda: bool(_children(master)))
        for child in _children(master):
            os.kill(child, signal.SIGKILL)

    def kill(self, place: int) -> None:
        """Kill who holds a place, with all that came from it."""
        found = self.running.pop(place)
        for one in (found, *_children(found)):
            os.kill(one, signal.SIGKILL)
            while _lives(one):
                time.sleep(0.01)

    def close(self) -> None:
        """Kill everybody."""
        for place in list(self.running):
            self.kill(place)
        if self.nursery is not None and self.nursery.stdin and self.nursery.stdout:
            self.nursery.stdin.close()
            self.nursery.stdout.close()
            self.nursery.wait(timeout=30)

    def until(self, condition: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Wait for a condition; else show what the processes have said."""
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"seed {self.seed}: {(self.home / 'log').read_text()[-3000:]}")
            time.sleep(0.02)

    def served(self) -> bool:
        """Say whether the pages are there."""
        with socket.socket() as line:
            line.settimeout(1)
            return line.connect_ex(("127.0.0.1", self.port)) == 0

    def grown(self, name: str) -> int:
        """Return how long a file is by now that processes append to."""
        path = self.home / name
        return path.stat().st_size if path.exists() else 0

    def journal(self) -> list[dict[str, str]]:
        """Return what was acknowledged."""
        path = self.home / "journal"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def at_rest(self, cases: int) -> bool:
        """Say whether every case waits for a person again and nothing is owed in the background."""
        busy = select(func.count()).select_from(Job).where(Job.state.in_(("waiting", "calling")))
        asked = select(func.count()).select_from(WorkItem).where(WorkItem.state == "open")
        with self.application.database.reading() as session:
            return session.scalar(busy) == 0 and session.scalar(asked) == cases


def _children(parent: int) -> list[int]:
    try:
        told = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(one) for one in told.split()]


def _lives(one: int) -> bool:
    """Say whether a process still does something; a dead one may wait for its parent."""
    try:
        status = Path(f"/proc/{one}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
