"""Rings the background workers after a request that changed something."""

from flask import Flask, Response, request

from engine.bell import Bell
from engine.settings import Settings


def register(app: Flask, settings: Settings) -> None:
    """Ring after each POST that went through; the workers look into the database themselves."""
    bell = Bell(settings)

    def ring_after_change(response: Response) -> Response:
        if request.method == "POST" and response.status_code < 400:  # noqa: PLR2004 - HTTP
            bell.ring()
        return response

    app.after_request(ring_after_change)
