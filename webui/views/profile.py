"""How the work is organised here, and what words mean here (P3, P4, P8, P30, P66)."""

from flask import Blueprint, render_template

from engine.structure import ROWS
from webui.context import profile
from webui.guard import own

pages = Blueprint("profile", __name__)


@pages.get("/profile")
@own
def show() -> str:
    """Show texts, roles and values of the profile with where each comes from."""
    found = profile()
    texts = [(name, found.texts[name]) for name in TEXTS if name in found.texts]
    return render_template("profile/show.html", found=found, texts=texts, questions=ROWS)


@pages.get("/glossary")
@own
def glossary() -> str:
    """Show the words that mean something here, with the definition that partners confirm."""
    found = profile()
    words = sorted(found.glossary.values(), key=lambda one: one.term.casefold())
    return render_template("profile/glossary.html", found=found, words=words)


TEXTS = ("goal", "strategy", "definition", "where_to_report", "emergency_number")
