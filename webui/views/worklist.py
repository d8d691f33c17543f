"""The worklist: what is owed, by whom, until when; take a step and give it back."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import printing
from engine import worklist as engine_worklist
from engine.absence import standing
from engine.errors import InputError
from engine.invitation import invitations
from engine.language import gettext
from engine.models import Account, WorkItem
from engine.reading.definition import to_confirm
from engine.reading.worklist import SORTS, Filter, worklist
from engine.second_person import waiting
from webui.context import account, application, now, profile, reading, writing
from webui.guard import action, own
from webui.loading import work_item
from webui.reading_record import note_listing
from webui.spoken import said_of, said_worklist
from webui.target import safe_target
from webui.when import week_ahead

pages = Blueprint("worklist", __name__)


@pages.get("/")
@own
def show() -> str:
    """Show the standing groups, filtered and sorted as the address says."""
    asked = request.args
    sort = asked.get("sort", "due")
    wanted = Filter(
        step=asked.get("step", ""),
        case=asked.get("case", "").strip(),
        mine="mine" in asked,
        sort=sort if sort in SORTS else "due",
    )
    week_ends = week_ahead(now(), profile().zone)
    found = worklist(reading(), account(), now(), week_ends, wanted)
    definitions = to_confirm(application(), reading(), account())
    around = {
        "invitations": len(invitations(reading(), account().id)),
        "agreements": len(waiting(reading(), account()))
        + len(printing.waiting(reading(), account())),
        "standing": standing(reading(), account(), now()),
    }
    work = said_worklist(found, by_step=wanted.sort == "step")
    # All is read by now: a second reading would have to find out anew what this person sees.
    note_listing("worklist", sorted({*found.case_codes, *definitions}))
    return render_template(
        "worklist/show.html",
        work=work,
        wanted=wanted,
        last_day=(week_ends - timedelta(days=1)).date(),
        definitions=definitions,
        **around,
    )


@pages.post("/work/<uuid:item_id>/claim")
@action("work_item:complete", of=work_item)
def claim(item_id: UUID) -> Response:
    """Take a step from the pool."""
    with writing() as session:
        item = session.get_one(WorkItem, item_id)
        me = session.get_one(Account, account().id)
        engine_worklist.claim(session, item, me, application().now(session))
    flash(gettext("You have taken “%(name)s”.", name=said_of(item)), "success")
    return redirect(safe_target(request.form.get("back", "")))


@pages.post("/work/<uuid:item_id>/release")
@action("work_item:complete", of=work_item)
def release(item_id: UUID) -> Response:
    """Give a step back to the pool."""
    with writing() as session:
        item = session.get_one(WorkItem, item_id)
        me = session.get_one(Account, account().id)
        engine_worklist.release(session, item, me, application().now(session))
    flash(gettext("You have given “%(name)s” back.", name=said_of(item)), "success")
    return redirect(safe_target(request.form.get("back", "")))


@pages.post("/work/<uuid:item_id>/reassign")
@action("work_item:complete", of=work_item)
def reassign(item_id: UUID) -> Response:
    """Hand a step to a colleague who may do it."""
    try:
        to = UUID(request.form.get("to", ""))
    except ValueError as error:
        raise InputError(gettext("Choose a person to hand the step to.")) from error
    with writing() as session:
        item = session.get_one(WorkItem, item_id)
        me, other = session.get_one(Account, account().id), session.get(Account, to)
        if other is None:
            raise InputError(gettext("Choose a person to hand the step to."))
        engine_worklist.reassign(application(), session, item, me, other)
    flash(
        gettext(
            "%(display_name)s now has “%(name)s”.",
            display_name=other.display_name,
            name=said_of(item),
        ),
        "success",
    )
    return redirect(url_for("worklist.show"))
