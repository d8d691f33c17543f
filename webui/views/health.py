"""Whether the installation works, for monitoring and for the operator."""

from flask import Blueprint, request
from sqlalchemy.exc import SQLAlchemyError

from engine.health import look
from webui.context import application
from webui.guard import public

pages = Blueprint("health", __name__)
LOOPBACK = frozenset({"127.0.0.1", "::1"})


@pages.get("/health")
@public
def show() -> tuple[dict[str, object], int]:
    """Answer `ok`, or 503; the figures go only to this machine and to demonstrations."""
    try:
        figures = look(application())
    except SQLAlchemyError:
        return {"status": "down", "database": "does not answer"}, 503
    answer: dict[str, object] = {"status": "ok"}
    if application().settings.demo or request.remote_addr in LOOPBACK:
        answer |= figures
    return answer, 200
