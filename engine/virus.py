"""Asks ClamAV whether a file is known to do harm, by its INSTREAM protocol (V5.4.3).

The content goes over a socket and never to a disk. Only a clear word from the scanner counts as
harmless: silence, an error or anything that is not understood is no answer.
"""

import socket
import struct
import time

from engine.errors import CasetableError

SECONDS = 20.0
"""For one file, all in all; a scanner that takes longer counts as away."""
PING_SECONDS = 2.0
CHUNK = 65_536
LONGEST_ANSWER = 1024
HARMLESS, HARMFUL = "OK", "FOUND"


class ScannerAwayError(CasetableError):
    """The scanner gives no clear answer; the message is for the log, not for whoever sent a file.

    Nothing that was not scanned may be kept.
    """


def is_harmful(address: str, content: bytes) -> bool:
    """Say whether the scanner at a socket path or `host:port` knows the content as harmful."""
    parts = [b"zINSTREAM\0"]
    for at in range(0, len(content), CHUNK):
        piece = content[at : at + CHUNK]
        parts += [struct.pack(">I", len(piece)), piece]
    answer = _ask(address, [*parts, struct.pack(">I", 0)])
    if answer == f"stream: {HARMLESS}":
        return False
    if answer.startswith("stream: ") and answer.endswith(f" {HARMFUL}"):
        return True
    # Threat: "size limit exceeded" and the like mean that the file was not looked at to its end.
    raise ScannerAwayError("The virus scanner gave no clear answer.")


def answers(address: str) -> bool:
    """Say whether the scanner is there."""
    try:
        return _ask(address, [b"zPING\0"], PING_SECONDS) == "PONG"
    except ScannerAwayError:
        return False


def _ask(address: str, parts: list[bytes], seconds: float = SECONDS) -> str:
    """Return the answer to one command, without its closing zero byte."""
    ends_at = time.monotonic() + seconds
    try:
        with _connect(address, seconds) as line:
            for part in parts:
                line.settimeout(_left(ends_at))
                line.sendall(part)
            return _answer(line, ends_at)
    except OSError as error:
        raise ScannerAwayError(f"The virus scanner is away: {type(error).__name__}.") from error


def _connect(address: str, seconds: float) -> socket.socket:
    if not address.startswith("/"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=seconds)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(seconds)
    try:
        line.connect(address)
    except OSError:
        line.close()
        raise
    return line


def _answer(line: socket.socket, ends_at: float) -> str:
    found = b""
    while not found.endswith(b"\0") and len(found) < LONGEST_ANSWER:
        line.settimeout(_left(ends_at))
        piece = line.recv(LONGEST_ANSWER)
        if not piece:
            break
        found += piece
    return found.rstrip(b"\0").decode("utf-8", "replace").strip()


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
