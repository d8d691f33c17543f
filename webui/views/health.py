"""Whether the installation works, for monitoring and for the operator."""

from flask import Blueprint, request
from sqlalchemy.exc import SQLAlchemyError

from engine.health import answers, look
from webui.context import application
from webui.guard import public

pages = Blueprint("health", __name__)
LOOPBACK = frozenset({"127.0.0.1", "::1"})


@pages.get("/health")
@public
def show() -> tuple[dict[str, object], int]:
    """Answer `ok`, or 503; the figures go only to this machine and to demonstrations."""
    answer: dict[str, object] = {"status": "ok"}
    try:
        if application().settings.demo or request.remote_addr in LOOPBACK:
            answer |= look(application())
        else:
            # Counting costs something, and strangers may ask for ever.
            answers(application())
    except SQLAlchemyError:
        return {"status": "down", "database": "does not answer"}, 503
    return answer, 200
