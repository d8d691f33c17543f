"""The registry of operators: the Python behind service tasks and behind submitted forms.

The decorators only register and validate; the function stays callable in a unit test.
Packages that hold operators announce themselves by the entry point group
`casetable.operators`, so that the engine does not know them.
"""

import dataclasses
import types
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from sqlalchemy.exc import SQLAlchemyError

from engine.errors import CasetableError, OperatorError
from engine.language import gettext

if TYPE_CHECKING:
    from engine.turn import Turn

Kind = Literal["in_turn", "after_turn", "record"]
Function = Callable[["Turn", Any], Any]


@dataclasses.dataclass(frozen=True)
class Field:
    """One input or output: its name, the name of its type, and whether it must be given."""

    name: str
    type: str
    required: bool
    optional: bool
    """Whether null is allowed."""
    values: tuple[Any, ...] = ()
    """All values that it can have, where they are named (`OneOf`); else empty."""
    given: str = ""
    """The input whose value it repeats, unless it is one of `values` (`Given`)."""


@dataclasses.dataclass(frozen=True)
class OneOf:
    """Names every value of an output: `closure_agreed: Annotated[bool, OneOf(False)]`.

    The proof of the drawings (V1) relies on it, so a value that is not named stops the turn.
    """

    values: tuple[Any, ...]

    def __init__(self, *values: Any) -> None:
        object.__setattr__(self, "values", values)


@dataclasses.dataclass(frozen=True)
class Given:
    """Says that an output repeats an input, or is one of the values of a `OneOf` beside it.

    What a form or drawing adds to the values of the input needs no change here.
    """

    name: str


