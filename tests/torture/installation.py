"""An installation as it runs for the real world: a process that serves pages, workers, a broker."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import tests.torture.process as torture
from engine.settings import ROOT

KEY = "a key that only the tests use, long enough"
BOOT = 120.0
"""Seconds within which the pages have to be there on a busy machine."""
PROGRAM = "import tests.torture.process; from engine.commandline import main; main()"
"""The product's own command, which knows the operators of the small process too."""


def write_processes(folder: Path) -> Path:
    """Write the small process with the shipped profile, which the pages need; return the folder."""
    torture.write_processes(folder)
    for path in (ROOT / "processes/profiles/base").iterdir():
        shutil.copyfile(path, folder / "profiles/base" / path.name)
    return folder


def until(condition: Callable[[], bool], seconds: float, says: Callable[[], str]) -> float:
    """Wait until something is so and return for how long; fail with what `says` tells."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise AssertionError(says())
        time.sleep(0.05)
    return time.monotonic() - begun


@dataclass
class Installation:
    """The processes of one installation; `source` is where their program lies."""

    home: Path
    url: str
    broker: str = "filesystem://"
    source: Path = ROOT
    more: dict[str, str] = field(default_factory=dict)
    port: int = 0
    web: "subprocess.Popen[bytes] | None" = None
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CASETABLE_DATA_DIR": str(self.home),
            "CASETABLE_DATABASE_URL": self.url,
            "CASETABLE_PROCESSES_DIR": str(self.home / "processes"),
            "CASETABLE_SECRET_KEY": KEY,
            "CASETABLE_BROKER_URL": self.broker,
            "CASETABLE_DEMO": "yes",
            "CASETABLE_POLL_SECONDS": "0.2",
            "CASETABLE_BASE_URL": f"http://127.0.0.1:{self.port}",
            torture.EFFECTS: str(self.effects),
            "PYTHONPATH": str(self.source),
            **self.more,
        }

    @property
    def effects(self) -> Path:
        """What the processes did on the outside."""
        return self.home / "effects"

    @property
    def log(self) -> Path:
        return self.home / f"log_{self.source.name}"

    def run(self, *words: str, program: str = PROGRAM) -> "subprocess.Popen[bytes]":
        """Start a command of the product, or another program that uses it."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", program, *words],
                env=self.environment,
                cwd=self.source,
                stdout=log,
                stderr=log,
            )

    def serve(self) -> None:
        """Start the pages: a master and one process that serves; wait until they are there."""
        with socket.socket() as line:
            line.bind(("127.0.0.1", 0))
            self.port = line.getsockname()[1]
        bind = f"127.0.0.1:{self.port}"
        self.web = self.run("web", "--workers", "1", "--threads", "4", "--bind", bind)
        until(lambda: _listens(self.port) and bool(self.serving()), BOOT, self.tail)

    def work(self) -> None:
        """Start a worker."""
        self.workers.append(self.run("worker"))

    def serving(self) -> list[int]:
        """Return the ids of the processes that serve pages."""
        assert self.web is not None
        master = self.web.pid
        told = Path(f"/proc/{master}/task/{master}/children")
        return [int(one) for one in told.read_text().split()] if told.exists() else []

    def alive(self) -> list[int]:
        """Return the ids of all processes that live: a restart would change them."""
        assert self.web is not None
        kept = [self.web, *self.workers]
        return [one.pid for one in kept if one.poll() is None] + self.serving()

    def tail(self) -> str:
        """Return the end of what the processes have said."""
        return self.log.read_text()[-4000:]

    def kill(self) -> None:
        """Kill all processes without a warning."""
        serving = self.serving() if self.web is not None else []
        for one in filter(None, (self.web, *self.workers)):
            one.kill()
            one.wait(timeout=40)
        for process in serving:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.web, self.workers = None, []

    def stop(self) -> None:
        """Stop all processes in good order; kill what does not end."""
        for one in filter(None, (self.web, *self.workers)):
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
        for one in filter(None, (self.web, *self.workers)):
            try:
                one.wait(timeout=40)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait(timeout=40)
        self.web, self.workers = None, []


def _listens(port: int) -> bool:
    with socket.socket() as line:
        line.settimeout(1)
        return line.connect_ex(("127.0.0.1", port)) == 0
