"""The embedded broker: messages as files, written whole or not at all.

Kombu's own filesystem transport creates a message's file and fills it afterwards. A worker that
looks in between takes an empty file and stops on it. Here a message gets its name only when it
is complete, and what cannot be read is left behind: a message is a ring, the work itself lies in
the database (R3).
"""

import uuid
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

import structlog
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

LOG = structlog.get_logger()


class Channel(filesystem.Channel):
    """Kombu's channel on files, with messages that appear and vanish at one stroke."""

    def _put(self, queue: str, payload: Any, **options: Any) -> None:  # type: ignore[override]
        del options
        folder = Path(self.data_folder_out)
        name = f"{time_ns()}_{uuid.uuid4()}"
        unfinished = folder / f".{name}.part"
        unfinished.write_text(dumps(payload), encoding="utf-8")  # type: ignore[no-untyped-call]
        unfinished.rename(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        del timeout
        folder = Path(self.data_folder_in)
        for name in sorted(path.name for path in folder.iterdir()):
            if name.startswith(".") or name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f".{name}.{uuid.uuid4()}.taken"
            try:
                # Two workers may want the same message; the rename lets one of them have it.
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue
            text = taken.read_text(encoding="utf-8", errors="replace")
            taken.unlink()
            try:
                return loads(text)  # type: ignore[no-untyped-call]
            except ValueError:
                LOG.warning("message_unreadable")
        raise Empty

    def get_table(self, exchange: str) -> Any:
        """Return the exchange's queues; none while another process is just writing them."""
        try:
            return super().get_table(exchange)  # type: ignore[no-untyped-call]
        except ValueError:
            return []


class Transport(filesystem.Transport):
    """Kombu's filesystem transport with the channel above."""

    Channel = Channel
