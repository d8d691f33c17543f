"""The profiles that there are: one on a page, two side by side, the self-check, and a new one."""

import io
import zipfile
from zoneinfo import available_timezones

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine.adaptation import beginning, selfcheck
from engine.adaptation.beside import beside
from engine.adaptation.evidence import Words
from engine.adaptation.fetching import without_folder
from engine.adaptation.outline import outline
from engine.comparison import Side
from engine.deployment import ResolvedDeployment
from engine.errors import InputError, NotFoundError
from engine.inheritance import PROFILE, known, read_files
from engine.language import gettext, mark, source_of
from engine.profile import Profile
from engine.structure import ROWS, STATUSES
from engine.wordbook import deployment_words
from engine.workshop import founding
from webui.context import account, application, end_reading, newest, reading
from webui.guard import action

pages = Blueprint("structure", __name__)
ENDINGS = {"md": ("text/markdown", selfcheck.as_markdown), "csv": ("text/csv", selfcheck.as_csv)}
WORDS = {
    "consent": mark("Is the person asked for consent?"),
    "closing_rule": mark("What do the opinions of the partners weigh at closing?"),
    "age_of_majority": mark("From which age is somebody not a minor any more?"),
    "monitoring_interval": mark("How long between two checks after the end of action?"),
    "monitoring_duration": mark("How long does monitoring go on?"),
    "retention_duration": mark("How long is the file of an ended case kept?"),
}
CHOICES = {
    "consent": (
        ("none", mark("Not by this structure")),
        ("before_sharing", mark("Before anything is shared")),
        ("before_support", mark("Before support starts")),
    ),
    "closing_rule": (
        ("advice", mark("They are advice")),
        ("quorum", mark("A share of them has to agree")),
        ("consensus", mark("Nobody may disagree")),
    ),
}
HINTS = {
    "monitoring_interval": mark("A duration: P3M is three months, P14D fourteen days."),
    "monitoring_duration": mark("A duration: P1Y is one year."),
    "retention_duration": mark("A duration: P5Y is five years."),
}


def _home_codes() -> list[str]:
    return known(application().settings.processes_dir)


def _deployment(code: str) -> ResolvedDeployment:
    """Return a profile: as it is published where it is the one in force, else as shipped."""
    settings = application().settings
    if code == settings.profile:
        return application().deployments.current(reading(), code)
    # Threat: the code comes from an address; nothing outside of the folder is opened.
    if code not in _home_codes():
        raise NotFoundError(gettext("There is no such profile."))
    return ResolvedDeployment(read_files(settings.processes_dir, code))


def _spoken(deployment: ResolvedDeployment) -> Profile:
    """Return its profile in the language of the reader, as far as it is translated."""
    return deployment_words(deployment, newest()).profile(deployment.profile)


@pages.get("/profiles")
@action("profile:read")
def index() -> str:
    """List the profiles, with the one in force."""
    settings = application().settings
    codes = dict.fromkeys([settings.profile, *_home_codes()])
    return render_template(
        "structure/index.html",
        found=[_spoken(_deployment(code)) for code in codes],
        in_force=settings.profile,
        to_fetch=without_folder(reading(), settings.processes_dir),
    )


@pages.get("/profiles/<code>")
@action("profile:read")
def show(code: str) -> str:
    """Show one profile on one page: what is different first, then everything by subject."""
    deployment = _deployment(code)
    spoken, parent = _spoken(deployment), deployment.profile.inherits
    under = _deployment(parent) if parent in _home_codes() else None
    say = deployment_words(deployment, newest()).say
    return render_template(
        "structure/show.html",
        found=spoken,
        outline=outline(deployment, spoken, under, say),
        under=_spoken(under).name if under else "",
        questions=ROWS,
        words_of=Words(deployment).of,
        in_force=application().settings.profile,
        to_confirm=selfcheck.to_confirm(deployment.profile),
    )


