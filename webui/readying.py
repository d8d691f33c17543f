"""Makes a process of the pages ready before it serves, so that its first person waits for nothing.

A cold process took a second for its first page, of which half was putting templates together.
"""

from flask import Flask

from engine.application import Application
from engine.warming import warm

FIRST = ("layout/", "sign_in/", "worklist/", "work/", "form/", "error/")
"""Folders of the templates that the first person of a process is likely to need."""


def ready(app: Flask, application: Application) -> None:
    """Read what the first pages stand on: their templates, and what new cases are started on."""
    for name in app.jinja_env.list_templates(filter_func=lambda name: name.startswith(FIRST)):
        app.jinja_env.get_template(name)
    warm(application)
