"""Writes decision tables as the decision editor saves them."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from engine.decision import DecisionTable, parse_decision

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def draw(
    inputs: Sequence[tuple[str, str]],
    outputs: Sequence[tuple[str, str]],
    rules: Sequence[Sequence[str]],
    *,
    policy: str = "UNIQUE",
    aggregation: str = "",
    values: dict[str, str] | None = None,
    defaults: dict[str, str] | None = None,
    namespace: str = NAMESPACE,
) -> bytes:
    """Return a DMN file: columns as (expression or name, type), rules as the texts of their cells.

    `values` are the allowed values of a column, `defaults` the default of an output.
    """
    values, defaults = values or {}, defaults or {}
    parts = [
        f'<definitions xmlns="{namespace}" id="definitions" name="DRD" namespace="casetable">',
        '<decision id="propose_route" name="Propose route">',
        f'<decisionTable id="table" hitPolicy="{policy}"'
        + (f' aggregation="{aggregation}">' if aggregation else ">"),
    ]
    for number, (expression, kind) in enumerate(inputs):
        parts.append(
            f'<input id="input_{number}" label={quoteattr(expression)}>'
            f'<inputExpression id="expression_{number}" typeRef="{kind}">'
            f"<text>{escape(expression)}</text></inputExpression>"
            + _texts("inputValues", values.get(expression))
            + "</input>"
        )
    for number, (name, kind) in enumerate(outputs):
        parts.append(
            f'<output id="output_{number}" name="{name}" typeRef="{kind}">'
            + _texts("outputValues", values.get(name))
            + _texts("defaultOutputEntry", defaults.get(name))
            + "</output>"
        )
    for number, cells in enumerate(rules, start=1):
        parts.append(f'<rule id="rule_{number}">')
        for position, cell in enumerate(cells):
            entry = "inputEntry" if position < len(inputs) else "outputEntry"
            parts.append(f'<{entry} id="cell_{number}_{position}">' + _text(cell) + f"</{entry}>")
        parts.append("</rule>")
    parts.append("</decisionTable></decision></definitions>")
    return "".join(parts).encode()


def _text(text: str) -> str:
    return f"<text>{escape(text)}</text>"


def _texts(element: str, text: str | None) -> str:
    return "" if text is None else f"<{element}>{_text(text)}</{element}>"


def table(*args: object, **kwargs: object) -> DecisionTable:
    """Return the table drawn by `draw`."""
    return parse_decision(draw(*args, **kwargs), file="route.dmn")  # type: ignore[arg-type]
