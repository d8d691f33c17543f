"""How the work is organised here: the profile on one page (P3, P4, P8, P30)."""

from flask import Blueprint, render_template

from webui.context import profile
from webui.guard import own

pages = Blueprint("profile", __name__)


@pages.get("/profile")
@own
def show() -> str:
    """Show texts, roles and values of the profile with where each comes from."""
    found = profile()
    texts = [(name, found.texts[name]) for name in TEXTS if name in found.texts]
    return render_template("profile/show.html", found=found, texts=texts)


TEXTS = ("goal", "strategy", "definition", "where_to_report", "emergency_number")
