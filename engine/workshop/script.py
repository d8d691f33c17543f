"""A scenario as a process owner edits it: a head and rows of steps, read and written as TOML."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from re import fullmatch
from typing import Any, Final

from engine.errors import InputError
from engine.language.telling import told
from engine.profile import read_tables
from engine.scenario import STEP_KINDS, check_steps, scenario_of, step_kind

MOST_STEPS: Final = 300
WIDE: Final = ("answers", "expect", "signal", "payload", "about")
"""Entries of a step that are written as lines of their own."""
HEAD: Final = ("title", "requirements", "shows", "use", "profile", "starts", "values")


@dataclass
class Row:
    """One step as a row of a table: its kind, what, by whom, for whom, and the rest as TOML."""

    kind: str
    what: str = ""
    by: str = ""
    whose: str = ""
    details: str = ""

    @property
    def lines(self) -> int:
        """Return how many lines the details take on a page, within reason."""
        return min(12, max(2, self.details.count("\n") + 1))

    def step(self, number: int) -> dict[str, Any]:
        """Return the step; raise InputError naming the row."""
        if self.kind not in STEP_KINDS:
            raise InputError(
                told(
                    "Step %(number)s: choose one of %(items)s.",
                    number=number,
                    items=", ".join(STEP_KINDS),
                )
            )
        rest = read_tables(self.details.encode(), f"Step {number}, details")
        if self.kind == "expect":
            return {"expect": rest}
        if not self.what.strip():
            raise InputError(
                told("Step %(number)s: say what, for example the id of the step.", number=number)
            )
        found: dict[str, Any] = {self.kind: self.what.strip()}
        found |= {"as": self.by.strip()} if self.by.strip() else {}
        found |= {"for_": self.whose.strip()} if self.whose.strip() else {}
        return found | rest


@dataclass
class Script:
    """A scenario file: what stands before the steps, and the steps."""

    head: dict[str, Any]
    steps: list[dict[str, Any]] = field(default_factory=list)

    def rows(self) -> list[Row]:
        """Return the steps as rows."""
        return [_row(step) for step in self.steps]


def _row(step: Mapping[str, Any]) -> Row:
    kind = step_kind(step)
    if kind == "expect":
        return Row(kind, details="\n".join(_lines(step["expect"])))
    rest = {key: value for key, value in step.items() if key not in {kind, "as", "for_"}}
    by, whose = str(step.get("as", "")), str(step.get("for_", ""))
    return Row(kind, str(step[kind]), by, whose, "\n".join(_details(rest)))


def _details(rest: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of what has no column; answers one a line, so that they can be read."""
    for key, value in rest.items():
        if isinstance(value, dict):
            yield from (f"{_key(key)}.{line}" for line in _lines(value))
        else:
            yield f"{_key(key)} = {_value(value)}"


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None)


def read_script(content: bytes, name: str) -> Script:
    """Read a scenario; raise InputError naming the entry to mend."""
    data = read_tables(content, name)
    steps = check_steps(data, Path(name))
    if len(steps) > MOST_STEPS:
        raise InputError(
            told(
                "%(name)s: at most %(most)s steps; use parts of scenarios.",
                name=name,
                most=MOST_STEPS,
            )
        )
    scenario_of(data, Path(name), steps)
    return Script({key: value for key, value in data.items() if key != "step"}, steps)


def write_script(script: Script, name: str) -> bytes:
    """Return the file of a scenario; raise InputError where it could not be read again."""
    lines = [
        f"{_key(key)} = {_value(script.head[key])}"
        for key in [*HEAD, *(key for key in script.head if key not in HEAD)]
        if script.head.get(key) not in (None, "", [], {})
    ]
    for step in script.steps:
        lines += ["", "[[step]]", *_step(step)]
    content = ("\n".join(lines) + "\n").encode()
    read_script(content, name)
    return content


def _step(step: Mapping[str, Any]) -> Iterator[str]:
    wide = [key for key in WIDE if isinstance(step.get(key), dict)]
    for key, value in step.items():
        if key not in wide and value is not None:
            yield f"{_key(key)} = {_value(value)}"
    for key in wide:
        yield f"[step.{key}]"
        yield from _lines(step[key])


def _key(key: str) -> str:
    return key if fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        inside = ", ".join(_lines(value))
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(one) for one in value if one is not None)}]"
    return str(value)


def _text(text: str) -> str:
    """Return a text in quotes; JSON escapes all that TOML does, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
