"""Where somebody goes on to after signing in: a page of ours, never elsewhere."""

from flask import url_for


def safe_target(target: str) -> str:
    """Return a path of ours to go on to; an address elsewhere becomes the worklist."""
    local = target.startswith("/") and not target.startswith(("//", "/\\"))
    # Browsers drop tabs and line breaks, so "/<tab>/elsewhere" would become "//elsewhere".
    plain = target.isprintable() and "\\" not in target
    return target if local and plain else url_for("worklist.show")
