"""Times each request for the figures of the installation: topic, method and class of status."""

from time import perf_counter

from flask import Flask, Response, g, request

from engine import metrics
from engine.application import Application

NOWHERE = "none"
"""Where an address leads to no page: strangers choose it, so it is no label."""


def register(app: Flask, application: Application) -> None:
    """Time every request from its first to its last hook."""
    metrics.begin(application.settings.metrics_dir)
    database = application.database

    def begin() -> None:
        g.began = perf_counter()

    def end(response: Response) -> Response:
        topic = (request.endpoint or NOWHERE).partition(".")[0]
        seconds = perf_counter() - g.get("began", perf_counter())
        metrics.note_request(topic, request.method, response.status_code, seconds)
        metrics.note_connections(database.in_use())
        return response

    app.before_request(begin)
    app.after_request(end)
