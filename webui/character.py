"""Refuses characters that no database keeps, before anything else looks at the request."""

from collections.abc import Iterator

from flask import request

from engine.errors import InputError
from engine.language import gettext

NUL = "\0"


def check_characters() -> None:
    """Raise InputError when a NUL is in the address, an answer or the name of a file."""
    if any(NUL in text for text in _texts()):
        raise InputError(gettext("A character was sent that cannot be kept; type the text again."))


def _texts() -> Iterator[str]:
    yield request.path
    for fields in (request.args, request.form):
        for name, value in fields.items(multi=True):
            yield name or ""  # a part of a multipart body need not have one
            yield value
    for name, file in request.files.items(multi=True):
        yield name or ""
        yield file.filename or ""
