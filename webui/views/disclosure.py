"""Requests for access to own data: the officer, the desk that finds, and those who decide (S21)."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import bundle as bundles
from engine import disclosure as requests_for_access
from engine import disclosure_answer, release
from engine.disclosure import DisclosureError
from engine.errors import ConflictError, NotFoundError, ReleaseError, SeparationError
from engine.language import SOURCE, gettext, ngettext
from engine.models import Disclosure
from engine.reading.disclosure import deciding, requests, to_search, waiting
from webui.context import account, application, end_reading, form_key, profile, reading, today
from webui.guard import across, action, own, sensitive
from webui.language import given
from webui.reading_record import note_reading

pages = Blueprint("disclosure", __name__)
OFFICER = "disclosure:answer"
ACROSS = "a request reaches all cases of one person, whoever works on it"


@pages.get("/disclosures")
@across(ACROSS)
@own
def index() -> str:
    """List the requests that the person answers, looks for, or decides in."""
    session, me = reading(), account()
    is_officer = "dpo" in me.role_codes
    return render_template(
        "disclosure/index.html",
        requests=requests(session) if is_officer else [],
        searches=to_search(session, me, profile()),
        decisions=deciding(session, application(), me),
        is_officer=is_officer,
        relations=_list("disclosure_relations"),
        today=today(),
    )


def _list(name: str) -> dict[str, str]:
    return dict(profile().lists.get(name, {}))


def _load(disclosure_id: UUID) -> Disclosure:
    found = reading().get(Disclosure, disclosure_id)
    if found is None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return found


@pages.get("/disclosures/new")
@across(ACROSS)
@action(OFFICER)
def new() -> str:
    """Show the form with which a request is registered."""
    return _form({}, {})


def _form(errors: dict[str, str], given: Any) -> str:
    relations = list(_list("disclosure_relations").items())
    return render_template("disclosure/new.html", errors=errors, given=given, relations=relations)


@pages.post("/disclosures/new")
@across(ACROSS)
@action(OFFICER)
def create() -> AnyResponse | tuple[str, int]:
    """Register a request."""
    form, me = request.form, account().id
    names = ("relation", "requester", "contact", "about_name", "about_born", "received_on", "scope")
    wanted = requests_for_access.Request(**{name: form.get(name, "") for name in names})
    end_reading()
    try:
        found = requests_for_access.register(application(), me, wanted, key=form_key())
    except DisclosureError as error:
        return _form({error.field: str(error)}, form), 422
    return redirect(url_for("disclosure.show", disclosure_id=found))


@pages.get("/disclosures/<uuid:disclosure_id>")
@across(ACROSS)
@action(OFFICER)
def show(disclosure_id: UUID) -> str:
    """Show the officer how far a request has come, and no content of any case."""
    return _page(disclosure_id, {}, {})


def _page(disclosure_id: UUID, errors: dict[str, str], given: Any) -> str:
    found = _load(disclosure_id)
    return render_template(
        "disclosure/show.html",
        found=found,
        waiting=waiting(reading(), application(), found) if not found.is_party else [],
        relations=_list("disclosure_relations"),
        means=_list("disclosure_means"),
        errors=errors,
        given=given,
    )


@pages.post("/disclosures/<uuid:disclosure_id>/identity")
@across(ACROSS)
@action(OFFICER)
def identify(disclosure_id: UUID) -> AnyResponse | tuple[str, int]:
    """Record how it was checked who asks."""
    form, me = request.form, account().id
    end_reading()
    try:
        requests_for_access.identify(
            application(), disclosure_id, me, form.get("means", ""), form.get("note", "")
        )
    except DisclosureError as error:
        return _page(disclosure_id, {error.field: str(error)}, form), 422
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for("disclosure.show", disclosure_id=disclosure_id))


@pages.post("/disclosures/<uuid:disclosure_id>/end")
@across(ACROSS)
@action(OFFICER)
def end(disclosure_id: UUID) -> AnyResponse:
    """End a request as not proven or withdrawn."""
    me, outcome = account().id, request.form.get("outcome", "")
    end_reading()
    try:
        disclosure_answer.end(application(), disclosure_id, me, outcome)
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(url_for("disclosure.show", disclosure_id=disclosure_id))


@pages.get("/disclosures/<uuid:disclosure_id>/search")
@across(ACROSS)
@own
def search(disclosure_id: UUID) -> str:
    """Show the desk whom a request is about and which cases may be meant."""
    return _search_page(disclosure_id, {}, {})


def _search_page(disclosure_id: UUID, errors: dict[str, str], given: Any) -> str:
    session, me = reading(), account()
    found = next(
        (one for one in to_search(session, me, profile()) if one.id == disclosure_id), None
    )
    if found is None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return render_template(
        "disclosure/search.html",
        found=found,
        cases=requests_for_access.matches(session, found, me),
        ticked=request.form.getlist("case"),
        relations=_list("disclosure_relations"),
        errors=errors,
        given=given,
    )


@pages.post("/disclosures/<uuid:disclosure_id>/search")
@across(ACROSS)
@own
def found(disclosure_id: UUID) -> AnyResponse | tuple[str, int]:
    """Record which cases the request is about."""
    form, me = request.form, account().id
    codes = [*form.getlist("case"), *form.get("codes", "").replace(",", " ").split()]
    party = {"yes": True, "no": False}.get(form.get("is_party", ""))
    end_reading()
    try:
        requests_for_access.search(application(), disclosure_id, me, codes, party)
    except DisclosureError as error:
        return _search_page(disclosure_id, {error.field: str(error)}, form), 422
    except ConflictError as error:
        flash(str(error), "danger")
    else:
        flash(gettext("What you found is recorded. Those who decide are told."), "success")
    return redirect(url_for("disclosure.index"))


def _mine(disclosure_id: UUID) -> list[release.Record]:
    mine = release.to_decide(reading(), application(), _load(disclosure_id), account())
    if not mine:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    for case_id in {one.case_id for one in mine}:
        note_reading(case_id, "disclosure")
    return release.to_decide(reading(), application(), _load(disclosure_id), account())


@pages.get("/disclosures/<uuid:disclosure_id>/records")
@across(ACROSS)
@own
def records(disclosure_id: UUID) -> str:
    """Show the records about which the person decides."""
    mine = _mine(disclosure_id)
    return render_template(
        "disclosure/records.html",
        found=_load(disclosure_id),
        records=mine,
        kinds=_list("disclosure_records"),
        relations=_list("disclosure_relations"),
        grounds=_list("disclosure_grounds"),
    )


@pages.post("/disclosures/<uuid:disclosure_id>/records")
@across(ACROSS)
@own
def release_ticked(disclosure_id: UUID) -> AnyResponse:
    """Release the ticked records as they are."""
    me, ticked = account().id, set(request.form.getlist("record"))
    mine = [one.id for one in _mine(disclosure_id) if str(one.id) in ticked and not one.is_shielded]
    end_reading()
    for record_id in mine:
        choice = release.Choice("release")
        release.decide(application(), disclosure_id, me, record_id, choice)
    told = ngettext(
        "%(count)s record goes out as written.", "%(count)s records go out as written.", len(mine)
    )
    flash(told, "success")
    return redirect(url_for("disclosure.records", disclosure_id=disclosure_id))


@pages.get("/disclosures/<uuid:disclosure_id>/records/<uuid:record_id>")
@across(ACROSS)
@own
def record(disclosure_id: UUID, record_id: UUID) -> str:
    """Show one record and what was decided about it."""
    return _record_page(disclosure_id, record_id, {}, None)


def _record_page(disclosure_id: UUID, record_id: UUID, errors: dict[str, str], given: Any) -> str:
    one = next((one for one in _mine(disclosure_id) if one.id == record_id), None)
    if one is None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return render_template(
        "disclosure/record.html",
        found=_load(disclosure_id),
        record=one,
        kinds=_list("disclosure_records"),
        grounds=list(_list("disclosure_grounds").items()),
        errors=errors,
        given=given if given is not None else (one.decision or {}),
    )


@pages.post("/disclosures/<uuid:disclosure_id>/records/<uuid:record_id>")
@across(ACROSS)
@own
def decide(disclosure_id: UUID, record_id: UUID) -> AnyResponse | tuple[str, int]:
    """Record what goes out of one record."""
    form, me = request.form, account().id
    choice = release.Choice(
        form.get("outcome", ""),
        form.get("ground", ""),
        form.get("reason", ""),
        form.get("text", ""),
    )
    end_reading()
    try:
        release.decide(application(), disclosure_id, me, record_id, choice)
    except ReleaseError as error:
        return _record_page(disclosure_id, record_id, {error.field: str(error)}, form), 422
    flash(gettext("Your decision is recorded."), "success")
    return redirect(url_for("disclosure.records", disclosure_id=disclosure_id))


@pages.post("/disclosures/<uuid:disclosure_id>/answer")
@across(ACROSS)
@sensitive("disclosure.index")
@action(OFFICER)
def answer(disclosure_id: UUID) -> AnyResponse:
    """Release what was decided, or give the neutral answer: the second person's deed."""
    me = account().id
    end_reading()
    try:
        disclosure_answer.answer(application(), disclosure_id, me)
    except (ConflictError, SeparationError) as error:
        flash(str(error), "danger")
    return redirect(url_for("disclosure.show", disclosure_id=disclosure_id))


@pages.post("/disclosures/<uuid:disclosure_id>/bundle")
@across(ACROSS)
@sensitive("disclosure.index")
@action(OFFICER)
def bundle(disclosure_id: UUID) -> AnyResponse:
    """Make the bundle and hand it out; it is stored nowhere."""
    me, language = account().id, given(request.form.get("language", ""))
    end_reading()
    try:
        code, content, digest = bundles.build(application(), disclosure_id, me, language or SOURCE)
    except ConflictError as error:
        flash(str(error), "danger")
        return redirect(url_for("disclosure.show", disclosure_id=disclosure_id))
    headers = {
        "Content-Disposition": f'attachment; filename="{code}.zip"',
        "X-Manifest-SHA256": digest,
    }
    return Response(content, headers=headers, mimetype="application/zip")
