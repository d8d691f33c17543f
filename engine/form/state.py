"""Which fields are asked: conditions, initial values and computed fields as in form-js."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from engine.form.directory import Directory
from engine.form.form import Component, Form, Option, Type
from engine.form.formula import Formula, Moment
from engine.form.reader import normalise_options

# form-js computes an expression field once per change; a chain of this length settles too.
MAX_ROUNDS = 8


@dataclass(frozen=True)
class Spot:
    """Where a field stands: its path from the root, and the rows around it, data and title."""

    path: tuple[str | int, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    titles: tuple[str, ...] = ()

    def of(self, component: Component) -> "Spot":
        """Return the spot of a field or list at this level."""
        return Spot((*self.path, component.key), self.rows, self.titles)

    def row(self, component: Component, number: int, row: Mapping[str, Any]) -> "Spot":
        """Return the spot of a row of the list at this spot."""
        titles = (*self.titles, component.row_title(number))
        return Spot((*self.path, number), (*self.rows, row), titles)

    @property
    def name(self) -> str:
        """Return the name of the control: ("goals", 0, "title") is "goals-0-title"."""
        return "-".join(str(part) for part in self.path)

    @property
    def positions(self) -> list[int]:
        """Return the positions in the rows around, counted from 1 as FEEL does."""
        return [part + 1 for part in self.path if isinstance(part, int)]


ROOT = Spot()


@dataclass
class State:
    """The data of a form being filled in, and what of it is shown."""

    form: Form
    context: Mapping[str, Any]
    moment: Moment
    directory: Directory
    initial: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)  # what conditions and rules see

    def value(self, formula: Formula, spot: Spot = ROOT) -> Any:
        """Evaluate a formula; the form's answers hide process variables of the same name."""
        parent, this = None, self.seen
        for row in spot.rows:
            parent, this = this, dict(row)
        own = {"this": this, "parent": parent, "i": spot.positions}
        wrapped = {f"_{name}_": value for name, value in own.items()}
        scope = {**own, **self.context, **self.seen, **wrapped}
        return formula.evaluate(scope, self.moment)

    def hidden(self, component: Component, spot: Spot = ROOT) -> bool:
        """Say whether the component's condition hides it; a condition without a value hides."""
        return component.hide is not None and self.value(component.hide, spot) in (True, None)

    def options(self, component: Component, spot: Spot = ROOT) -> Sequence[Option]:
        """Return what may be chosen in a field now."""
        if component.options_directory:
            return self.directory.options(component.options_directory)
        if component.options_key:
            listed = self.context.get(component.options_key)
        elif component.options_formula is not None:
            listed = self.value(component.options_formula, spot)
        else:
            return component.options
        return normalise_options(listed) if isinstance(listed, list) else ()

    def readonly(self, component: Component, spot: Spot = ROOT) -> bool:
        """Say whether the field shows its value without letting anybody change it."""
        if isinstance(component.readonly, Formula):
            return self.value(component.readonly, spot) is True
        return component.readonly


def initial_values(
    form: Form, given: Mapping[str, Any], context: Mapping[str, Any], moment: Moment
) -> dict[str, Any]:
    """Return a value for every field: the given one, else prefill, default, or the empty value."""
    return _initial(form.components, given, context, moment)


def empty_row(component: Component, context: Mapping[str, Any], moment: Moment) -> dict[str, Any]:
    """Return a new row of a list with its defaults."""
    return _initial(component.components, {}, context, moment)


def _initial(
    components: Sequence[Component],
    given: Mapping[str, Any],
    context: Mapping[str, Any],
    moment: Moment,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for component in components:
        if component.type is Type.DYNAMICLIST:
            rows = given.get(component.key)
            if not isinstance(rows, list):
                rows = [{}] * min(component.initial_rows, component.rules.max_rows)
            values[component.key] = [
                _initial(
                    component.components, row if isinstance(row, dict) else {}, context, moment
                )
                for row in rows
            ]
        elif component.keyed:
            values[component.key] = _initial_value(component, given, context, moment)
        else:
            values |= _initial(component.components, given, context, moment)
    return values


def _initial_value(
    component: Component, given: Mapping[str, Any], context: Mapping[str, Any], moment: Moment
) -> Any:
    if component.key in given:
        return deepcopy(given[component.key])
    if component.prefill is not None:
        value = component.prefill.evaluate(context, moment)
        if value is not None:
            return value
    if component.default is not None:
        return deepcopy(component.default)
    return deepcopy(component.empty)


def settle(state: State) -> None:
    """Compute expression fields and what conditions see, until nothing changes any more.

    As in form-js, what conditions see is the data without the fields that a first look at the
    conditions hides; of those the initial value is seen. The first look itself uses all data.
    """
    components = state.form.components
    for _ in range(MAX_ROUNDS):
        state.seen = {**state.initial, **state.data}
        state.seen = {**state.initial, **_without_hidden(state, components, state.data, ROOT)}
        computed = deepcopy(state.data)
        _compute(state, components, computed, ROOT)
        if computed == state.data:
            return
        state.data = computed


def _without_hidden(
    state: State, components: Sequence[Component], values: Mapping[str, Any], spot: Spot
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for component in components:
        if state.hidden(component, spot):
            continue
        if component.type is Type.DYNAMICLIST:
            here = spot.of(component)
            kept[component.key] = [
                _without_hidden(state, component.components, row, here.row(component, number, row))
                for number, row in enumerate(values.get(component.key) or [])
            ]
        elif component.keyed:
            kept[component.key] = values.get(component.key)
        else:
            kept |= _without_hidden(state, component.components, values, spot)
    return kept


def _compute(
    state: State, components: Sequence[Component], values: dict[str, Any], spot: Spot
) -> None:
    """Write the value of every expression field that is asked into `values`."""
    for component in components:
        if state.hidden(component, spot):
            continue
        if component.type is Type.DYNAMICLIST:
            here = spot.of(component)
            for number, row in enumerate(values.get(component.key) or []):
                _compute(state, component.components, row, here.row(component, number, row))
        elif component.type is Type.EXPRESSION and component.formula is not None:
            values[component.key] = state.value(component.formula, spot)
        elif component.components:
            _compute(state, component.components, values, spot)
