"""Taking part in a case: invitations, stepping out, coming back, and who stood where when."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import invitation, recusal, succession
from engine.errors import InputError
from engine.invitation import Invitation, InvitationError, candidates, invitations, left
from engine.language import gettext
from engine.models import Account, Case
from engine.reading.membership import own_statements, periods
from engine.succession import successors
from webui.casepage import case_page, open_case
from webui.context import account, application, end_reading, profile, reading, subject
from webui.guard import action, own
from webui.loading import case as by_code
from webui.reading_record import note_reading
from webui.wording import sentence

pages = Blueprint("membership", __name__)


def _conflicts() -> list[tuple[str, str]]:
    return [(kind, sentence(kind)) for kind in recusal.CONFLICTS]


@pages.get("/part")
@own
def mine() -> str:
    """Show the invitations that wait for an answer, and the cases that one has left."""
    return _mine({}, {})


def _mine(given: Any, errors: dict[str, str]) -> str:
    return render_template(
        "membership/mine.html",
        invitations=invitations(reading(), account().id),
        left=left(reading(), account()),
        refusals=[*_conflicts(), ("unavailable", sentence("unavailable"))],
        given=given,
        errors=errors,
    )


@pages.post("/part/<uuid:standing_id>/accept")
@own
def accept(standing_id: UUID) -> Response | tuple[str, int]:
    """Take part, having declared to be neutral."""
    me = account().id
    try:
        end_reading()
        case_id = invitation.accept(
            application(), standing_id, me, neutral="neutral" in request.form
        )
    except InvitationError as error:
        return _mine(request.form, {f"{error.field}-{standing_id}": str(error)}), 422
    code = reading().get_one(Case, case_id).code
    flash(
        gettext("You take part now. If you find that you know the person, step out at once."),
        "success",
    )
    return redirect(url_for("case.show", code=code))


@pages.post("/part/<uuid:standing_id>/decline")
@own
def decline(standing_id: UUID) -> Response | tuple[str, int]:
    """Say no to an invitation."""
    me, kind = account().id, request.form.get("kind", "")
    try:
        end_reading()
        invitation.decline(application(), standing_id, me, kind, request.form.get("told", ""))
    except InvitationError as error:
        return _mine(request.form, {f"{error.field}-{standing_id}": str(error)}), 422
    flash(gettext("Your answer is recorded. Whoever leads the case is told."), "success")
    return redirect(url_for("membership.mine"))


@pages.get("/cases/<code>/mine")
@action("case:own", of=by_code)
def statements(code: str) -> str:
    """Show somebody who has left a case the own statements, and nothing else."""
    del code
    note_reading(subject().id, "own_statements")
    case = reading().get_one(Case, subject().id)
    return render_template(
        "membership/statements.html", case=case, own=own_statements(reading(), case, account())
    )


@pages.get("/cases/<code>/conflict")
@action("case:write", of=by_code)
def conflict(code: str) -> str:
    """Ask what kind of conflict of interest it is."""
    del code
    return _conflict({}, {})


def _conflict(given: Any, errors: dict[str, str]) -> str:
    return case_page(
        "membership/conflict.html", "people", kinds=_conflicts(), given=given, errors=errors
    )


@pages.post("/cases/<code>/conflict")
@action("case:write", of=by_code)
def step_out(code: str) -> Response | tuple[str, int]:
    """End the person's own access at once."""
    del code
    case_id, me = subject().id, account().id
    kind, told = request.form.get("kind", ""), request.form.get("told", "")
    try:
        end_reading()
        recusal.recuse(application(), case_id, me, kind, told)
    except InputError as error:
        return _conflict(request.form, {"kind": str(error)}), 422
    flash(
        gettext("You have stepped out. The case is closed to you; its coordinators are told."),
        "success",
    )
    return redirect(url_for("worklist.show"))


@pages.get("/cases/<code>/people/new")
@action("case:member:name", of=by_code)
def new(code: str) -> str:
    """Show who can be invited."""
    del code
    return _new({}, {})


