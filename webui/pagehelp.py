"""What templates may call: dates, words, names of roles, navigation."""

from typing import Any, cast
from uuid import uuid4

from flask import Flask, current_app, g, url_for
from flask_login import current_user

from engine.access import may
from engine.demo import PASSWORD
from engine.emergency import may_open
from engine.hold import part_of
from engine.language import current_language, current_speech, gettext, mark, said_again, tongue
from engine.language.speech import form_in_speech, text_in_speech
from engine.language.telling import pieces
from engine.reading.recorded import findings_in_words
from webui import key_ceremony, language
from webui.asset import BUILD_COMMAND, asset
from webui.context import application, now, profile, reading
from webui.csrf import csrf_token
from webui.device import said_device
from webui.pagetext import PageText
from webui.requestid import request_id
from webui.spoken import said
from webui.when import When
from webui.wording import sentence, word

NAVIGATION = (
    ("worklist.show", mark("Worklist"), "list-check", None),
    ("case.index", mark("Cases"), "folder2-open", None),
    ("signal.new", mark("Take in a report"), "telephone-inbound", "intake_desk"),
    ("attestation.show", mark("Our people in cases"), "people", "agency_lead"),
    ("reader_report.show", mark("What they open"), "eye", "agency_lead"),
    ("protection.show", mark("Protection of data"), "shield-check", "dpo"),
    ("incident.index", mark("Incidents"), "exclamation-diamond", "desk_head"),
    ("incident.index", mark("Incidents"), "exclamation-diamond", "dpo"),
    ("workshop.index", mark("Workshop"), "diagram-3", "process_owner"),
)


def register(app: Flask) -> None:
    """Give the helpers to all templates."""
    app.jinja_env.globals.update(
        asset=asset,
        build_command=BUILD_COMMAND,
        csrf_token=csrf_token,
        home_address=home_address,
        demo_password=PASSWORD,
        holds_files=lambda: part_of(current_user.account, profile()) is not None,
        is_demo=lambda: application().settings.demo,
        may_enter_for=may_enter_for,
        new_key=lambda: uuid4().hex,
        navigation=navigation,
        opens_emergencies=lambda: may_open(current_user.account, profile()),
        key_words=key_ceremony.words,
        language_choices=language.choices,
        page_direction=lambda: tongue(current_language()).direction,
        page_language_name=lambda: tongue(current_language()).name,
        page_language=lambda: tongue(current_language()).tag,
        only_report=only_report,
        profile=profile,
        report_address=report_address,
        request_id=request_id,
        signed_in=lambda: bool(current_user.is_authenticated),
        when=when,
    )
    app.jinja_env.filters.update(
        moment=lambda value: when().tag(value, "moment"),
        day=lambda value: when().tag(value, "day"),
        due=lambda value: when().tag(value, "due"),
        relative=lambda value: when().tag(value, "relative"),
        word=word,
        sentence=sentence,
        role_name=lambda code: profile().role_name(code),
        said=said,
        said_device=said_device,
        told=str,
        pieces=pieces,
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.add_extension(PageText)
    # What the extension declares at run time is unknown to the type of the environment.
    install: Any = app.jinja_env
    install.install_gettext_callables(text_in_speech, form_in_speech, newstyle=True)
    app.jinja_env.globals["mark"] = mark
    app.jinja_env.filters["said_again"] = lambda row: said_again(row.said, row.message)
    app.jinja_env.filters["findings_in_words"] = findings_in_words
    app.jinja_env.filters["translated"] = lambda text: gettext(str(text))
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def when() -> When:
    """Return the formats of dates for this reader at this request."""
    spoken, found = g.get("when", (None, None))
    if spoken is not current_speech():
        found = When(now(), profile().zone, current_language())
        g.when = (current_speech(), found)
    return cast("When", found)


def only_report() -> bool:
    """Say whether these pages are the public one alone, on a host of its own."""
    return bool(current_app.extensions["casetable_only_report"])


def home_address() -> str:
    """Return where somebody who is lost begins anew."""
    return url_for("report.new" if only_report() else "worklist.show")


def report_address() -> str:
    """Return where a concern is reported: here, or on the public page's own host."""
    own = application().settings.report_url
    return f"{own}/report" if own and not only_report() else url_for("report.new")


def may_enter_for() -> bool:
    """Say whether this person enters absences for others."""
    return may(reading(), current_user.account, "absence:enter_for")


def navigation() -> list[tuple[str, str, str]]:
    """Return the places that this person has something to do at: endpoint, words, icon."""
    roles: Any = current_user.account.role_codes
    found = [
        (endpoint, gettext(words), icon)
        for endpoint, words, icon, role in NAVIGATION
        if role is None or role in roles
    ]
    return list(dict.fromkeys(found))
