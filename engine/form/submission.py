"""Takes the answers to a form: what is asked, what is wrong with it, and where each value goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.form.directory import Directory
from engine.form.draft import Draft, fill
from engine.form.encoding import Multi
from engine.form.form import Component, FieldClass, Form, Type
from engine.form.message import FieldError, error
from engine.form.rule import Limits, check_value
from engine.form.state import ROOT, Spot
from engine.form.upload import Upload, check_files


@dataclass(frozen=True)
class Submission:
    """What a form says once all of it was looked at. Nothing may be stored while there are errors.

    `values` holds every field that was asked, nested as the form is; `process` and `case` split
    it by the class of the fields. `hidden` names the fields outside rows that were not asked.
    `files` maps the name of a control to what was uploaded there.
    """

    values: dict[str, Any]
    errors: list[FieldError]
    process: dict[str, Any]
    case: dict[str, Any]
    hidden: frozenset[str] = frozenset()
    files: dict[str, list[Upload]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Say whether the answers may be stored."""
        return not self.errors


def submit(
    form: Form,
    raw: Multi | Mapping[str, Any],
    *,
    context: Mapping[str, Any],
    directory: Directory,
    initial: Mapping[str, Any] | None = None,
    now: datetime,
    zone: ZoneInfo,
) -> Submission:
    """Check the answers in `raw` and return them with all errors at once; never raises for them.

    `raw` is the posted HTML form (see engine.form.encoding) or a mapping of values by key.
    `context` holds what conditions and computed fields may read: process variables, `profile`.
    `initial` holds the values that the form started with. `now` is an instant in UTC.
    """
    draft = fill(
        form, raw, context=context, directory=directory, initial=initial, now=now, zone=zone
    )
    return judge(draft)


def judge(draft: Draft) -> Submission:
    """Check a filled-in form against its rules."""
    form = draft.state.form
    collector = _Collector(draft)
    values = collector.level(form.components, draft.state.data, ROOT)
    errors = [error(name, "", "unexpected", {"name": name[:40]}) for name in draft.unexpected]
    classes = _classes(form.components)
    asked = frozenset(values)
    process = {k: v for k, v in values.items() if classes.get(k) is FieldClass.PROCESS}
    return Submission(
        values=values,
        errors=errors + collector.errors,
        process=process,
        case={k: v for k, v in values.items() if k not in process},
        hidden=frozenset(classes) - asked,
        files=collector.files,
    )


class _Collector:
    """Walks what is asked, collects the values and checks each against its rules."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._state = draft.state
        self.errors: list[FieldError] = []
        self.files: dict[str, list[Upload]] = {}

    def level(
        self, components: Sequence[Component], values: Mapping[str, Any], spot: Spot
    ) -> dict[str, Any]:
        """Return the values of the fields that are asked at this level."""
        taken: dict[str, Any] = {}
        for component in components:
            if self._state.hidden(component, spot) or component.disabled:
                continue
            if component.type is Type.DYNAMICLIST:
                taken[component.key] = self._rows(component, values, spot.of(component))
            elif component.keyed:
                taken[component.key] = self._one(component, values, spot)
            else:
                taken |= self.level(component.components, values, spot)
        return taken

    def _rows(
        self, component: Component, values: Mapping[str, Any], here: Spot
    ) -> list[dict[str, Any]]:
        found = values.get(component.key) or []
        rules = component.rules
        if len(found) < rules.min_rows:
            facts = {"limit": rules.min_rows, "count": len(found)}
            self._refuse(component, here, "min_rows", facts)
        if len(found) > rules.max_rows:
            self._refuse(component, here, "max_rows", {"limit": rules.max_rows})
        return [
            self.level(component.components, row, here.row(component, number, row))
            for number, row in enumerate(found)
        ]

    def _one(self, component: Component, values: Mapping[str, Any], spot: Spot) -> Any:
        value, here = values.get(component.key), spot.of(component)
        problem = self._draft.problems.get(here.name)
        if problem is not None:
            self._refuse(component, here, *problem)
            return value
        if component.type is Type.FILEPICKER:
            self.files[here.name] = self._draft.files.get(here.name, [])
            for code, facts in check_files(component, self.files[here.name]):
                self._refuse(component, here, code, facts)
        limits = Limits(lambda formula: self._state.value(formula, spot))
        for code, facts in check_value(component, value, limits, self._state.moment):
            self._refuse(component, here, code, facts)
        return value

    def _refuse(self, component: Component, here: Spot, code: str, facts: dict[str, Any]) -> None:
        label = ", ".join((*here.titles, component.label))
        found = error(here.name, label, code, facts)
        if code == "pattern" and component.rules.pattern_message:
            found = FieldError(found.path, found.label, component.rules.pattern_message, code)
        self.errors.append(found)


def _classes(components: Sequence[Component]) -> dict[str, FieldClass | None]:
    """Return the class of each field and list outside rows; rows belong to the case file."""
    found: dict[str, FieldClass | None] = {}
    for component in components:
        if component.keyed:
            found[component.key] = component.field_class
        elif component.type is Type.DYNAMICLIST:
            found[component.key] = FieldClass.CASE
        else:
            found |= _classes(component.components)
    return found
