"""A FEEL expression in a form: compiled once, evaluated without ever stopping the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import ExpressionError
from engine.expression import Expression, compile_expression
from engine.expression.value import ValueRefusedError, to_json
from engine.language.telling import message_of


@dataclass(frozen=True)
class Moment:
    """The instant and the time zone in which a form is looked at."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """Return the local date."""
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True)
class Formula:
    """An expression that begins with `=` in the file; `problem` says why it cannot be evaluated."""

    source: str
    problem: str = ""
    program: Expression | None = field(default=None, repr=False, compare=False)

    def evaluate(self, context: Mapping[str, Any], moment: Moment) -> Any:
        """Return the value as JSON, or None where the expression has none (FEEL's null)."""
        if self.program is None:
            return None
        try:
            return to_json(self.program.evaluate(context, now=moment.now, zone=moment.zone))
        except (ExpressionError, ValueRefusedError):
            return None


def compile_formula(source: str) -> Formula:
    """Compile `source` with or without its `=`; a broken one is kept with its problem."""
    text = source.strip().removeprefix("=").strip()
    try:
        return Formula(source=text, program=compile_expression(text))
    except ExpressionError as error:
        return Formula(source=text, problem=message_of(error))
