"""Where running cases stand, for process owners: counts on the drawing and as a table."""

from collections.abc import Mapping

from flask import Blueprint, render_template, request

from engine.errors import NotFoundError
from engine.language import gettext
from engine.lifecycle import LIFECYCLE
from engine.models import Deployment
from engine.workshop.comparable import published, side_of
from engine.workshop.compared import diagrams
from engine.workshop.few import FEWEST
from engine.workshop.whereabouts import HEATS, SLOWEST, Stand, whereabouts
from webui.context import application, now, reading
from webui.guard import action

pages = Blueprint("workshop_running", __name__)
MANY_DAYS = 2
"""From so many days on hours say nothing more."""


@pages.get("/workshop/running")
@action("workshop:edit")
def show() -> str:
    """Show one diagram of a published version with counts and durations."""
    app, session = application(), reading()
    offered = published(session, app.settings.profile)
    current = next((one.key for one in offered if one.is_current), "")
    key = request.args.get("version") or current
    if session.get(Deployment, key) is None:
        raise NotFoundError(gettext("There is no such version."))
    side = side_of(session, app.deployments, app.settings.profile, key)
    deployment = app.deployments.get(session, key)
    drawn = diagrams(side)
    wanted = request.args.get("diagram", "")
    shown = wanted if wanted in drawn else _first(drawn)
    stands = whereabouts(app, deployment, shown, now())
    return render_template(
        "workshop/running.html",
        offered=offered,
        key=key,
        names={name: drawing.processes[0].name or name for name, drawing in drawn.items()},
        shown=shown,
        stands=stands,
        marks={one.element.id: _mark(one) for one in stands},
        lasting=lasting,
        heats=[gettext(words) for words in (*(words for _, words in HEATS), SLOWEST)],
        fewest=FEWEST,
    )


def _first(drawn: Mapping[str, object]) -> str:
    """Return the overview where there is one."""
    return LIFECYCLE if LIFECYCLE in drawn else next(iter(drawn), "")


def lasting(days: float | None) -> str:
    """Return a duration as one says it; nothing where it is not told."""
    if days is None:
        return ""
    if days >= MANY_DAYS:
        return f"{round(days)} days"
    hours = round(days * 24)
    return f"{hours} hours" if hours > 1 else gettext("within an hour")


def _mark(stand: Stand) -> dict[str, str]:
    return {
        "mark": f"heat{stand.heat}" if stand.heat else "",
        "words": lasting(stand.days),
        "here": f"{stand.here} here" if stand.here else "",
    }
