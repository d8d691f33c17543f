"""A form being filled in: the answers laid over the initial values, each cleaned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.form.cleaning import clean
from engine.form.directory import Directory
from engine.form.encoding import Multi, decode
from engine.form.form import Component, Form, Type
from engine.form.formula import Formula, Moment
from engine.form.state import ROOT, Spot, State, empty_row, initial_values, settle
from engine.form.upload import Upload

Problem = tuple[str, dict[str, Any]]


@dataclass
class Draft:
    """The state of a form, and what was found while the answers were cleaned.

    `typed` is what was posted, to be kept as a draft and shown again; `problems` maps the name
    of a control to the message's code and facts where an answer could not be read.
    """

    state: State
    typed: dict[str, Any]
    unexpected: tuple[str, ...] = ()
    problems: dict[str, Problem] = field(default_factory=dict)
    files: dict[str, list[Upload]] = field(default_factory=dict)


def fill(
    form: Form,
    raw: Multi | Mapping[str, Any],
    *,
    context: Mapping[str, Any],
    directory: Directory,
    initial: Mapping[str, Any] | None = None,
    now: datetime,
    zone: ZoneInfo,
) -> Draft:
    """Lay the answers in `raw` over the initial values and find out which fields are asked."""
    state = State(form, context, Moment(now, zone), directory)
    posted = decode(form, raw)
    draft = Draft(state, posted.values, posted.unexpected)
    start = initial_values(form, initial or {}, context, state.moment)
    state.seen = start
    # A stored value that is no longer offered is empty: nobody can mend what they never entered.
    state.initial = _Cleaner(Draft(state, {})).level(form.components, {}, start, ROOT)
    state.data = _Cleaner(draft).level(form.components, posted.values, state.initial, ROOT)
    settle(state)
    if _restore_readonly(state, form.components, state.data, state.initial, ROOT):
        settle(state)
    return draft


class _Cleaner:
    """Cleans a tree of answers into the draft."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._state = draft.state

    def level(
        self,
        components: Sequence[Component],
        posted: Mapping[str, Any],
        start: Mapping[str, Any],
        spot: Spot,
    ) -> dict[str, Any]:
        """Return the data of one level: posted answers where there are any, else the start."""
        values: dict[str, Any] = {}
        for component in components:
            if component.type is Type.DYNAMICLIST:
                values[component.key] = self._rows(component, posted, start, spot.of(component))
            elif component.keyed:
                values[component.key] = self._one(component, posted, start, spot.of(component))
            else:
                values |= self.level(component.components, posted, start, spot)
        return values

    def _rows(
        self,
        component: Component,
        posted: Mapping[str, Any],
        start: Mapping[str, Any],
        spot: Spot,
    ) -> list[dict[str, Any]]:
        before = start.get(component.key) or []
        rows = posted.get(component.key)
        if not isinstance(rows, list) or component.disabled:
            rows = [{}] * len(before)
        empty = empty_row(component, self._state.context, self._state.moment)
        return [
            self.level(
                component.components,
                row if isinstance(row, dict) else {},
                before[number] if number < len(before) else empty,
                spot.row(component, number, {}),
            )
            # One row too many is kept, so that the rule about their number still speaks.
            for number, row in enumerate(rows[: component.rules.max_rows + 1])
        ]

    def _one(
        self,
        component: Component,
        posted: Mapping[str, Any],
        start: Mapping[str, Any],
        spot: Spot,
    ) -> Any:
        # Threat: a field that is shown without a control must not take what somebody posts.
        open_ = not (component.disabled or component.readonly is True)
        taken = open_ and component.key in posted and component.type is not Type.EXPRESSION
        raw = posted[component.key] if taken else start.get(component.key)
        if component.type is Type.FILEPICKER:
            return self._uploads(raw, spot)
        cleaned = clean(component, raw, self._state.options(component), self._state.moment.zone)
        if cleaned.problem and taken:
            self._draft.problems[spot.name] = (cleaned.problem, cleaned.facts)
        return cleaned.value

    def _uploads(self, raw: Any, spot: Spot) -> list[dict[str, Any]]:
        files = [item for item in raw if isinstance(item, Upload)] if isinstance(raw, list) else []
        self._draft.files[spot.name] = files
        return [file.facts for file in files]


def _restore_readonly(
    state: State,
    components: Sequence[Component],
    values: dict[str, Any],
    start: Mapping[str, Any],
    spot: Spot,
) -> bool:
    """Undo answers to fields that a formula makes read-only; return whether there were any."""
    found = False
    for component in components:
        if component.type is Type.DYNAMICLIST:
            before = start.get(component.key) or []
            for number, row in enumerate(values.get(component.key) or []):
                old = before[number] if number < len(before) else {}
                here = spot.of(component).row(component, number, row)
                found |= _restore_readonly(state, component.components, row, old, here)
        elif not component.keyed:
            found |= _restore_readonly(state, component.components, values, start, spot)
        elif isinstance(component.readonly, Formula) and state.readonly(component, spot):
            values[component.key] = start.get(component.key, component.empty)
            found = True
    return found
