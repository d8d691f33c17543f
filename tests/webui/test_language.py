"""Pages, mails and refusals are read in a chosen language; what is stored does not change by it."""

import copy
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment

from engine.language import (
    LANGUAGES,
    gettext,
    ngettext,
    parts_of,
    said_again,
    source_of,
    speaking,
)
from engine.language.catalogue import FOLDER, Translations, read
from engine.language.telling import told
from engine.models import Account
from tests.webui.site import Site, Visitor
from webui.answerview import shown_value
from webui.pagetext import PageText
from webui.when import When

PLAIN = "The case %(code)s is closed."


def _tag(visitor: Visitor) -> Any:
    assert visitor.page is not None
    return visitor.page.getroottree().getroot()


def _choose(site: Site, username: str, language: str) -> Visitor:
    visitor = site.visit(username)
    visitor.get("/account/language")
    visitor.post("/account/language", {"language": language})
    return visitor


# -- choosing ----------------------------------------------------------------------------------


def test_person_reads_the_chosen_language_from_then_on(site: Site) -> None:
    anna = _choose(site, "intake.anna", "nl")
    anna.get("/cases")
    assert _tag(anna).get("lang") == "nl"
    assert _tag(anna).get("dir") == "ltr"
    anna.get("/account/language")
    assert anna.page.xpath("//input[@name='language'][@checked]/@value") == ["nl"]
    bram = site.visit("intake.bram")
    bram.get("/cases")
    assert _tag(bram).get("lang") == "en-GB"


def test_person_goes_back_to_the_usual_language(site: Site) -> None:
    anna = _choose(site, "intake.anna", "fr")
    anna.post("/account/language", {"language": ""})
    anna.get("/cases")
    assert _tag(anna).get("lang") == "en-GB"


@pytest.mark.parametrize("address", ["/workshop", "/nothing-here"])
def test_whoever_is_refused_reads_the_language_of_the_structure(
    site: Site, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    profile = SimpleNamespace(language="nl", terms={})
    monkeypatch.setattr("webui.language.newest", lambda: SimpleNamespace(profile=profile))
    anna = site.visit("intake.anna")
    assert anna.get(address).status_code == 404
    assert _tag(anna).get("lang") == "nl"


@pytest.mark.parametrize("wanted", ["tlh", "nl-BE", "<script>"])
def test_language_that_is_not_offered_is_refused(site: Site, wanted: str) -> None:
    anna = site.visit("intake.anna")
    assert anna.post("/account/language", {"language": wanted}).status_code == 400
    with site.application.database.reading() as session:
        assert session.query(Account).filter_by(username="intake.anna").one().language == ""


def test_made_up_language_is_for_demonstrations(site: Site) -> None:
    site.application.settings = replace(site.application.settings, demo=False)
    anna = site.visit("intake.anna")
    assert anna.post("/account/language", {"language": "en-XA"}).status_code == 400
    anna.get("/account/language")
    assert len(anna.page.xpath("//input[@name='language']")) == 1 + len(LANGUAGES)


def test_visitor_reads_what_the_browser_asks_for_until_choosing(site: Site) -> None:
    visitor = site.visit()
    visitor.get("/report", headers={"Accept-Language": "tlh, de-AT;q=0.9, fr;q=0.5"})
    assert _tag(visitor).get("lang") == "de"
    answer = visitor.post("/language", {"language": "sv", "back": "/report"})
    assert answer.headers["Location"] == "/report"
    visitor.get("/report", headers={"Accept-Language": "de"})
    assert _tag(visitor).get("lang") == "sv"
    assert visitor.page.xpath("//details//button[@lang='fi']/text()") == ["Suomi"]


@pytest.mark.parametrize("back", ["https://elsewhere.example", "//elsewhere.example", "/\\e", ""])
def test_choosing_leads_to_no_other_place(site: Site, back: str) -> None:
    answer = site.visit().post("/language", {"language": "nl", "back": back})
    assert answer.headers["Location"] == "/"


# -- what is said ------------------------------------------------------------------------------


def _environment(*more: Any) -> Environment:
    return Environment(
        extensions=["jinja2.ext.i18n", *more], trim_blocks=True, lstrip_blocks=True, autoescape=True
    )


TEMPLATES = [
    ("<p>Hello <b>{{ who }}</b>, {{ n }} step{{ 's' if n != 1 }} wait.</p>", {"n": 1}),
    ("<p>Hello <b>{{ who }}</b>, {{ n }} step{{ 's' if n != 1 }} wait.</p>", {"n": 3}),
    ("<p>{% if n %}{{ n }} late{% else %}Nothing is late{% endif %}, 50% done.</p>", {"n": 2}),
    ("<p>{% if n %}{{ n }} late{% else %}Nothing is late{% endif %}, 50% done.</p>", {"n": 0}),
    ("<p>{{ who or 'Nobody' }} has it{{ ', for ' ~ n ~ ' days' if n }}.</p>", {"n": 2}),
    ("<p>{{ '' or 'Nobody' }} has it{{ ', for ' ~ n ~ ' days' if n }}.</p>", {"n": 0}),
    ('<a href="/{{ n }}" title="Case {{ who }}">Open it</a> <span>now &amp; here</span>', {"n": 1}),
    ("<ul>{% for one in [1, 2] %}<li>Part {{ one }} of {{ n }}</li>{% endfor %}</ul>", {"n": 2}),
    ("<p>A{% if n %} and <em class='x'>B</em>{% endif %}{% if n %} now{% endif %}.</p>", {"n": 1}),
]


@pytest.mark.parametrize(("source", "values"), TEMPLATES)
def test_page_says_the_same_in_english_as_without_translation(
    source: str, values: dict[str, Any]
) -> None:
    values = {"who": "<Eve>", **values}
    plain = _environment().from_string(source).render(values)
    made = _environment(PageText)
    made.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: text, lambda one, many, n: one if n == 1 else many, newstyle=True
    )
    assert made.from_string(source).render(values).split() == plain.split()


