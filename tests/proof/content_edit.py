"""Single edits of forms and decision tables (V2)."""

import json
from collections.abc import Iterator
from typing import Any

from lxml import etree

from tests.proof.edit import Edit

DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"


Place = tuple[int, ...]
"""Where a field stands: its number in the form, and in each group around it."""


def fields_of(form: Any, around: Place = ()) -> list[tuple[Place, Any]]:
    """Return the fields of a form with their places, those of groups too."""
    found: list[tuple[Place, Any]] = []
    for at, one in enumerate(form["components"]):
        place = (*around, at)
        found += fields_of(one, place) if "components" in one else [(place, one)]
    return found


def form_edits_of(file: str, content: bytes) -> Iterator[Edit]:
    """Give every edit of a form: a question optional or gone, an answer gone, hidden or shown."""
    for place, field in fields_of(json.loads(content)):
        name = str(field.get("key") or field["id"])
        if field.get("validate", {}).get("required"):
            yield _form(file, content, "made optional", name, place, _optional)
        if "key" in field:
            yield _form(file, content, "question taken out", name, place, None)
        if field.get("conditional"):
            yield _form(file, content, "always shown", name, place, _always)
        for value in field.get("values", []):
            given = value["value"]

            def without(one: Any, gone: Any = given) -> None:
                one["values"] = [v for v in one["values"] if v["value"] != gone]

            if len(field["values"]) > 1:
                yield _form(file, content, "answer taken out", name, place, without, str(given))


def _optional(field: Any) -> None:
    field["validate"]["required"] = False


def _always(field: Any) -> None:
    del field["conditional"]


def _form(  # noqa: PLR0917 - what was edited, and how
    file: str, content: bytes, kind: str, name: str, place: Place, change: Any, detail: str = ""
) -> Edit:
    form = json.loads(content)
    parts = form["components"]
    for at in place[:-1]:
        parts = parts[at]["components"]
    if change is None:
        del parts[place[-1]]
    else:
        change(parts[place[-1]])
    return Edit(file, kind, name, detail, json.dumps(form).encode())


def table_edits_of(file: str, content: bytes) -> Iterator[Edit]:
    """Give every edit of a decision table: a row gone, an answer swapped, a condition lifted."""
    tree = etree.fromstring(content)
    rules = [one.get("id") for one in tree.iter(DMN + "rule")]
    for name in rules:
        if len(rules) > 1:
            yield _table(file, content, "row taken out", name, "")
        for part in ("inputEntry", "outputEntry"):
            for at, cell in enumerate(_cells(tree, name, part)):
                other = "-" if part == "inputEntry" else _another(tree, part, at, cell)
                if other and other != cell:
                    kind = "condition lifted" if part == "inputEntry" else "outcome swapped"
                    yield _table(file, content, kind, name, f"{cell} to {other}", (part, at, other))


def _rule(tree: Any, name: str) -> Any:
    return next(one for one in tree.iter(DMN + "rule") if one.get("id") == name)


def _cells(tree: Any, rule: str, part: str) -> list[str]:
    return [one.findtext(DMN + "text") for one in _rule(tree, rule).findall(DMN + part)]


def _another(tree: Any, part: str, at: int, cell: str) -> str:
    """Return another outcome that the same column of the table gives elsewhere."""
    column = [_cells(tree, one.get("id"), part)[at] for one in tree.iter(DMN + "rule")]
    return next((one for one in column if one != cell), "")


def _table(
    file: str,
    content: bytes,
    kind: str,
    rule: str,
    detail: str,
    cell: tuple[str, int, str] | None = None,
) -> Edit:
    tree = etree.fromstring(content)
    found = _rule(tree, rule)
    if cell is None:
        found.getparent().remove(found)
    else:
        part, at, text = cell
        found.findall(DMN + part)[at].find(DMN + "text").text = text
    return Edit(file, kind, rule, detail, etree.tostring(tree))
