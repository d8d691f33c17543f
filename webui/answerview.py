"""Prepares answers for reading and print: labels, words, local dates, why one is missing."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.form import Component, Form, Option, Type
from engine.form.form import CHOICE, MULTIPLE_CHOICE, code_of
from engine.language import gettext, mark, moment

# Only a whole date or an instant with its offset: "12" or a reference number stays as it is.
ISO = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}.*(Z|[+-]\d{2}:\d{2}))?", re.ASCII)
NOT_ASKED = mark("not asked")
NO_ANSWER = mark("no answer")
CONFIDENTIAL = "confidential"


@dataclass
class Answer:
    """One answer for reading. `state` is "given" or one of the words for why there is none."""

    label: str
    state: str = "given"
    text: str = ""
    items: list[str] = field(default_factory=list)
    rows: list[list["Answer"]] = field(default_factory=list)
    row_label: str = ""


def answers_view(
    form: Form,
    values: Mapping[str, Any],
    options: Callable[[str], Sequence[Option]],
    *,
    zone: ZoneInfo,
    locale: str = "en",
    permitted: Callable[[Component], bool] = lambda _: True,
) -> list[Answer]:
    """Return the answers in `values` with the labels of their fields, for reading or print.

    `options` gives the directory's options by name. A field that is absent was "not asked", an
    empty one is "no answer", one that `permitted` refuses is "confidential".
    """
    teller = _Teller(options, zone, locale, permitted)
    return teller.level(form.components, values)


class _Teller:
    """Tells the answers of one form."""

    def __init__(
        self,
        options: Callable[[str], Sequence[Option]],
        zone: ZoneInfo,
        locale: str,
        permitted: Callable[[Component], bool],
    ) -> None:
        self._options = options
        self._zone = zone
        self._locale = locale
        self._permitted = permitted

    def level(self, components: Sequence[Component], values: Mapping[str, Any]) -> list[Answer]:
        """Return the answers of one level, looking through groups."""
        found: list[Answer] = []
        for component in components:
            if component.keyed or component.type is Type.DYNAMICLIST:
                if component.label:
                    found.append(self._answer(component, values))
            else:
                found.extend(self.level(component.components, values))
        return found

    def _answer(self, component: Component, values: Mapping[str, Any]) -> Answer:
        answer = Answer(component.label, row_label=component.row_label)
        value = values.get(component.key)
        if not self._permitted(component):
            answer.state = CONFIDENTIAL
        elif component.key not in values:
            answer.state = NOT_ASKED
        elif value is None or value in ("", []):
            answer.state = NO_ANSWER
        elif component.type is Type.DYNAMICLIST:
            answer.rows = [self.level(component.components, row) for row in value]
        elif component.type in MULTIPLE_CHOICE or component.type is Type.FILEPICKER:
            answer.items = [self._text(component, item) for item in value]
        else:
            answer.text = self._text(component, value)
        return answer

    def _text(self, component: Component, value: Any) -> str:
        directory = component.options_directory
        options = self._options(directory) if directory else component.options
        return shown_answer(component, value, options, zone=self._zone, locale=self._locale)


def shown_answer(
    component: Component, value: Any, options: Sequence[Option], *, zone: ZoneInfo, locale: str
) -> str:
    """Return one answer in words: the option's label, yes or no, a local date, a file's name."""
    if component.type in CHOICE:
        labels = {option.code: option.label for option in options}
        several = value if isinstance(value, list) else [value]
        return ", ".join(labels.get(code_of(item), code_of(item)) for item in several)
    if component.type is Type.FILEPICKER and isinstance(value, dict):
        return str(value.get("name", ""))
    text = shown_value(value, zone=zone, locale=locale)
    return f"{component.prefix} {text} {component.suffix}".strip()


def shown_value(value: Any, *, zone: ZoneInfo, locale: str) -> str:
    """Return a JSON value in words; text that is a date or an instant is shown as one."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(shown_value(item, zone=zone, locale=locale) for item in value)
    if not isinstance(value, str) or not ISO.fullmatch(value):
        return code_of(value)
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return value
    if "T" not in value:
        return moment.day(instant.date(), locale)
    return moment.exact_moment(instant, zone, locale)
