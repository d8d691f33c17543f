"""Forms mean the same here as in form-js, which process owners use to draw and try them.

Differences that are meant, and therefore kept out of the comparison:
- texts are trimmed and control characters refused; form-js keeps both
- a list without visible fields in its rows is written as rows without keys, an empty one as []
- a phone number follows E.164; form-js asks for calling codes of its own list
- `not(...)` without a value hides; form-js reads it as a negated test and shows
- options, dates, files and the number of rows are checked here only
"""

import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.form import parse_form
from tests.form.support import ROOT, send

SCRIPT = Path(__file__).with_name("formjs.mjs")
SCHEMAS = 500
WORDS = ["", "a", "b", "abc", "Ana Ruiz", "2027", "élan", "x@y.org", "x@", "two\nlines"]
PHONES = ["+4930664040900", "12345", "none"]
NUMBERS = [None, 0, 1, 2, 3, 5, -4, 2.5, 0.25, 10.125, 1000000]
CODES = ["a", "b", "c", "d"]
DATES = [None, "2027-01-31", "2024-02-29"]

MESSAGES = {
    "Value is not a number": "number",
    "Value is expected to be an integer": "integer",
    "Value is expected to have at most": "decimals",
    "Please select a valid value": "increment",
    "Field must match pattern": "pattern",
    "Field is required": "required",
    "Field must have minimum value": "minimum",
    "Field must have maximum value": "maximum",
    "Field must have minimum length": "min_length",
    "Field must have maximum length": "max_length",
    "Field must be a valid  international": "phone",
    "Field must be a valid email": "email",
}


class Author:
    """Draws random forms, with answers."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.keys: dict[str, str] = {}

    def case(self) -> dict[str, Any]:
        count = self.chance.randint(1, 7)
        kinds = [self.kind() for _ in range(count)]
        self.keys = {f"k{n}": kind for n, kind in enumerate(kinds)}
        components = [self.field(key, kind) for key, kind in self.keys.items()]
        if self.chance.random() < 0.4:
            components = self.grouped(components)
        answers: dict[str, Any] = {key: self.answer(kind) for key, kind in self.keys.items()}
        if self.chance.random() < 0.4:
            components.append(self.list())
            answers["rows"] = [self.row() for _ in range(self.chance.randint(0, 3))]
        if self.chance.random() < 0.4:
            components.append(self.computed())
        initial = {k: self.answer(v) for k, v in self.keys.items() if self.chance.random() < 0.3}
        # Nobody can answer a field that is shown without a control.
        closed = {c["key"] for c in _fields(components) if c.get("disabled")}
        chosen = [k for k in answers if k not in closed and self.chance.random() < 0.9]
        posted = {key: answers[key] for key in chosen}
        context = {"steps": self.chance.choice([None, 1, 2, 3]), "route": "plan"}
        schema = {"type": "default", "id": "form", "components": components}
        return {"schema": schema, "context": context, "initial": initial, "posted": posted}

    def kind(self) -> str:
        kinds = ["textfield", "textarea", "number", "checkbox", "checklist", "radio", "select"]
        return self.chance.choice([*kinds, "taglist", "datetime"])

    def field(self, key: str, kind: str, scope: str = "") -> dict[str, Any]:
        field: dict[str, Any] = {
            "type": kind,
            "id": f"Field_{key}",
            "key": key,
            "label": key,
            "properties": {"class": "case"},
            "validate": {"required": True} if self.chance.random() < 0.4 else {},
        }
        if kind in {"checklist", "radio", "select", "taglist"}:
            field["values"] = [{"label": code.upper(), "value": code} for code in CODES]
        if kind == "datetime":
            field["subtype"] = "date"
        if kind in {"textfield", "textarea"}:
            self.limit_text(field)
        if kind == "number":
            self.limit_number(field)
        if self.chance.random() < 0.45:
            field["conditional"] = {"hide": self.condition(scope)}
        if self.chance.random() < 0.1:
            field["disabled"] = True
        return field

    def limit_text(self, field: dict[str, Any]) -> None:
        rules = field["validate"]
        pick = self.chance.random()
        if pick < 0.15:
            rules["minLength"] = self.chance.randint(1, 5)
        if pick < 0.25:
            rules["maxLength"] = self.chance.choice([2, 5, "=steps", 8])
        elif pick < 0.4:
            rules["pattern"] = self.chance.choice([r"^\d+$", "[a-c]", r"^\w{1,3}$", "x|y"])
        elif pick < 0.5:
            rules["validationType"] = "email"
        elif pick < 0.6:
            rules["validationType"] = "phone"

    def limit_number(self, field: dict[str, Any]) -> None:
        rules = field["validate"]
        if self.chance.random() < 0.3:
            rules["min"] = self.chance.choice([0, 2, "=steps", -1, "1"])
        if self.chance.random() < 0.3:
            rules["max"] = self.chance.choice([3, 10, "=steps + 1"])
        if self.chance.random() < 0.3:
            field["decimalDigits"] = self.chance.choice([0, 1, 2])
        if self.chance.random() < 0.2:
            field["increment"] = self.chance.choice(["0.5", "1", "0.25"])

    def condition(self, scope: str = "") -> str:
        first = self.test(scope)
        if self.chance.random() < 0.25:
            return f"={first} {self.chance.choice(['and', 'or'])} {self.test(scope)}"
        return f"={first}"

    def test(self, scope: str) -> str:
        if self.chance.random() < 0.1:
            return self.chance.choice(["steps > 1", 'route = "plan"', "unknown = 1"])
        key, kind = self.chance.choice(list(self.keys.items()))
        if scope and self.chance.random() < 0.7:
            key, kind = scope, "radio"
        if kind == "number":
            return self.chance.choice([f"{key} > 2", f"{key} = null", f"{key} != 1", f"{key} <= 3"])
        if kind == "checkbox":
            return self.chance.choice([key, f"{key} = true", f"{key} = false"])
        if kind in {"checklist", "taglist"}:
            return self.chance.choice([f"count({key}) > 1", f'list contains({key}, "a")'])
        return self.chance.choice([f'{key} = "a"', f'{key} != "b"', f"{key} = null", f'{key} = ""'])

    def grouped(self, components: list[dict[str, Any]]) -> list[dict[str, Any]]:
        cut = self.chance.randint(0, len(components))
        group = {
            "type": "group",
            "id": "Group_1",
            "label": "Group",
            "components": components[cut:],
            "conditional": {"hide": self.condition()} if self.chance.random() < 0.5 else {},
        }
        return [*components[:cut], group]

    def list(self) -> dict[str, Any]:
        inner = [self.field("state", "radio"), self.field("note", "textfield", "this.state")]
        for field in inner:
            field["id"] = f"Row_{field['key']}"
        inner[0].pop("conditional", None)
        inner[0].pop("disabled", None)
        return {
            "type": "dynamiclist",
            "id": "List_1",
            "path": "rows",
            "label": "Rows",
            "isRepeating": True,
            "defaultRepetitions": self.chance.choice([0, 1, 2]),
            "components": inner,
        }

    def row(self) -> dict[str, Any]:
        return {"state": self.answer("radio"), "note": self.answer("textfield")}

    def computed(self) -> dict[str, Any]:
        numbers = [key for key, kind in self.keys.items() if kind == "number"]
        source = f"{numbers[0]} + 1" if numbers else "steps * 2"
        return {
            "type": "expression",
            "id": "Field_sum",
            "key": "sum",
            "label": "Sum",
            "expression": self.chance.choice([f"={source}", '="done"', f"={source} > 2"]),
            "computeOn": "change",
            "properties": {"class": "process"},
        }

    def answer(self, kind: str) -> Any:
        if kind == "number":
            return self.chance.choice(NUMBERS)
        if kind == "checkbox":
            return self.chance.choice([True, False])
        if kind in {"checklist", "taglist"}:
            return self.chance.sample(CODES, self.chance.randint(0, 3))
        if kind == "datetime":
            return self.chance.choice(DATES)
        if kind in {"radio", "select"}:
            return self.chance.choice([None, *CODES])
        words = WORDS + PHONES
        return self.chance.choice(
            words if kind == "textarea" else [w.replace("\n", " ") for w in words]
        )


def _fields(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the fields outside rows."""
    groups = [c["components"] for c in components if c["type"] == "group"]
    return [c for c in components if "key" in c] + [c for inner in groups for c in inner]


