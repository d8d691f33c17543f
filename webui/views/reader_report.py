"""What the people of one's organisation opened in a week, for its lead: counts, no case (S13)."""

from datetime import date, timedelta

from flask import Blueprint, render_template, request

from engine.errors import NotFoundError
from engine.language import gettext
from engine.reading.reader_report import reader_report, week_of
from webui.context import account, profile, reading, today
from webui.guard import across, action
from webui.reading_record import note_reader_report

pages = Blueprint("reader_report", __name__)
OLDEST = timedelta(days=366)


@pages.get("/memberships/readers")
@across("the lead of an organisation sees how much its people opened, and no case")
@action("membership:confirm")
def show() -> str:
    """Show one week; without a day in the address the last that has ended."""
    day = _day(request.args.get("day", ""))
    first, _ = week_of(day)
    note_reader_report(account().organisation_id, first.isoformat())
    return render_template(
        "reader_report/show.html",
        report=reader_report(reading(), account().organisation_id, profile(), day),
        before=first - timedelta(days=7) if today() - first < OLDEST else None,
        after=first + timedelta(days=7) if first + timedelta(days=7) <= today() else None,
    )


def _day(asked: str) -> date:
    if not asked:
        return today() - timedelta(days=7)
    try:
        found = date.fromisoformat(asked)
    except ValueError as error:
        raise NotFoundError(gettext("This is no day; write it like 2026-12-31.")) from error
    if not today() - 2 * OLDEST < found <= today():
        raise NotFoundError(gettext("There is no report of this week."))
    return found
