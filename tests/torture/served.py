"""The pages as they are served for the real world, for tests that kill or crowd them."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEY = "a key that only the tests use, long enough"
BOOT = 120.0
"""Seconds within which the pages have to be there on a busy machine."""


@dataclass
class Server:
    """A master and the processes that serve."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def serving(self) -> list[int]:
        """Return the ids of the processes that serve."""
        master = self.process.pid
        told = Path(f"/proc/{master}/task/{master}/children").read_text()
        return [int(one) for one in told.split()]

    def kill(self) -> bool:
        """Kill what serves, without a warning; its master starts another one."""
        for one in self.serving():
            os.kill(one, signal.SIGKILL)
            return True
        return False

    def wait(self) -> None:
        """Wait until a page comes."""
        deadline = time.monotonic() + BOOT
        while time.monotonic() < deadline:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=BOOT)
            try:
                line.request("GET", "/health")
                line.getresponse()
            except OSError:
                time.sleep(0.1)
            else:
                return  # whatever it says, a process answers now
            finally:
                line.close()
        raise AssertionError(self.log.read_text()[-3000:])

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.terminate()
        self.process.wait(timeout=60)


def serve(
    home: Path, url: str, *, workers: int = 1, threads: int = 4, beside: Server | None = None
) -> Server:
    """Serve the pages of a database on a free port, with the very settings of one `beside` it."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    environment = os.environ | {
        "CASETABLE_DATA_DIR": str(home),
        "CASETABLE_DATABASE_URL": url,
        "CASETABLE_SECRET_KEY": KEY,
        "CASETABLE_BROKER_URL": "filesystem://",
        "CASETABLE_DEMO": "yes",
        "CASETABLE_BASE_URL": f"http://127.0.0.1:{beside.port if beside else port}",
    }
    program = "from engine.commandline import main; main()"
    size = ("--workers", str(workers), "--threads", str(threads))
    with (home / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program, "web", *size, "--bind", f"127.0.0.1:{port}"],
            env=environment,
            cwd=ROOT,
            stderr=log,
        )
    server = Server(process, port, home / "web.log")
    server.wait()
    return server
