"""The page of the data-protection officer: the trail is checked, its head is taken along (S12)."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import audit, checkpoint, verification
from engine.errors import InputError
from engine.language import gettext
from engine.reading.protection import VERIFIED, protection
from webui.context import account, application, now, reading, writing
from webui.guard import action

pages = Blueprint("protection", __name__)


@pages.get("/data-protection")
@action("protection:read")
def show() -> str:
    """Show the state of the trail, who looked most, and what was exported."""
    return _page({})


def _page(errors: dict[str, str]) -> str:
    found = protection(reading(), now())
    return render_template("protection/show.html", found=found, errors=errors)


@pages.get("/data-protection/readers")
@action("protection:read")
def readers() -> AnyResponse:
    """Go on to who looked at the case of a code."""
    code = request.args.get("code", "").strip().upper()
    return redirect(url_for("readership.of_case", code=code or "none"))


@pages.post("/data-protection/verification")
@action("protection:read")
def verify() -> AnyResponse | tuple[str, int]:
    """Check all chains, and against a head that was kept when one is given."""
    kept = request.form.get("head", "").strip()
    key = application().settings.audit_key
    try:
        head = checkpoint.read_head(key, kept) if kept else None
    except InputError as error:
        return _page({"head": str(error)}), 422
    with application().database.reading() as session:
        found = verification.verify(session, head)
    with writing() as session:
        audit.record(
            session,
            None,
            at=now(),
            actor_id=account().id,
            event=VERIFIED,
            subject="head" if head else "chains",
            entries=found.entries,
            checkpoints=found.checkpoints,
            broken=len(found.breaks),
            first=str(found.breaks[0]) if found.breaks else "",
        )
    if found.breaks:
        flash(
            gettext("The trail is broken. %(sentence)s", sentence=_sentence(str(found.breaks[0]))),
            "danger",
        )
    else:
        flash(gettext("All %(entries)s entries hold.", entries=found.entries), "success")
    return redirect(url_for("protection.show"))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


@pages.post("/data-protection/head")
@action("protection:read")
def export_head() -> Response:
    """Seal all chains and hand out their newest head as one signed line."""
    with writing() as session:
        line = checkpoint.export(session, now(), account().id)
    name = f"casetable-audit-head-{now():%Y-%m-%d}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(f"{line}\n", headers=headers, mimetype="text/plain")
