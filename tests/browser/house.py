"""Starts Casetable as a user does, in a directory of its own, and stops it again."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.settings import Settings, load_settings

PATIENCE = 180  # seconds until the first page must be there, also on a busy machine


@dataclass(frozen=True)
class House:
    """A running installation."""

    address: str
    data_dir: Path

    @property
    def settings(self) -> Settings:
        """The settings of the running installation, to look into or prepare its database."""
        return load_settings({"CASETABLE_DATA_DIR": str(self.data_dir)})

    @property
    def log(self) -> str:
        """What pages and worker have written so far."""
        return (self.data_dir / "output.log").read_text()


@contextmanager
def started(data_dir: Path, *options: str) -> Iterator[House]:
    """Run `casetable up` with some options on a free port until the block ends."""
    data_dir.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    command = [
        str(Path(sys.executable).with_name("casetable")),
        "up",
        "--port",
        str(port),
        *options,
    ]
    house = House(f"http://127.0.0.1:{port}", data_dir)
    with (data_dir / "output.log").open("wb") as log:
        process = subprocess.Popen(command, env=_environ(data_dir), stdout=log, stderr=log)
        try:
            _wait_for(house, process)
            yield house
        finally:
            process.terminate()
            process.wait(30)
    assert process.returncode == 0, house.log[-3000:]


def _environ(data_dir: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASETABLE_")}
    return {**kept, "CASETABLE_DATA_DIR": str(data_dir)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(house: House, process: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        if process.poll() is not None:
            break
        if _is_well(house):
            return
        time.sleep(0.5)
    raise RuntimeError(f"`casetable up` does not answer:\n{house.log[-3000:]}")


def _is_well(house: House) -> bool:
    connection = http.client.HTTPConnection(house.address.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
