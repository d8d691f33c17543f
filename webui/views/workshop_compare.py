"""Two versions of the process files beside each other: in words, on drawings, and what follows."""

from flask import Blueprint, Response, render_template, request

from engine.comparison import Side
from engine.errors import CasetableError, NotFoundError
from engine.language import gettext
from engine.workshop.comparable import side_of, versions
from engine.workshop.compared import (
    MARKS,
    WORDS,
    Compared,
    compared,
    diagrams,
    mark_words,
    marks,
    rules,
)
from engine.workshop.whereabouts import touched
from webui.context import application, reading
from webui.guard import action

pages = Blueprint("workshop_compare", __name__)


@pages.get("/workshop/compare")
@action("workshop:edit")
def show() -> str | tuple[str, int]:
    """Compare two versions, or ask which."""
    offered = versions(reading(), application().settings.profile)
    before, after = request.args.get("before", ""), request.args.get("after", "")
    given = {"offered": offered, "before": before, "after": after}
    if not (before and after):
        current = next((one.key for one in offered if one.is_current), "")
        return render_template("workshop/compare.html", **given | {"before": before or current})
    old, new = _side(before), _side(after)
    try:
        found = compared(old, new)
        drawings = {key: diagrams(side) for key, side in (("old", old), ("new", new))}
    except CasetableError as error:
        return render_template("workshop/compare.html", refused=str(error), **given), 422
    shown = _diagram(found, {**drawings["old"], **drawings["new"]})
    return render_template(
        "workshop/compare.html",
        **given,
        old=old,
        new=new,
        found=found,
        names={
            key: one.processes[0].name or key
            for key, one in {**drawings["old"], **drawings["new"]}.items()
            if one.processes
        },
        shown=shown,
        sides=[
            (words, key, shown in drawings[name], _marks(found, drawings[name].get(shown), name))
            for words, key, name in (("Before", before, "old"), ("After", after, "new"))
        ],
        chosen=request.args.get("element", ""),
        legend=[(mark, gettext(WORDS[mark])) for mark in MARKS[:-1]],
        proved=rules(old, new, found.changes) if request.args.get("rules") else None,
        cases=touched(application(), old, found),
    )


def _side(key: str) -> Side:
    return side_of(reading(), application().deployments, application().settings.profile, key)


def _diagram(found: Compared, known: dict[str, object]) -> str:
    """Return the diagram that the address asks for, else the first that changes."""
    wanted = request.args.get("diagram", "")
    changed = [one.diagram for one in found.files if one.diagram in known]
    return wanted if wanted in known else next(iter([*changed, *known]), "")


def _marks(found: Compared, drawing: object, name: str) -> dict[str, dict[str, str]]:
    return mark_words(marks(found.changes, drawing, new=name == "new"))  # type: ignore[arg-type]


@pages.get("/workshop/drawings/<key>/<diagram>.bpmn")
@action("workshop:edit")
def drawing(key: str, diagram: str) -> Response:
    """Return the BPMN file of a version that draws a diagram."""
    side = _side(key)
    found = diagrams(side).get(diagram)
    if found is None:
        raise NotFoundError(gettext("There is no such diagram."))
    return Response(side.files[found.file], mimetype="application/xml")