@pages.get("/profiles/<code>/self-check")
@action("profile:read")
def self_check(code: str) -> str:
    """Show what the profile does about each wish of the source paper."""
    deployment, status = _deployment(code), request.args.get("status", "")
    wanted = status if status in STATUSES else ""
    return render_template(
        "structure/self_check.html",
        found=_spoken(deployment),
        say=deployment_words(deployment, newest()).say,
        rows=selfcheck.rows(deployment, wanted),
        counts=selfcheck.counts(selfcheck.rows(deployment)),
        words=selfcheck.STATUS_WORDS,
        words_of=Words(deployment).of,
        status=wanted,
        to_confirm=selfcheck.to_confirm(deployment.profile),
    )


@pages.get("/profiles/<code>/self-check.<ending>")
@action("profile:read")
def self_check_file(code: str, ending: str) -> Response:
    """Give the self-check as a file."""
    if ending not in ENDINGS:
        raise NotFoundError(gettext("There is no such file."))
    deployment = _deployment(code)
    kind, tell = ENDINGS[ending]
    return _attached(tell(deployment), kind, f"self-check-{deployment.profile.code}.{ending}")


def _attached(content: str | bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type=f"{kind}; charset=utf-8", headers=headers)


@pages.get("/profiles/compare")
@action("profile:read")
def compare() -> str:
    """Show two profiles side by side, their drawings in words."""
    codes = list(dict.fromkeys([application().settings.profile, *_home_codes()]))
    first, second = request.args.get("first", codes[0]), request.args.get("second", "")
    names = {code: f"{code}: {_spoken(_deployment(code)).name}" for code in codes}
    given = {"names": names, "first": first, "second": second}
    if not second:
        return render_template("structure/compare.html", **given)
    sides = [Side(code, _deployment(code).files) for code in (first, second)]
    return render_template("structure/compare.html", found=beside(*sides), **given)


@pages.get("/profiles/new")
@action("profile:begin")
def new() -> str:
    """Ask what a new profile says first."""
    return _asking({})


def _asking(errors: dict[str, str]) -> str:
    parent = request.values.get("inherits", application().settings.profile)
    under = _deployment(parent).profile
    return render_template(
        "structure/new.html",
        codes=_home_codes(),
        parent=parent,
        under=under,
        zones=sorted(available_timezones()),
        words={name: gettext(question) for name, question in WORDS.items()},
        choices={
            name: tuple((code, gettext(label)) for code, label in offered)
            for name, offered in CHOICES.items()
        },
        hints={name: gettext(hint) for name, hint in HINTS.items()},
        errors=errors,
        given=request.form,
    )


@pages.post("/profiles/new")
@action("profile:begin")
def create() -> AnyResponse | str | tuple[str, int]:
    """Begin a draft of the new profile, or give it as a folder."""
    if request.form.get("do") == "choose":
        return _asking({})
    try:
        answers = _answers()
        if request.form.get("do") == "folder":
            files = beginning.begin(application().settings.processes_dir, answers)
            return _attached(
                _folder(answers.code, files[PROFILE]), "application/zip", f"{answers.code}.zip"
            )
        me = account().id
        end_reading()
        draft = founding.found(application(), me, answers)
    except InputError as error:
        return _asking({_place_of(source_of(error)): str(error)}), 422
    return redirect(url_for("workshop.show", draft_id=draft))


def _answers() -> beginning.Answers:
    form = request.form
    parent = form.get("inherits", "")
    under = _deployment(parent).profile
    return beginning.Answers(
        code=form.get("code", "").strip(),
        name=form.get("name", "").strip(),
        inherits=parent,
        language=form.get("language", "").strip(),
        time_zone=form.get("time_zone", "").strip(),
        roles={
            code: form[f"role-{code}"].strip() for code in under.roles if form.get(f"role-{code}")
        },
        terms=beginning.terms_of(form.get("terms", "")),
        values={
            name: beginning.value_of(name, form[f"value-{name}"], under)
            for name in beginning.FIRST_VALUES
            if form.get(f"value-{name}")
        },
        source=form.get("source", "").strip(),
    )


def _place_of(message: str) -> str:
    """Return the field that a refusal is about; the first one where it names none."""
    places = {
        "short name": "code",
        "profile a name": "name",
        "language": "language",
        "time zone": "time_zone",
        "each word": "terms",
    }
    values = {name: f"value-{name}" for name in beginning.FIRST_VALUES}
    return next((name for words, name in (places | values).items() if words in message), "code")


def _folder(code: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{code}/{PROFILE}", content)
    return target.getvalue()
