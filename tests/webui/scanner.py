"""A small virus scanner that speaks ClamAV's INSTREAM protocol, and can be down, odd or slow."""

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingMixIn, ThreadingTCPServer, UnixStreamServer
from threading import Event, Thread
from typing import Any

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The file by which scanners are tried. In two parts, so that no scanner refuses this one."""
LIMIT = 10_000_000


@dataclass
class Scanner:
    """What was shown to the scanner, and what it says instead of the truth."""

    address: str = ""
    seen: list[bytes] = field(default_factory=list)
    says: bytes | None = None
    slow: Event | None = None
    """Until it is set no answer comes."""

    def judge(self, content: bytes) -> bytes:
        self.seen.append(content)
        if self.says is not None:
            return self.says
        if len(content) > LIMIT:
            return b"INSTREAM size limit exceeded. ERROR\0"
        return b"stream: Eicar-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


class _Unix(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


class _Tcp(ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def served(*, tcp: bool = False) -> Iterator[Scanner]:
    """Serve a scanner at a socket, or on a free port of loopback, until the block ends."""
    house = Scanner()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            command = self._command()
            if command == b"zPING":
                self.wfile.write(b"PONG\0")
            elif command == b"zINSTREAM":
                answer = house.judge(b"".join(self._chunks()))
                if house.slow is not None:
                    house.slow.wait(30)
                self.wfile.write(answer)
            else:
                self.wfile.write(b"UNKNOWN COMMAND\0")

        def _command(self) -> bytes:
            found = b""
            while not found.endswith(b"\0"):
                found += self.rfile.read(1)
            return found[:-1]

        def _chunks(self) -> Iterator[bytes]:
            while size := struct.unpack(">I", self.rfile.read(4))[0]:
                yield self.rfile.read(size)

    # A path of its own: that of the tests may be longer than a socket's may be.
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "clamd")
        server: Any = _Tcp(("127.0.0.1", 0), Handler) if tcp else _Unix(path, Handler)
        house.address = f"127.0.0.1:{server.server_address[1]}" if tcp else path
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield house
        finally:
            server.shutdown()
            thread.join(timeout=10)
            server.server_close()
