"""Each measurement runs in a tiny size: one that nobody starts is broken when it is needed."""

import ast
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from benchmarks import casepage, comparison, crowd, timers, worklists
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


def test_library_and_engine_go_round_the_same_loop() -> None:
    found = {one.what: one for one in comparison.run(quick=True)}
    assert found["state of the engine, last : first loop"].reached < 1.2
    assert found["state of the library, last : first loop"].reached > 1.5


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
