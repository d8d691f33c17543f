"""Each measurement runs in a tiny size: one that nobody starts is broken when it is needed."""

import ast
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from benchmarks import casepage, comparison, crowd, forty, timers, worklists
from benchmarks.__main__ import ON_EACH, ONCE
from benchmarks.harness import figure, ninety_fifth, single, table
from benchmarks.picture import draw
from benchmarks.place import Place, place
from benchmarks.web import fetch, signed_in
from engine import agenda
from engine.models import Case, CaseKey, Timer, WorkItem
from engine.settings import ROOT
from engine.xml import parse_xml
from tests.meta.house import files, name_of

FEW, MANY = 20, 30
STATES = ("SpiffWorkflow", "bpmn-engine", "the engine's state in one row")


@pytest.fixture(scope="module")
def crowded() -> Iterator[Place]:
    with place("sqlite") as found:
        worklists.populate(found, FEW, MANY)
        yield found


def test_crowd_of_cases_is_shown_to_its_people(crowded: Place) -> None:
    with crowded.application.database.reading() as session:
        counted = select(func.count()).select_from(WorkItem).where(WorkItem.state == "open")
        assert session.scalar(counted) == 2 * MANY + 1
    for page in worklists.PAGES:
        fetch(signed_in(crowded, page.username), page.path)
    shown = fetch(signed_in(crowded, worklists.PERSON), "/")
    assert shown.count("<tr>") > 5


def test_timers_are_found_and_fired(crowded: Place) -> None:
    timers.add_timers(crowded, 3)
    crowd.give_keys(crowded)
    with crowded.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CaseKey)) == MANY + 1
        found = agenda.find_due(session, crowded.clock.now(), 1000)
        assert [one.kind for one in found].count("timer") == MANY + 1
        assert session.scalar(select(func.count()).select_from(Timer)) >= 3 * (MANY + 1)


def test_case_of_years_is_read_by_pages() -> None:
    with place("sqlite") as found:
        casepage.play(found.player(), *casepage.STANDING[:1])
        casepage.add_years(found, 60)
        with found.application.database.reading() as session:
            code = session.scalars(select(Case.code)).one()
        client = signed_in(found, "chair.clara")
        assert "page=2" in fetch(client, f"/cases/{code}/timeline")


def test_engines_of_others_and_ours_go_round_the_same_loop() -> None:
    found = {one.what: one for one in comparison.run(quick=True)}
    grown = {what: found[f"state, last : first loop: {what}"].reached for what in STATES}
    assert grown["the engine's state in one row"] < 1.2
    assert grown["SpiffWorkflow"] > 1.5
    stored = {what: found[f"state at the last loop: {what}"].reached for what in STATES}
    assert min(stored, key=lambda what: stored[what]) == "the engine's state in one row"
    assert found["a step at the 10th loop: bpmn-engine (JavaScript), JSON in one file"].reached > 0


def test_model_of_forty_nodes_is_the_same_in_one_file() -> None:
    apart = [parse_xml(text.encode(), file=name) for name, text in forty.files().items()]
    whole = parse_xml(forty.one_file("leave").encode(), file="all.bpmn")
    assert sorted(one.tag for root in apart for one in root.iter() if one is not root) == sorted(
        one.tag for one in whole.iter() if one is not whole
    )
    ids = [one.get("id") for one in whole.iter() if one.get("id")]
    assert len(ids) == len(set(ids))


def test_figures_are_told_and_drawn() -> None:
    times = [float(number) for number in range(1, 21)]
    figures = [
        figure("M1", "a step", times, unit="ms", goal="<= 10 ms"),
        ninety_fifth("M5", "a <page>", times, unit="ms", goal="<= 30"),
        single("M4", "firings", 500, "a second", ">= 400"),
        single("M7", "states", 7, "", ""),
    ]
    assert [one.ratio for one in figures] == [1.05, 19.0 / 30, 0.8, None]
    told = table(figures)
    assert told.count("**missed**") == 1
    assert told.count("| reached |") == 1 + 2
    drawn = draw(figures, "a machine", "today")
    root = parse_xml(drawn.encode(), file="figures.svg")
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 1 + 2 + 3
    assert "a &lt;page&gt;" in drawn


def test_every_goal_of_speed_has_a_measurement() -> None:
    assert {f"M{number}" for number in range(1, 11)} <= {*ON_EACH, *ONCE}


def test_one_module_alone_knows_the_library() -> None:
    modules = [path for path in files("benchmarks") if path.suffix == ".py"]
    found = {name_of(path) for path in modules if _imports_library(path.read_text())}
    assert found == {"benchmarks/library.py"}
    assert "engine" not in _imported((ROOT / "benchmarks/library.py").read_text())


def _imports_library(source: str) -> bool:
    return "SpiffWorkflow" in _imported(source)


def _imported(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    names = [one.name for node in nodes if isinstance(node, ast.Import) for one in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}
