"""The map of the requirements is whole, and each of its references exists."""

import ast
import re
import tomllib
from collections.abc import Callable
from functools import cache

import pytest

from engine.operator import catalogue
from engine.settings import ROOT
from tests.meta.house import shipped
from tests.meta.requirement_map import LAST, SHOWS, Row, read_map
from webui.application import create_app

MAP = read_map()
PLAN = {
    "administration",
    "insight and export",
    "need-to-know",
    "profiles and languages",
    "workshop",
}
"""Parts of the product plan that a row may wait for."""
REFERENCES = sorted({(row.id, found) for row in MAP for found in row.references})


def test_map_has_each_requirement_once_and_in_order() -> None:
    assert [row.id for row in MAP] == [f"P{number}" for number in range(1, LAST + 1)]


@pytest.mark.parametrize("row", MAP, ids=lambda row: row.id)
def test_map_row_says_where_it_is_and_what_shows_it(row: Row) -> None:
    assert row.references, "say where it lives in the product"
    assert row.evidence or row.later, "name a scenario or a test that shows it, or `later:`"
    assert not row.later or row.later in PLAN, f"use a part of the plan: {sorted(PLAN)}"


def exists(reference: str) -> bool:
    """Say whether the product has what a reference of the map names."""
    kind, _, rest = reference.partition(":")
    looks: dict[str, Callable[[], bool]] = {
        "scenario": (ROOT / "processes/scenarios" / f"{rest}.toml").is_file,
        "test": lambda: rest.partition("::")[2] in _tests(rest.partition("::")[0]),
        "code": (ROOT / rest).is_file,
        "page": lambda: rest in _pages(),
        "profile": lambda: _in_profile(rest),
        "decision": lambda: rest in shipped().decisions,
    }
    if kind in looks and rest:
        return looks[kind]()
    if "#" in reference:
        process, _, element = reference.partition("#")
        return process in shipped().processes and element in shipped().processes[process].by_id
    if "/" in reference:
        return reference in catalogue()
    form, _, path = reference.partition(".")
    return path in _fields(form) if path else _is_word(reference)


def _is_word(reference: str) -> bool:
    """Let the map speak of the settings that every step has."""
    return reference in {"dueIn", "remindBefore", "escalateTo"}


@cache
def _tests(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@cache
def _pages() -> frozenset[str]:
    from engine.application import Application
    from engine.clock import SystemClock
    from engine.database import Database
    from engine.settings import load_settings

    application = Application(
        load_settings({"CASETABLE_SECRET_KEY": "k" * 32}), Database("sqlite://"), SystemClock()
    )
    return frozenset(rule.rule for rule in create_app(application).url_map.iter_rules())


def _in_profile(rest: str) -> bool:
    profile, (section, _, name) = shipped().profile, rest.partition(".")
    if section == "text":
        return bool(profile.texts.get(name))
    if section == "role":
        return name in profile.roles
    if section == "list":
        return name == "disciplines" or name in profile.lists
    return rest in profile.parameters


@cache
def _fields(form: str) -> frozenset[str]:
    if form not in shipped().forms:
        return frozenset()
    return frozenset(field.path for field in shipped().forms[form].fields())


@pytest.mark.parametrize(("row", "reference"), REFERENCES)
def test_map_reference_exists(row: str, reference: str) -> None:
    assert exists(reference), f"{row}: {reference} is not there; was it renamed?"


@pytest.mark.parametrize(
    "wrong",
    [
        "signal_intake#check_nothing",
        "check_source.nothing",
        "case/do_nothing",
        "decision:nothing",
        "profile:nothing",
        "profile:text.nothing",
        "page:/nothing",
        "scenario:nothing",
        "test:tests/meta/test_requirement_map.py::test_nothing",
        "code:engine/nothing.py",
        "nothing",
    ],
)
def test_map_notices_a_reference_that_leads_nowhere(wrong: str) -> None:
    assert not exists(wrong)


def _claims() -> dict[str, set[str]]:
    """Return which scenarios say that they show a requirement."""
    claims: dict[str, set[str]] = {}
    for path in sorted((ROOT / "processes/scenarios").glob("*.toml")):
        named = tomllib.loads(path.read_text(encoding="utf-8")).get("requirements", [])
        for requirement in named:
            claims.setdefault(requirement, set()).add(path.stem)
    return claims


def test_scenarios_name_requirements_that_exist() -> None:
    unknown = set(_claims()) - {row.id for row in MAP}
    assert not unknown


@pytest.mark.parametrize("row", MAP, ids=lambda row: row.id)
def test_map_row_names_a_scenario_that_claims_to_show_it(row: Row) -> None:
    claimed = _claims().get(row.id, set())
    named = {one.partition(":")[2] for one in row.evidence if one.startswith("scenario:")}
    assert not claimed or claimed & named, f"name one of {sorted(claimed)}"


def test_each_scenario_shows_a_requirement() -> None:
    every = {path.stem for path in (ROOT / "processes/scenarios").glob("*.toml")}
    claiming = {name for names in _claims().values() for name in names}
    assert every == claiming, "say in `requirements` what it shows"


def test_map_evidence_is_written_in_the_last_column() -> None:
    wrong = [row.id for row in MAP if re.search(rf"`({'|'.join(SHOWS)})", row.where)]
    assert not wrong
