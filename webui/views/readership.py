"""Who looked at a case, and what one has opened oneself (S13)."""

from flask import Blueprint, render_template, request

from engine.access import may
from engine.reading.readership import own_looks, who_looked
from webui.context import account, page_number, reading, subject
from webui.guard import across, action, own
from webui.loading import case as by_code
from webui.reading_record import note_reading

pages = Blueprint("readership", __name__)


@pages.get("/cases/<code>/readers")
@action("case:audit", of=by_code)
def of_case(code: str) -> str:
    """Show who opened the case, in which function, when; that it was asked is on record too."""
    case = subject()
    note_reading(case.id, "readers", anew=True)
    chosen = request.args.get("person", "")
    return render_template(
        "case/readers.html",
        case=case,
        code=code,
        found=who_looked(reading(), case, chosen, page_number()),
        chosen=chosen,
        is_reader=may(reading(), account(), "case:read", case),
    )


@pages.get("/what-i-opened")
@across("the own trail names cases that one reads no longer")
@own
def mine() -> str:
    """Show what one has opened oneself: exactly what others are shown about it."""
    return render_template("own/opened.html", found=own_looks(reading(), account(), page_number()))
