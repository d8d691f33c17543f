"""Moving running cases to another version: planned on copies, carried out, brought back.

A process owner sees positions and counts here, and nothing of a case or a person.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import ConflictError, InputError, NotFoundError
from engine.migrating import run as runs
from engine.reading.migration import MOST_RUNS, run_shown, runs_of, versions
from webui.context import account, application, end_reading, profile, reading
from webui.guard import action, sensitive

pages = Blueprint("case_migration", __name__)
PLACE = "place:"
"""How the names of the fields begin with which a place is named."""


@pages.get("/workshop/migration")
@action("workshop:edit")
def show() -> str:
    """List the versions and the runs so far, and ask from where to where."""
    return _page({}, {})


def _page(errors: dict[str, str], given: Any) -> str:
    code = profile().code
    return render_template(
        "case_migration/show.html",
        versions=versions(reading(), code),
        runs=runs_of(reading(), code),
        most=MOST_RUNS,
        errors=errors,
        given=given,
    )


@pages.post("/workshop/migration")
@action("workshop:edit")
def ask() -> Response | tuple[str, int]:
    """Ask for a plan; a worker makes it on copies."""
    form, me = request.form, account().id
    chosen = {
        name.removeprefix(PLACE): value.strip()
        for name, value in form.items()
        if name.startswith(PLACE) and value.strip()
    }
    end_reading()
    try:
        run_id = runs.ask(application(), me, form.get("old", ""), form.get("new", ""), chosen)
    except (InputError, NotFoundError) as error:
        return _page({"new": str(error)}, form), 422
    return redirect(url_for("case_migration.follow", run_id=run_id))


@pages.get("/workshop/migration/<uuid:run_id>")
@action("workshop:edit")
def follow(run_id: UUID) -> str:
    """Show what would happen to the cases, how far a run is, or what it did."""
    found = run_shown(reading(), run_id, profile().code)
    return render_template("case_migration/run.html", run=found)


@pages.post("/workshop/migration/<uuid:run_id>/begin")
@sensitive("case_migration.show")
@action("workshop:publish")
def begin(run_id: UUID) -> Response:
    """Let a planned run be carried out by a worker."""
    _require(run_id)
    try:
        runs.begin(application(), run_id, account().id)
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for("case_migration.follow", run_id=run_id))


@pages.post("/workshop/migration/<uuid:run_id>/revert")
@sensitive("case_migration.show")
@action("workshop:publish")
def revert(run_id: UUID) -> Response:
    """Bring the cases of a run back to the version that they had."""
    _require(run_id)
    try:
        run_id = runs.revert(application(), run_id, account().id)
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for("case_migration.follow", run_id=run_id))


def _require(run_id: UUID) -> None:
    """Raise NotFoundError unless the run is of this installation's profile."""
    run_shown(reading(), run_id, profile().code)
    end_reading()