def test_sentence_is_one_text_for_each_case_of_it() -> None:
    made = _environment(PageText)
    source = TEMPLATES[0][0] + TEMPLATES[2][0]
    found = [text for _, _, text in made.extract_translations(source)]  # type: ignore[attr-defined]
    assert found[0][:2] == (
        "Hello <b>%(who)s</b>, %(n)s step wait.",
        "Hello <b>%(who)s</b>, %(n)s steps wait.",
    )
    told = [one[0] if isinstance(one, tuple) else one for one in found[1:]]
    assert told == ["%(n)s late, 50%% done.", "Nothing is late, 50%% done."]


def test_missing_translation_is_said_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Translations({(None, "Yes"): ("Ja",)})
    monkeypatch.setattr("engine.language.catalogue.translations", lambda _: known)
    with speaking("nl"):
        assert gettext("Yes") == "Ja"
        assert gettext(PLAIN, code="AB") == "The case AB is closed."


def test_plural_takes_the_form_of_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    forms = {(None, "%(count)s day"): ("%(count)s jour", "%(count)s jours")}
    french = Translations(forms, lambda count: int(count > 1))
    monkeypatch.setattr("engine.language.catalogue.translations", lambda _: french)
    with speaking("fr"):
        said = [ngettext("%(count)s day", "%(count)s days", count) for count in (0, 1, 2)]
    assert said == ["0 jour", "1 jour", "2 jours"]


def test_terms_of_a_structure_replace_words_and_no_value() -> None:
    with speaking("en", {"action plan": "support plan", "plan": "scheme"}):
        said = gettext("Action plan of %(plan)s: no plan, planning.", plan="the action plan")
    assert said == "Support plan of the action plan: no scheme, planning."


def test_stored_words_are_english_whoever_acts() -> None:
    with speaking("en-XA"):
        said = gettext(PLAIN, code="AB")
        assert said.startswith("[")
        assert source_of(ValueError(said)) == "The case AB is closed."


def test_text_is_kept_in_parts_and_said_again_in_another_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dutch = {(None, PLAIN): ("Casus %(code)s is gesloten.",), (None, "It rests."): ("Het rust.",)}
    dutch[None, "It says: %(why)s"] = ("Er staat: %(why)s",)
    known = {"nl": Translations(dutch), "en": Translations()}
    monkeypatch.setattr("engine.language.catalogue.translations", lambda one: known[one])
    inner = gettext(PLAIN, code="100% AB")
    kept = json.loads(json.dumps(parts_of(ValueError(gettext("It says: %(why)s", why=inner)))))
    with speaking("nl"):
        assert said_again(kept, "") == "Er staat: Casus 100% AB is gesloten."
        # An older record has the English alone.
        assert said_again(None, "It rests.") == "Het rust."
        assert said_again(None, "The case AB is closed.") == "The case AB is closed."
        outer = gettext("It says: %(why)s", why=gettext(PLAIN, code="AB"))
        assert source_of(outer) == "It says: The case AB is closed."
        assert copy.deepcopy(outer).source == outer.source
    assert said_again(kept, "") == "It says: The case 100% AB is closed."