@dataclasses.dataclass(frozen=True)
class Operator:
    """A registered function with what the modeler, the check and the documentation show."""

    name: str
    kind: Kind
    function: Function
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    input_type: type
    summary: str

    @property
    def deferred(self) -> bool:
        """Whether it has an effect on the outside and therefore runs after the commit."""
        return self.kind == "after_turn"

    def read_inputs(self, values: Mapping[str, Any]) -> Any:
        """Build the typed inputs from JSON values; extra values are ignored (custom fields)."""
        given: dict[str, Any] = {}
        for field in self.inputs:
            if field.name in values and (values[field.name] is not None or field.optional):
                given[field.name] = _convert(self.name, field, values[field.name])
            elif field.required and not field.optional:
                raise OperatorError(
                    gettext(
                        "Operator %(operator)s needs a value for %(name)s.",
                        operator=self.name,
                        name=repr(field.name),
                    ),
                    retryable=False,
                )
            elif field.required:
                given[field.name] = None
        return self.input_type(**given)

    def run(self, turn: "Turn", values: Mapping[str, Any]) -> dict[str, Any]:
        """Call the function in the turn and return its outputs as process variables.

        Raise OperatorError for whatever the function did not foresee, so that the answer is kept
        and somebody owns the failure (R15); errors of the database go on as they are.
        """
        try:
            result = self.function(turn, self.read_inputs(values))
        except (CasetableError, SQLAlchemyError):
            raise
        except Exception as error:
            kind = type(error).__name__
            raise OperatorError(
                gettext(
                    "Operator %(operator)s failed with %(kind)s.", operator=self.name, kind=kind
                )
            ) from error
        found = as_variables(result)
        self._check_outputs(found, values)
        return found

    def _check_outputs(self, found: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        for field in self.outputs:
            repeats = field.given and found.get(field.name) == inputs.get(field.given)
            if not field.values and not field.given:
                continue
            if found.get(field.name) not in field.values and not repeats:
                raise OperatorError(
                    gettext(
                        "Operator %(operator)s gave a value for %(name)s that it does not name; "
                        "add it to OneOf.",
                        operator=self.name,
                        name=repr(field.name),
                    ),
                    retryable=False,
                )


def as_variables(result: Any) -> dict[str, Any]:
    """Turn an output dataclass into JSON values; None gives no outputs."""
    if result is None:
        return {}
    return {field.name: _plain(getattr(result, field.name)) for field in dataclasses.fields(result)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _convert(operator: str, field: Field, value: Any) -> Any:
    """Check a JSON value against the declared type; dates arrive as ISO strings."""
    if value is None:
        return None
    if field.type == "date":
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError as error:
            raise OperatorError(
                gettext(
                    "Operator %(operator)s: %(name)s is not a date like 2026-05-31.",
                    operator=operator,
                    name=field.name,
                ),
                retryable=False,
            ) from error
    expected: dict[str, tuple[type, ...]] = {
        "str": (str,),
        "int": (int,),
        "float": (int, float),
        "bool": (bool,),
        "list": (list,),
        "dict": (dict,),
        "any": (object,),
    }
    wrong_bool = isinstance(value, bool) and field.type in {"int", "float"}
    if wrong_bool or not isinstance(value, expected[field.type]):
        raise OperatorError(
            gettext(
                "Operator %(operator)s: %(name)s should be %(type)s, not %(other)s.",
                operator=operator,
                name=field.name,
                type=field.type,
                other=type(value).__name__,
            ),
            retryable=False,
        )
    return value


def _field_facts(hint: Any) -> tuple[str, bool]:
    """Return the short type name and whether null is allowed."""
    if get_origin(hint) in {Union, types.UnionType}:
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        if len(kinds) != 1:
            raise TypeError("Operator fields have one type, or that type or None.")
        return _field_facts(kinds[0])[0], True
    plain = get_origin(hint) or hint
    if plain is Literal:
        return "str", False
    names = {str: "str", int: "int", float: "float", bool: "bool", list: "list", dict: "dict"}
    names[date] = "date"
    if plain is Any:
        return "any", True
    if plain not in names:
        raise TypeError(f"Operator fields are JSON values or dates, not {plain!r}.")
    return names[plain], False


def _fields(kind: type | None) -> tuple[Field, ...]:
    if kind is None:
        return ()
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in dataclasses.fields(kind):
        hint, values, given = _named_values(hints[field.name])
        name, optional = _field_facts(hint)
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        found.append(Field(field.name, name, required, optional, values, given))
    return tuple(found)


def _named_values(hint: Any) -> tuple[Any, tuple[Any, ...], str]:
    """Return the type without its notes, the values that they name, and the repeated input."""
    if get_origin(hint) is not Annotated:
        return hint, (), ""
    plain, *notes = get_args(hint)
    named = [note.values for note in notes if isinstance(note, OneOf)]
    given = [note.name for note in notes if isinstance(note, Given)]
    return plain, named[0] if named else (), given[0] if given else ""


_REGISTRY: dict[str, Operator] = {}


def _register(
    name: str, kind: Kind, inputs: type, outputs: type | None
) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        if name in _REGISTRY and _REGISTRY[name].function.__qualname__ != function.__qualname__:
            raise ValueError(f"Two operators are called {name!r}.")
        lines = (function.__doc__ or "").strip().splitlines()
        if not lines:
            raise ValueError(f"Operator {name!r} needs a first line that the modeler can show.")
        _REGISTRY[name] = Operator(
            name, kind, function, _fields(inputs), _fields(outputs), inputs, lines[0]
        )
        return function

    return decorate


def operator(
    name: str, *, inputs: type, outputs: type | None = None, after_turn: bool = False
) -> Callable[[Function], Function]:
    """Register the Python behind a service task.

    `inputs` and `outputs` are dataclasses of JSON values and dates. In the turn (default) the
    function does pure database work in the turn's transaction. `after_turn=True` marks an effect
    on the outside: it runs after the commit, at least once, and the service task stays open
    until it is confirmed.
    """
    return _register(name, "after_turn" if after_turn else "in_turn", inputs, outputs)


def recorder(
    name: str, *, inputs: type, outputs: type | None = None
) -> Callable[[Function], Function]:
    """Register what writes a submitted form to the case file (property `recordWith`).

    `inputs` names the form fields that it needs; all submitted values are in
    `turn.submission.values`. Outputs are merged into the process variables of the step.
    """
    return _register(name, "record", inputs, outputs)


@cache
def _load() -> None:
    for entry in entry_points(group="casetable.operators"):
        package = import_module(entry.value)
        for module in getattr(package, "OPERATOR_MODULES", ()):
            import_module(f"{entry.value}.{module}")


def catalogue() -> Mapping[str, Operator]:
    """Return all registered operators by name."""
    _load()
    return types.MappingProxyType(_REGISTRY)


def find(name: str) -> Operator:
    """Return the operator called `name`; raise OperatorError naming it."""
    try:
        return catalogue()[name]
    except KeyError:
        raise OperatorError(
            gettext("There is no operator %(name)s.", name=repr(name)), retryable=False
        ) from None
