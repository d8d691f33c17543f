"""A story goes on where another one with the same beginning has come to, and nothing differs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine import scenario_run
from engine.inheritance import known
from engine.models import Base
from engine.scenario import find_scenarios, fragments_of
from engine.scenario_beginning import Beginnings
from engine.scenario_ground import shared_database
from engine.scenario_run import Result, run_file
from engine.settings import ROOT
from tests.engine import small

HOME = ROOT / "processes"
FULL = os.environ.get("CASETABLE_TORTURE") == "yes"
START = '[[step]]\nstart = "signal_received"\n'
ANNA = '[[step]]\ndo = "ask"\nas = "intake.anna"\n[step.answers]\nchoice = "go_on"\nreason = "R."\n'
OWED = '[[step]]\n[step.expect]\nowed = ["decide"]\n'


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Beginnings:
    """Beginnings of this test alone."""
    own = Beginnings()
    monkeypatch.setattr(scenario_run, "_BEGINNINGS", own)
    return own


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    small.Switch.broken = False
    folder = small.write_processes(tmp_path / "processes") / "scenarios"
    (folder / "fragments").mkdir(parents=True)

    def written(name: str, text: str) -> Path:
        path = folder / f"{name}.toml"
        path.write_text(text if name.startswith("fragments/") else f'title = "T"\n{text}')
        return path

    yield written
    small.Switch.broken = False


def _run(path: Path) -> Result:
    return run_file(path.parent.parent, path)


def _rows() -> dict[str, int]:
    """Count the rows of each table of the world that was played last."""
    with shared_database().reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize("code", known(HOME) if FULL else ["base", "nl"])
def test_story_goes_the_same_way_from_a_copy_as_from_the_start(code: str, kept: Beginnings) -> None:
    parts = fragments_of(HOME, code)
    told = [path for path in find_scenarios(HOME, code) if "use = [" in path.read_text()]
    gone_on = 0
    for path in told if FULL else told[::12]:
        run_file(HOME, path, code, parts)
        again, rows = run_file(HOME, path, code, parts), _rows()
        gone_on += bool(kept._kept)
        kept._kept.clear()
        alone = run_file(HOME, path, code, parts)
        assert (again, rows) == (alone, _rows()), path.name
        assert again.passed
    assert gone_on


@pytest.mark.usefixtures("kept")
def test_part_is_played_once_for_all_stories_that_begin_with_it(
    write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("fragments/asked", START + ANNA)
    taken: list[str] = []
    real = scenario_run._take

    def counted(world: object, number: int, kind: str, step: object) -> list[str]:
        taken.append(f"{number} {kind}")
        return real(world, number, kind, step)  # type: ignore[arg-type]

    monkeypatch.setattr(scenario_run, "_take", counted)
    one = _run(write("one", 'use = ["asked"]\n' + OWED))
    other = _run(write("other", 'use = ["asked"]\n[[step]]\nafter = "P1D"\n' + OWED))
    assert (one.problems, other.problems) == ((), ())
    assert taken == ["1 start", "2 do", "3 expect", "3 after", "4 expect"]
    assert other.log[:2] == one.log[:2]
    assert [line.split()[0] for line in other.log] == ["1.", "2.", "3.", "4."]


def test_beginning_that_went_wrong_is_not_kept(
    kept: Beginnings, write: Callable[[str, str], Path]
) -> None:
    write("fragments/wrong", START + ANNA.replace('"go_on"', '"fly"'))
    first, second = (_run(write(name, 'use = ["wrong"]\n' + OWED)) for name in ("one", "other"))
    assert first.problems == second.problems
    assert first.problems[0].startswith("step 2 (do ask)")
    assert not kept._kept


@pytest.mark.parametrize(
    "other",
    ['starts = "2026-03-01"\n', '[values]\nremind_before = "P5D"\n'],
    ids=["another day", "another value"],
)
def test_story_of_another_day_or_value_begins_for_itself(
    kept: Beginnings, write: Callable[[str, str], Path], other: str
) -> None:
    write("fragments/begun", START)
    assert _run(write("one", 'use = ["begun"]\n' + ANNA)).passed
    # In TOML a table ends what stands before it, so `use` comes first.
    later = _run(write("later", f'use = ["begun"]\n{other}{ANNA}'))
    assert later.passed
    assert len(kept._kept) == 2
    assert ("2026-03-01" in later.log[0]) == ("starts" in other)


@pytest.mark.usefixtures("kept")
def test_changed_step_of_a_part_is_another_beginning(write: Callable[[str, str], Path]) -> None:
    path = write("story", 'use = ["waited"]\n' + ANNA)
    days = []
    for duration in ("P1D", "P2D", "P1D"):
        write("fragments/waited", f'{START}[[step]]\nafter = "{duration}"\n')
        result = _run(path)
        assert result.passed
        days.append(result.log[-1].split()[1])
    assert days == ["2026-01-16", "2026-01-17", "2026-01-16"]


def test_only_so_many_beginnings_are_kept_and_the_oldest_goes_first(
    monkeypatch: pytest.MonkeyPatch, write: Callable[[str, str], Path]
) -> None:
    own = Beginnings(most=2)
    monkeypatch.setattr(scenario_run, "_BEGINNINGS", own)
    for number in range(4):
        write(f"fragments/part{number}", f'{START}[[step]]\nafter = "P{number + 1}D"\n')
    paths = [write(f"s{number}", f'use = ["part{number}"]\n{ANNA}') for number in range(4)]
    for path in (paths[0], paths[1], paths[0], paths[2]):
        assert _run(path).passed
    days = [begun.log[-1].split()[-1] for begun in own._kept.values()]
    assert days == ["P1D", "P3D"]
