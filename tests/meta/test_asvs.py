"""The map of OWASP ASVS 5.0, levels 1 and 2, is whole and true (S16)."""

import ast
import csv
import re
from collections import Counter
from functools import cache

from engine.settings import ROOT
from tests.meta.test_documentation import _anchors

IN_THE_STANDARD = {
    "V1": 27, "V2": 11, "V3": 19, "V4": 10, "V5": 9, "V6": 35, "V7": 18, "V8": 7, "V9": 7,
    "V10": 29, "V11": 14, "V12": 9, "V13": 13, "V14": 9, "V15": 13, "V16": 16, "V17": 7,
}  # fmt: skip
"""How many requirements of levels 1 and 2 each chapter of version 5.0.0 has: 253."""
STATES = {"tested", "documented", "by design", "not applicable", "open"}


@cache
def _rows() -> list[dict[str, str]]:
    with (ROOT / "docs" / "asvs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_asvs_has_each_requirement_once_and_in_order() -> None:
    names = [row["requirement"] for row in _rows()]
    assert names == sorted(names, key=lambda name: [int(part) for part in name[1:].split(".")])
    assert len(names) == len(set(names))
    assert Counter(name.partition(".")[0] for name in names) == IN_THE_STANDARD
    assert {row["level"] for row in _rows()} == {"1", "2"}


def test_asvs_row_says_what_shows_it() -> None:
    for row in _rows():
        assert row["state"] in STATES, row
        shown = row["state"] in {"tested", "documented"}
        assert bool(row["shown_by"]) is shown, row
        assert bool(row["in_words"]) is not shown, row


def test_asvs_tests_exist() -> None:
    named = [
        reference
        for row in _rows()
        if row["state"] == "tested"
        for reference in row["shown_by"].split()
    ]
    gone = [one for one in named if one.split("::")[1] not in _functions(one.split("::")[0])]
    assert gone == []
    assert len(named) > 100


def test_asvs_pages_exist() -> None:
    for row in _rows():
        if row["state"] == "documented":
            page, _, heading = row["shown_by"].partition("#")
            assert (ROOT / page).is_file(), row
            assert not heading or heading in _anchors(ROOT / page), row


def test_asvs_open_rows_are_counted_on_the_page() -> None:
    states = Counter(row["state"] for row in _rows())
    told = re.search(
        r"(\d+) of 253 requirements .* (\d+) are open",
        (ROOT / "docs/security.md").read_text(encoding="utf-8"),
    )
    assert told is not None
    assert int(told[1]) == 253 - states["not applicable"]
    assert int(told[2]) == states["open"]
