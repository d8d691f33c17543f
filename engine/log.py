"""Log lines as JSON with an allow-list of keys: a log must not become a second case file (S18).

One line is one JSON object, so nothing that is logged can begin a line of its own. Keys that are
not listed here are dropped. Of what a library says only the constant part of its message is kept:
the rest may quote what somebody typed.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog

KEYS = frozenset(
    {
        "at",
        "attempt",
        "error",
        "event",
        "id",
        "job",
        "kind",
        "level",
        "logger",
        "request_id",
        "time",
    }
)
REQUEST = "request_id"


def configure() -> None:
    """Let all log lines of this process, also those of libraries, go to the error output."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _complete,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        # The stream is looked up at each line: servers exchange it when they start.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)


@contextmanager
def named_run() -> Iterator[None]:
    """Give all lines of a piece of background work one id, as each request has one."""
    with structlog.contextvars.bound_contextvars(**{REQUEST: uuid4().hex}):
        yield


def _complete(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> dict[str, Any]:
    """Add time and id, and drop what is not on the list."""
    line["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    line.setdefault(REQUEST, "none")
    return {key: value for key, value in line.items() if key in KEYS}


class _Library(logging.Handler):
    """Writes what a library says as one of our lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the place, the kind of error, and a message that has its values apart."""
        told: dict[str, Any] = {"logger": record.name, "at": [f"{record.module}:{record.lineno}"]}
        if record.exc_info and record.exc_info[0]:
            told["error"] = record.exc_info[0].__name__
        constant = str(record.msg) if record.args else "library message"
        level = record.levelname.lower() if record.levelno >= logging.WARNING else "info"
        getattr(structlog.get_logger(), level)(constant, **told)