def play(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what form-js submits for each case."""
    lines = "\n".join(
        json.dumps(
            {
                "schema": case["schema"],
                "data": case["context"] | case["initial"],
                "posted": case["posted"],
            }
        )
        for case in cases
    )
    done = subprocess.run(
        ["node", SCRIPT], input=lines, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[:500] + done.stderr[-1500:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def their_codes(errors: Any, row: str = "") -> dict[str, list[str]]:
    """Return form-js's messages as codes by control."""
    found: dict[str, list[str]] = {}
    for field, messages in errors.items():
        key = field.removeprefix("Field_").removeprefix("Row_")
        if field.startswith("Row_"):
            for number, inner in enumerate(messages):
                if inner:
                    found[f"rows-{number}-{key}"] = [code(m) for m in inner]
        else:
            found[row + key] = [code(m) for m in messages]
    return found


def code(message: str) -> str:
    return next(name for start, name in MESSAGES.items() if message.startswith(start))


def our_codes(errors: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for error in errors:
        found.setdefault(error.path, []).append(re.sub(r"^required_.*", "required", error.code))
    return found


def comparable(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is written differently on purpose (see above)."""
    found = {k: v for k, v in values.items() if not (k == "sum" and v is None)}
    rows = [row or None for row in found.pop("rows", None) or []]
    while rows and rows[-1] is None:
        rows.pop()
    return found | ({"rows": rows} if rows else {})


@pytest.mark.node
@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.skipif(
    not (ROOT / "webui/frontend/node_modules/@bpmn-io").is_dir(), reason="needs npm ci"
)
def test_submit_agrees_with_formjs_on_random_forms() -> None:
    cases = [Author(seed).case() for seed in range(SCHEMAS)]
    for seed, (case, theirs) in enumerate(zip(cases, play(cases), strict=True)):
        assert "failed" not in theirs, (seed, theirs)
        form = parse_form(json.dumps(case["schema"]).encode())
        ours = send(form, case["posted"], context=case["context"], initial=case["initial"])
        told = (seed, json.dumps(case), theirs, ours)
        assert comparable(ours.values) == comparable(theirs["data"]), told
        assert our_codes(ours.errors) == their_codes(theirs["errors"]), told
