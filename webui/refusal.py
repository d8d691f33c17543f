"""Says "there is nothing here" after the same time, whether there is something or not (S2).

Threat: what is there and kept from a person takes some milliseconds longer to refuse than what is
not there, and whoever asks often enough reads from the clock that a case exists.
"""

import time

from flask import Flask, Response, current_app, g, request

from webui.context import end_reading

SECONDS = 0.05
"""Refusals take this long, or a multiple of it on a busy machine."""
MISSING = 404


def register(app: Flask) -> None:
    """Measure each request, and let refusals wait."""
    app.config.setdefault("REFUSAL_SECONDS", SECONDS)
    app.before_request(_begin)
    app.after_request(_wait)


def _begin() -> None:
    g.began = time.monotonic()


def _wait(response: Response) -> Response:
    """Hold a refusal back until the next full step; nothing is read or locked meanwhile."""
    step: float = current_app.config["REFUSAL_SECONDS"]
    names_something = request.endpoint != "static" and bool(request.view_args)
    if step and names_something and response.status_code == MISSING:
        end_reading()
        time.sleep(step - (time.monotonic() - g.began) % step)
    return response
