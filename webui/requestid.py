"""Gives each request an id, so that a person can name it and the log can find it (S18)."""

from uuid import uuid4

import structlog
from flask import Response, g

HEADER = "X-Request-Id"


def request_id() -> str:
    """Return the id of this request; it is ours and random, never one that was sent to us."""
    if "request_id" not in g:
        g.request_id = uuid4().hex
    return str(g.request_id)


def bind_request() -> None:
    """Let every log line of this request carry its id."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def name_request(response: Response) -> Response:
    """Tell the browser the id of its request."""
    response.headers[HEADER] = request_id()
    return response
