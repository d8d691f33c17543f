"""The map of OWASP ASVS 5.0 is whole in levels 1 and 2, chosen in level 3, and true (S16)."""

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
CHOSEN = {
    "V1": "2.10 3.12 5.3",
    "V2": "3.5 4.2",
    "V3": "1.1 3.5 4.7 4.8 5.6 5.7 5.8 6.1",
    "V4": "1.4",
    "V5": "2.4 2.5 2.6 3.3",
    "V6": "3.5 3.6 3.7 3.8 4.6 5.6 5.8 7.1 7.2",
    "V7": "5.3",
    "V8": "1.3 1.4 2.4 3.2 3.3 4.2",
    "V10": "2.3",
    "V11": "1.3 1.4 2.4 2.5 3.4",
    "V12": "3.5",
    "V13": "1.2 1.3 1.4 2.6 3.3 3.4 4.6 4.7",
    "V14": "2.5 2.6 2.7 2.8",
    "V15": "1.4 1.5 2.4 2.5 4.2 4.3 4.4",
    "V16": "5.4",
}
"""Which of the 92 requirements of level 3 are looked at: 40 at least, of which none is taken off
again because it does not hold."""
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
    below = [row["requirement"] for row in _rows() if row["level"] in {"1", "2"}]
    assert Counter(name.partition(".")[0] for name in below) == IN_THE_STANDARD
    assert {row["level"] for row in _rows()} == {"1", "2", "3"}


def test_asvs_has_exactly_the_chosen_rows_of_level_three() -> None:
    chosen = [f"{chapter}.{rest}" for chapter, all_of in CHOSEN.items() for rest in all_of.split()]
    third = [row for row in _rows() if row["level"] == "3"]
    assert [row["requirement"] for row in third] == chosen
    holds = [row for row in third if row["state"] in {"tested", "documented", "by design"}]
    assert len(holds) >= 40
    assert sum(row["state"] == "tested" for row in third) >= 40


def test_asvs_is_shown_by_tests_for_the_most_part() -> None:
    """S16: at least 150 of levels 1 and 2 by themselves, and none of these is open."""
    states = Counter(row["state"] for row in _rows() if row["level"] != "3")
    assert states["tested"] >= 150
    assert states["open"] == 0


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
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    for pattern, levels, number in (
        (r"(\d+) of (253) requirements .*?; (\d+) are tested .*? (\d+) are open", "12", 253),
        (r"(\d+) of the (92) .*?; (\d+) are tested .*? (\d+) are open", "3", 92),
    ):
        states = Counter(row["state"] for row in _rows() if row["level"] in levels)
        told = re.search(pattern, page)
        assert told is not None, pattern
        applies = states.total() - states["not applicable"]
        counts = (applies, number, states["tested"], states["open"])
        assert tuple(map(int, told.groups())) == counts
