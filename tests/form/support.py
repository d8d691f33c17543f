"""What the tests of forms share: a directory, a moment, a page to render on, a reader of HTML."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader
from lxml import html
from werkzeug.datastructures import MultiDict

from engine.form import (
    Draft,
    FieldError,
    Form,
    Option,
    Submission,
    fill,
    parse_form,
    submit,
)
from webui.formview import form_view

ROOT = Path(__file__).parents[2]
NOW = datetime(2027, 3, 31, 12, 5, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Brussels")
RICH = (Path(__file__).parent / "assess_signal.form").read_bytes()


class Desk:
    """A small directory."""

    def options(self, name: str) -> Sequence[Option]:
        listed = {
            "people": [Option("p1", "Ana Ruiz"), Option("p2", "Bo Lind")],
            "partners": [Option("police", "Police"), Option("youth", "Youth work")],
        }
        return listed.get(name, [])


def make(*components: Mapping[str, Any]) -> Form:
    """Return a form of the given components; a class is added where none is named."""
    for component in components:
        if isinstance(component, dict):
            component.setdefault("properties", {}).setdefault("class", "case")
    return parse_form(json.dumps({"id": "f", "components": components}).encode(), file="f.form")


def send(form: Form, raw: Any, **given: Any) -> Submission:
    """Submit with the fixtures' directory and moment."""
    facts: dict[str, Any] = {"context": {}, "directory": Desk(), "now": NOW, "zone": ZONE} | given
    return submit(form, raw, **facts)


def start(form: Form, raw: Any = None, **given: Any) -> Draft:
    """Fill in with the fixtures' directory and moment."""
    facts: dict[str, Any] = {"context": {}, "directory": Desk(), "now": NOW, "zone": ZONE} | given
    return fill(form, raw or {}, **facts)


def codes(submission: Submission) -> list[tuple[str, str]]:
    return [(error.path, error.code) for error in submission.errors]


def environment() -> Environment:
    """Return a Jinja environment as the pages use it."""
    loader = FileSystemLoader(ROOT / "webui" / "templates")
    found = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    found.filters["translated"] = str
    return found


def page(
    draft: Draft, errors: Sequence[FieldError] = (), *, draft_url: str = "/draft", title: str = ""
) -> str:
    """Return a small page with the form on it."""
    template = environment().from_string(
        '{% from "form/form.html" import render_form %}'
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>{{ view.title }}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta name=csrf-token content=t></head>"
        '<body><main class="container py-4"><h1>{{ view.title }}</h1><div class="panel">'
        '{{ render_form(view, action="/submit", csrf="t", draft_url=url,'
        ' submit_label="Record the assessment") }}</div></main></body></html>'
    )
    view = form_view(draft, errors)
    return template.render(view=view, url=draft_url, title=title or view.title)


def read(source: str) -> Any:
    """Return the tree of a page."""
    return html.document_fromstring(source)


def posted(source: str) -> MultiDict[str, str]:
    """Return what a browser would post from the page, without pressing a button."""
    tree = read(source)
    pairs: list[tuple[str, str]] = []
    for element in tree.iter("input", "select", "textarea"):
        name = element.get("name")
        kind = element.get("type", "text")
        if name is None or kind == "file":
            continue
        if element.tag == "textarea":
            # A browser drops the first line break, and sends the others as CR LF.
            text = (element.text or "").removeprefix("\n")
            pairs.append((name, text.replace("\n", "\r\n")))
        elif element.tag == "select":
            chosen = element.xpath("./option[@selected]") or element.xpath("./option")[:1]
            pairs.extend((name, option.get("value", "")) for option in chosen)
        elif kind in {"checkbox", "radio"}:
            if element.get("checked") is not None:
                pairs.append((name, element.get("value", "on")))
        else:
            pairs.append((name, element.get("value", "")))
    return MultiDict(pairs)
