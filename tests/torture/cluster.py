"""A PostgreSQL server of a test's own, in a folder and on a port of its own, that may be killed.

It is as safe against crashes as one in production: what was committed is on the disk (`fsync`).
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

OWNER = "postgres"
"""Who runs it where the tests run as root: the server refuses to be root."""
PATIENCE = 60.0
CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def programs() -> Path | None:
    """Return the folder of the server's programs; the newest of several, None without any."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there else None


def _version(program: Path) -> int:
    name = program.parents[1].name
    return int(name) if name.isdecimal() else 0


def missing() -> str:
    """Return why no server of one's own can be started here, empty when one can."""
    if programs() is None:
        return "PostgreSQL's own programs are missing: apt-get install postgresql"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(OWNER)
        except KeyError:
            return f"the server refuses to be root, and there is no user {OWNER}"
    return ""


def _as_owner() -> dict[str, str]:
    return {"user": OWNER, "group": OWNER} if os.geteuid() == 0 else {}


@dataclass
class Cluster:
    """One server; `start` begins it again after whatever became of it."""

    folder: Path
    port: int
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    extra: tuple[str, ...] = ()
    """Settings of the server, as `name=value`."""

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{OWNER}@127.0.0.1:{self.port}/{OWNER}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={self.log.parent}")
        words = [word for one in (*settings, *self.extra) for word in ("-c", one)]
        program = str((programs() or Path()) / "postgres")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                [program, "-D", str(self.folder), "-p", str(self.port), *words],
                stdout=log,
                stderr=log,
                cwd="/",
                **_as_owner(),
            )
        self.wait()

    def wait(self) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                self.ask("SELECT 1")
                return
            time.sleep(0.05)
        raise AssertionError(self.log.read_text()[-3000:])

    def ask(self, statement: str) -> object:
        """Return the first value of a statement, through a connection of its own."""
        address = f"host=127.0.0.1 port={self.port} user={OWNER} dbname={OWNER}"
        with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
            row = connection.execute(statement.encode()).fetchone()
            return row[0] if row else None

    def cut(self) -> None:
        """End all connections of others; the server goes on."""
        self.ask(CUT)

    def stop_at_once(self) -> None:
        """Stop without finishing anything, as `pg_ctl stop -m immediate`."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill the server and every process of it, without a warning."""
        assert self.process is not None
        master = self.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        for one in (master, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self.process.wait(timeout=PATIENCE)
        while any(Path(f"/proc/{child}").exists() for child in children):
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop in good order."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=PATIENCE)


@contextmanager
def running(*extra: str, on: Path | None = None) -> Iterator[Cluster]:
    """Give a new server that answers; `on` is the folder of a file system of its own."""
    # Not a folder of pytest's: those are shut to everybody else, and so to the server.
    home = Path(tempfile.mkdtemp(prefix="casetable_cluster_", dir=on))
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    if os.geteuid() == 0:
        shutil.chown(home, OWNER, OWNER)
    words = ("--auth=trust", f"--username={OWNER}", "--encoding=UTF8", "--no-sync")
    program = str((programs() or Path()) / "initdb")
    subprocess.run(  # type: ignore[call-overload]
        [program, "-D", str(home / "data"), *words],
        check=True,
        capture_output=True,
        cwd="/",
        **_as_owner(),
    )
    found = Cluster(home / "data", port, home / "log", extra=extra)
    try:
        found.start()
        yield found
    finally:
        found.stop_at_once()
        shutil.rmtree(home, ignore_errors=True)