def test_sentence_told_later_is_kept_inside_one_that_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dutch = {(None, PLAIN): ("Casus %(code)s is gesloten.",)}
    dutch[None, "It says: %(why)s"] = ("Er staat: %(why)s",)
    known = {"nl": Translations(dutch), "en": Translations()}
    monkeypatch.setattr("engine.language.catalogue.translations", lambda one: known[one])
    why = told(PLAIN, code="AB")
    with speaking("nl"):
        said = gettext("It says: %(why)s", why=why)
        assert said == "Er staat: Casus AB is gesloten."
        assert source_of(said) == "It says: The case AB is closed."
        assert source_of(ValueError(why)) == "The case AB is closed."
    outer, alone = (json.loads(json.dumps(parts_of(one))) for one in (said, ValueError(why)))
    assert said_again(outer, "") == "It says: The case AB is closed."
    assert said_again(alone, "") == "The case AB is closed."
    with speaking("nl"):
        assert said_again(outer, "") == "Er staat: Casus AB is gesloten."
        assert said_again(alone, "") == "Casus AB is gesloten."


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "5 March 2026", "5 March 2026, 09:05"),
        ("nl", "5 maart 2026", "5 maart 2026, 09:05"),
        ("fr", "5 mars 2026", "5 mars 2026, 09:05"),
        ("de", "5. März 2026", "5. März 2026, 09:05"),
        ("sv", "5 mars 2026", "5 mars 2026, 09:05"),
        ("da", "5. marts 2026", "5. marts 2026, 09.05"),
        ("fi", "5. maaliskuuta 2026", "5. maaliskuuta 2026, 9.05"),
    ],
)
def test_dates_are_written_as_in_the_language(language: str, day: str, moment: str) -> None:
    at = datetime(2026, 3, 5, 8, 5, tzinfo=UTC)
    when = When(at, ZoneInfo("Etc/GMT-1"), language)
    assert (when.day(at), when.moment(at)) == (day, moment)


def test_first_of_the_month_is_an_ordinal_in_french_wherever_a_date_is_shown() -> None:
    now = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
    first, zone = now + timedelta(days=1), ZoneInfo("UTC")
    french = When(now, zone, "fr")
    assert french.moment(first) == "1er décembre 2026, 09:05"
    assert french.relative("2027-01-01") == "1er janv. 2027"
    with speaking("fr"):
        assert french.due(datetime(2027, 1, 1, 9, tzinfo=UTC)).endswith("1er janv. 2027")
    assert shown_value("2026-12-01", zone=zone, locale="fr") == "1er décembre 2026"
    assert shown_value(first.isoformat(), zone=zone, locale="fr") == "1er déc. 2026, 09:05:00"
    assert french.day("2026-12-11") == "11 décembre 2026"
    assert When(now, zone, "nl").day("2026-12-01") == "1 december 2026"


def test_every_language_says_its_name_and_its_plurals() -> None:
    assert {code: read(FOLDER / f"{code}.po").form(0) for code in LANGUAGES if code != "en"} == {
        "nl": 1, "fr": 0, "de": 1, "sv": 1, "da": 1, "fi": 1,
    }  # fmt: skip


# -- the made-up languages ---------------------------------------------------------------------

UNREAD = {"script", "style", "time", "code", "kbd", "option"}
ATTRIBUTES = ("aria-label", "placeholder", "alt", "data-label")


def _plain(visitor: Visitor, data: set[str]) -> list[str]:
    """Return what is read on a page without the brackets of the made-up language."""
    assert visitor.page is not None
    found = []
    for element in visitor.page.body.iter():
        if not isinstance(element.tag, str) or element.tag in UNREAD:
            continue
        said = [element.text, *(child.tail for child in element)]
        said += [element.get(name) for name in ATTRIBUTES]
        for text in filter(None, said):
            words = re.sub("|".join(map(re.escape, sorted(data, key=len, reverse=True))), "", text)
            if re.search(r"[a-z]{2}", words) and not _is_in_brackets(element, words):
                found.append(" ".join(text.split()))
    return found


def _is_in_brackets(element: Any, words: str) -> bool:
    """Say whether a text, or the sentence that it stands in, is in brackets."""
    around = [element, *list(element.iterancestors())[:3]]
    whole = [words, *("".join(one.itertext()) for one in around)]
    return any(re.match(r"\s*\[.*\]\s*\Z", one, re.DOTALL) for one in whole) or "[" in words


def test_pages_say_nothing_that_cannot_be_translated(site: Site) -> None:
    case = site.report()
    item = site.item(case, "check_source")
    with site.application.database.reading() as session:
        people = session.query(Account).all()
        data = {one.display_name for one in people} | {one.organisation.name for one in people}
    data |= {"Casetable", "A teacher is worried about a pupil.", case.code, "Person A"}
    data |= {one.name for one in LANGUAGES.values()}
    anna = _choose(site, "intake.anna", "en-XA")
    paths = ["/", "/cases", "/sessions", "/account/language", "/absences", "/agreements"]
    paths += [f"/cases/{case.code}{part}" for part in ("", "/timeline", "/people", "/plan")]
    paths += [f"/work/{item.id}", "/signals/new", "/part", "/nothing-here"]
    found = {}
    for path in paths:
        anna.get(path)
        found[path] = _plain(anna, data)
    visitor = site.visit()
    visitor.post("/language", {"language": "en-XA", "back": "/report"})
    for path in ("/report", "/report/status", "/sign-in"):
        visitor.get(path)
        found[path] = _plain(visitor, data)
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_page_from_right_to_left_has_its_own_styles(site: Site) -> None:
    anna = _choose(site, "intake.anna", "ar-XB")
    anna.get("/cases")
    assert _tag(anna).get("dir") == "rtl"
    sheets = anna.page.xpath("//link[@rel='stylesheet']/@href")
    assert [re.sub(r"-[A-Z0-9]+", "", one) for one in sheets] == ["/static/build/app_rtl.css"]
