"""Lets most tests run on one of the two database systems at a time, where time is short.

Pages and deeds are the same over both systems. What differs between these (`ON_BOTH`: locks and
transactions, migrations, triggers, policies, plans of queries) runs on both always. Killing and
racing take turns as well: they hit other places each time. `CASETABLE_TURN`, which .ci/run takes
from the commit, says who is on which; without it, as in `make test`, everything runs on both. Some
dear tests run by parts: by halves, and by fourths where .ci/run finds the machine slow
(`CASETABLE_PARTS`).
"""

import os
from collections.abc import Container
from zlib import crc32

import pytest

SYSTEMS = ("sqlite", "postgres")
TURN = os.environ.get("CASETABLE_TURN", "")
PARTS = int(os.environ.get("CASETABLE_PARTS", "2"))
BY_TURNS = ("tests/webui/", "tests/review/", "tests/engine/", "tests/backup/", "tests/torture/")
ON_BOTH = (
    "tests/engine/test_closing.py",
    "tests/engine/test_connection.py",
    "tests/engine/test_database.py",
    "tests/engine/test_firing.py",
    "tests/engine/test_listing.py",
    "tests/engine/test_migration_together.py",
    "tests/engine/test_plain_rows.py",
    "tests/engine/test_turn.py",
    "tests/engine/test_witness.py",
    "tests/engine/test_worker.py",
)
BY_PARTS = (
    "tests/browser/",
    "tests/comparison/",
    "tests/engine/",
    "tests/expression/test_feelin.py",
    "tests/form/",
    "tests/proof/test_edits.py",
    "tests/proof/test_moving.py",
    "tests/proof/test_rulebook.py",
    "tests/proof/test_shipped.py::test_edit_that_breaks_a_rule_is_named",
    "tests/proof/test_shipped.py::test_form_",
    "tests/proof/test_shipped.py::test_two_",
    "tests/review/",
    "tests/webui/",
)
"""Dear ones of which one part runs at a commit, and the other ones at others."""
ALWAYS = (
    *ON_BOTH,
    "tests/browser/test_acceptance.py",
    "tests/browser/test_access.py",
    "tests/browser/test_walk.py",
    "tests/webui/test_double_submit.py",
    "tests/webui/test_guard.py",
    "tests/webui/test_work.py",
)
"""Of these not: the walks of each person, and what guards the pages."""


def system_at(name: str, turn: str) -> str:
    """Return on which system the test of that name runs in a turn, a number in hexadecimal."""
    return SYSTEMS[(crc32(name.encode()) + int(turn, 16)) % 2]


def is_in_part(name: str, turn: str, parts: int = 2) -> bool:
    """Say whether the test of that name is in the part (one of `parts`) that runs in a turn."""
    return (crc32(name.encode()) // 2 + int(turn, 16) // 2) % parts == 0


def leave_out_others(
    config: pytest.Config, items: list[pytest.Item], absent: Container[str]
) -> None:
    """Leave out what has its turn at the next commit."""
    if not TURN:
        return
    kept, left = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        turned = _has_turn(item) and ("postgres" in absent or _is_on(item))
        (kept if turned else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def _system(item: pytest.Item) -> str | None:
    found = getattr(item, "callspec", None) and item.callspec.params.get("database")
    return found if found in SYSTEMS else None


def _both(item: pytest.Item) -> str:
    """Return the name of a test for both systems: they share their part."""
    system = _system(item)
    return item.nodeid.replace(system, "*") if system else item.nodeid


def _has_turn(item: pytest.Item) -> bool:
    if not item.nodeid.startswith(BY_PARTS) or item.nodeid.startswith(ALWAYS):
        return True
    return is_in_part(_both(item), TURN, PARTS)


def _is_on(item: pytest.Item) -> bool:
    """Say whether it is the turn of the system of a test that differs in nothing else."""
    system = _system(item)
    if system is None or not item.nodeid.startswith(BY_TURNS):
        return True
    if item.nodeid.startswith(ON_BOTH):
        return True
    return system_at(_both(item), TURN) == system
