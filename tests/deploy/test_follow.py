"""The page of operations is followed as it is written: on nothing, to a served page and a restore.

The blocks `env` and `sh` of the page in their order, with folders, ports, passwords and the name of
the database replaced (R14).
"""

import http.client
import os
import re
import secrets
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from engine.settings import ROOT
from tests.conftest import POSTGRES, REDIS

PAGE = ROOT / "docs/operations.md"
BLOCK = re.compile(r"^```(env|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAM = [sys.executable, "-c", "from engine.commandline import main; main()"]
STAY = ("web", "worker", "metrics")
"""Commands that run on, as under a supervisor."""
PASSWORD = "a sentence that nobody else would say 7"
WAIT = 120
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        os.environ.get("CASETABLE_TORTURE") != "yes",
        reason="a score of processes, each started anew: make torture",
    ),
]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@dataclass
class Machine:
    """A fresh machine: nothing but folders, a server for databases and one for the broker."""

    folder: Path
    mark: str = field(default_factory=lambda: f"casetable_follow_{os.getpid()}")
    settings: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ports = {port: _free_port() for port in ("8000", "8001", "9464")}
        for name in ("etc", "backups", "keys", "run"):
            (self.folder / name).mkdir()

    def placed(self, written: str) -> str:
        """Replace what is another's on each machine."""
        server = make_url(POSTGRES)
        found = re.sub(
            r"://(casetable_\w+):\.\.\.@127\.0\.0\.1/casetable(\w*)",
            rf"://{self.mark}_\1:{'s' * 20}@{server.host}:{server.port or 5432}/{self.mark}\2",
            written,
        )
        for told, here in (
            ("postgresql+psycopg://postgres@127.0.0.1/postgres", POSTGRES),
            ("redis://127.0.0.1:6379/0", REDIS),
            ("<48 random characters>", secrets.token_urlsafe(48)),
            ("/etc/casetable", str(self.folder / "etc")),
            ("/var/backups/casetable", str(self.folder / "backups")),
            ("/var/lib/casetable-keys", str(self.folder / "keys")),
            ("/run/casetable/metrics", str(self.folder / "run")),
            *((f"127.0.0.1:{port}", f"127.0.0.1:{free}") for port, free in self.ports.items()),
        ):
            found = found.replace(told, here)
        return found

    def follow(self, kind: str, block: str) -> None:
        for line in self.placed(block).splitlines():
            if kind == "env":
                name, _, value = line.partition("=")
                self.settings[name] = value
            else:
                self._do(shlex.split(line))

    def _do(self, words: list[str]) -> None:
        assert words[0] == "casetable", words
        environment = {**os.environ, **self.settings, "CASETABLE_DATA_DIR": str(self.folder)}
        if words[1] in STAY:
            name = " ".join(words[1:4])
            with (self.folder / f"{len(self.running)}.log").open("w") as log:
                self.running[name] = subprocess.Popen(
                    [*PROGRAM, *words[1:]], env=environment, stdout=log, stderr=log, text=True
                )
            return
        done = subprocess.run(
            [*PROGRAM, *words[1:]],
            env=environment,
            input=f"{PASSWORD}\n{PASSWORD}\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        self.said[" ".join(words[1:3])] = done.stdout

    def asked(self, port: str, path: str, host: str) -> tuple[int, str]:
        """Ask a process as the web server in front does, once it answers."""
        until = time.monotonic() + WAIT
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=WAIT)
            try:
                connection.request(
                    "GET",
                    path,
                    headers={
                        "Host": host,
                        "X-Forwarded-For": "192.0.2.7",
                        "X-Forwarded-Proto": "https",
                        "X-Forwarded-Host": host,
                    },
                )
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except ConnectionRefusedError:
                assert time.monotonic() < until, "nothing listens"
                time.sleep(0.1)
            finally:
                connection.close()


@contextmanager
def fresh(folder: Path) -> Iterator[Machine]:
    machine = Machine(folder)
    try:
        yield machine
    finally:
        for process in machine.running.values():
            process.terminate()
        for process in machine.running.values():
            process.wait(60)
        _take_away(machine.mark)


def _take_away(mark: str) -> None:
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        named = {"mark": f"{mark}%"}
        for kind, column, table in (
            ("DATABASE", "datname", "pg_database"),
            ("ROLE", "rolname", "pg_roles"),
        ):
            query = text(f"SELECT {column} FROM {table} WHERE {column} LIKE :mark")  # noqa: S608
            for name in connection.scalars(query, named).all():
                force = " WITH (FORCE)" if kind == "DATABASE" else ""
                connection.execute(text(f'DROP {kind} "{name}"{force}'))
    admin.dispose()


def test_page_of_operations_leads_from_nothing_to_work_and_back(tmp_path: Path) -> None:
    work, report = "casetable.example.org", "report.example.org"
    with fresh(tmp_path) as machine:
        for kind, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
            machine.follow(kind, block)
        assert len(machine.running) == 4
        assert machine.asked("8000", "/live", work)[0] == 200
        assert machine.asked("8000", "/ready", work) == (200, '{"status":"ready"}\n')
        assert machine.asked("8001", "/ready", report) == (200, '{"status":"ready"}\n')
        assert "Sign in" in machine.asked("8000", "/sign-in", work)[1]
        status, page = machine.asked("8001", "/report", report)
        assert (status, "Sign in" in page) == (200, False)
        figures = machine.asked("9464", "/metrics", "127.0.0.1")[1]
        assert "casetable_database_up 1.0" in figures
        assert 'topic="sign_in"' in figures
        assert "casetable_backup_age_seconds" in figures
        assert '"row_level_security": "forced"' in machine.said["health"]
        for command in ("backup drill", "backup restore"):
            assert machine.said[command].rstrip().splitlines()[0].endswith("0 problems.")
        assert "casetable worker" not in {
            name for name, one in machine.running.items() if one.poll()
        }
        _logs_are_lines_of_json_without_people(tmp_path)


def _logs_are_lines_of_json_without_people(folder: Path) -> None:
    """S18: pages, worker and figures write JSON to their error output, and nobody's name."""
    for log in folder.glob("*.log"):
        content = log.read_text(encoding="utf-8")
        assert not [name for name in ("anna", "Visser", "otto", "192.0.2.7") if name in content]