def _options(found: list[tuple[Account, str]]) -> list[tuple[str, str]]:
    return [
        (
            f"{person.id}:{function}",
            gettext(
                "%(display_name)s, %(name)s: %(role_name)s",
                display_name=person.display_name,
                name=person.organisation.name,
                role_name=profile().role_name(function),
            ),
        )
        for person, function in found
    ]


def _new(given: Any, errors: dict[str, str]) -> str:
    frame = open_case("people")
    options = _options(candidates(reading(), frame.case))
    return case_page(
        "membership/new.html", "people", frame=frame, options=options, given=given, errors=errors
    )


@pages.post("/cases/<code>/people/new")
@action("case:member:name", of=by_code)
def invite(code: str) -> Response | tuple[str, int]:
    """Send a neutral invitation."""
    whom, function = _chosen()
    case_id, me = subject().id, account().id
    wanted = Invitation(whom, function, request.form.get("legal_basis", ""))
    try:
        end_reading()
        invitation.invite(application(), case_id, me, wanted)
    except InvitationError as error:
        return _new(request.form, {error.field: str(error)}), 422
    flash(gettext("The invitation is sent. It names the case code and nothing else."), "success")
    return redirect(url_for("case.people", code=code))


def _chosen() -> tuple[UUID | None, str]:
    person, _, function = request.form.get("person", "").partition(":")
    try:
        return UUID(person), function
    except ValueError:
        return None, function


@pages.get("/cases/<code>/hand-on")
@action("case:write", of=by_code)
def hand_on(code: str) -> str:
    """Show to whom one may hand the own part on."""
    del code
    return _hand_on({}, {})


def _hand_on(given: Any, errors: dict[str, str]) -> str:
    frame = open_case("people")
    found = successors(reading(), frame.case, account())
    return case_page(
        "membership/hand_on.html",
        "people",
        frame=frame,
        options=_options(found),
        given=given,
        errors=errors,
    )


@pages.post("/cases/<code>/hand-on")
@action("case:write", of=by_code)
def propose(code: str) -> Response | tuple[str, int]:
    """Ask a colleague to take the own part over."""
    case_id, me = subject().id, account().id
    try:
        end_reading()
        succession.propose(application(), case_id, me, _chosen(), request.form.get("why", ""))
    except InvitationError as error:
        return _hand_on(request.form, {error.field: str(error)}), 422
    flash(gettext("Your colleague is asked. Until the answer you keep your part."), "success")
    return redirect(url_for("case.people", code=code))


@pages.post("/cases/<code>/standings/<uuid:standing_id>/withdraw")
@action("case:member:name", of=by_code)
def withdraw(code: str, standing_id: UUID) -> Response:
    """Take an invitation back."""
    case_id, me = subject().id, account().id
    end_reading()
    invitation.withdraw(application(), standing_id, case_id, me)
    flash(gettext("The invitation is withdrawn."), "success")
    return redirect(url_for("case.people", code=code))


@pages.post("/cases/<code>/standings/<uuid:standing_id>/ask-return")
@action("case:member:name", of=by_code)
def ask_return(code: str, standing_id: UUID) -> Response:
    """Ask that somebody who stepped out may come back."""
    case_id, me = subject().id, account().id
    end_reading()
    recusal.ask_return(application(), standing_id, case_id, me)
    flash(gettext("The chair is asked; nothing has changed yet."), "success")
    return redirect(url_for("case.people", code=code))


@pages.post("/cases/<code>/standings/<uuid:standing_id>/allow-return")
@action("case:member:name", of=by_code)
def allow_return(code: str, standing_id: UUID) -> Response:
    """Allow it, as the chair: the person is invited again."""
    case_id, me = subject().id, account().id
    end_reading()
    recusal.allow_return(application(), standing_id, case_id, me)
    flash(gettext("The person is invited again and declares to be neutral first."), "success")
    return redirect(url_for("case.people", code=code))


@pages.get("/cases/<code>/people/history")
@action("case:member:name", of=by_code)
def history(code: str) -> str:
    """Show who stood where when, by whose deed and on what basis."""
    del code
    frame = open_case("people")
    found = periods(reading(), frame.case.id)
    return case_page("membership/history.html", "people", frame=frame, periods=found)
