"""Scenarios say what went otherwise than told, and never stop the others."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.commandline import casetable
from engine.errors import InputError
from engine.scenario import read_scenario
from engine.scenario_run import Result, run_file, run_scenarios
from tests.engine import small

Write = Callable[[str, str], Path]

START = """
[[step]]
start = "signal_received"
"""
ASK = """
[[step]]
do = "ask"
as = "{who}"
[step.answers]
choice = "{choice}"
reason = "Because."
"""
ANNA = ASK.format(who="intake.anna", choice="go_on")
BRAM = ASK.format(who="intake.bram", choice="stop").replace('"ask"', '"decide"')


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Path]:
    small.Switch.broken = False
    yield small.write_processes(tmp_path / "processes")
    small.Switch.broken = False


@pytest.fixture
def write(processes: Path) -> Write:
    (processes / "scenarios/fragments").mkdir(parents=True)

    def written(name: str, text: str) -> Path:
        path = processes / "scenarios" / f"{name}.toml"
        path.write_text(
            text if "\ntitle" in text or "title" in text[:6] else f'title = "T"\n{text}'
        )
        return path

    return written


def _run(processes: Path, path: Path) -> Result:
    return run_file(processes, path)


def test_scenario_passes_when_all_happens_as_told(processes: Path, write: Write) -> None:
    told = (
        START + ANNA + BRAM + '[[step]]\nafter = "P30D"\n[[step]]\n[step.expect]\nowed = []\n'
        'timers = []\nnotices = ["work_item_new"]\n'
    )
    result = _run(processes, write("all", told))
    assert result.problems == ()
    assert [line.split()[2] for line in result.log] == ["start", "do", "do", "after", "expect"]
    assert "2026-02-14" in result.log[-1]


def test_scenario_names_the_step_and_what_was_otherwise(processes: Path, write: Write) -> None:
    result = _run(processes, write("wrong", START + '[[step]]\n[step.expect]\nowed = ["decide"]\n'))
    assert not result.passed
    assert len(result.problems) == 1
    assert result.problems[0].startswith("step 2 (expect ")
    assert "owed should be ['decide'], but is ['ask']" in result.problems[0]


def test_scenario_names_who_may_not_and_what_is_owed(processes: Path, write: Write) -> None:
    twice = ANNA + ASK.format(who="intake.anna", choice="stop").replace('"ask"', '"decide"')
    [problem] = _run(processes, write("twice", START + twice)).problems
    assert problem.startswith("step 3 (do decide): You did the step")
    [problem] = _run(processes, write("early", START + BRAM)).problems
    assert problem == "step 2 (do decide): nobody owes this now; owed: ask"


def test_scenario_ends_at_the_first_wrong_step(processes: Path, write: Write) -> None:
    result = _run(processes, write("first", START + BRAM + BRAM))
    assert len(result.problems) == 1
    assert len(result.log) == 2


def test_scenario_refuses_what_should_be_refused_in_the_words_told(
    processes: Path, write: Write
) -> None:
    refused = ANNA.replace("do =", "refused =").replace('as = "intake.anna"', 'as = "chair.clara"')
    good = refused.replace("[step.answers]", 'says = "not for you"\n[step.answers]')
    assert _run(processes, write("good", START + good)).passed
    other = refused.replace("[step.answers]", 'says = "too late"\n[step.answers]')
    [problem] = _run(processes, write("other", START + other)).problems
    assert "refused with other words" in problem
    possible = ANNA.replace("do =", "refused =")
    [problem] = _run(processes, write("possible", START + possible)).problems
    assert "should have been refused" in problem


def test_scenario_stops_at_the_step_at_which_the_engine_fails(
    processes: Path, write: Write
) -> None:
    small.Switch.broken = True
    told = START + ANNA + BRAM
    [problem] = _run(processes, write("broken", told)).problems
    assert problem.startswith("step 3 (do decide): the step behind it failed: ")
    assert "did not answer" in problem


def test_scenario_is_played_under_the_values_it_gives(processes: Path, write: Write) -> None:
    told = '[[step]]\n[step.expect]\ndue = { ask = "2026-01-22" }\nnotices = ["work_item_new"]\n'
    early = '[[step]]\nafter = "P3D"\n[[step]]\n[step.expect]\n'
    reminded = early + 'notices = ["work_item_new", "work_item_reminder"]\n'
    path = write("values", '[values]\nremind_before = "P5D"\n' + START + told + reminded)
    assert _run(processes, path).problems == ()
    plain = write("plain", START + told + reminded)
    assert "work_item_reminder" in _run(processes, plain).problems[0]
    unknown = write("unknown", "[values]\nno_such_value = 1\n" + START)
    assert "no_such_value" in _run(processes, unknown).problems[0]


def test_scenario_leaves_nothing_to_the_next_one(processes: Path, write: Write) -> None:
    first = write("first", START + ANNA)
    alone = write("alone", START + '[[step]]\n[step.expect]\nowed = ["ask"]\nepisode_number = 1\n')
    results = list(run_scenarios(processes, [first, alone, first, alone], jobs=1))
    assert [result.problems for result in results] == [(), (), (), ()]


def test_scenario_begins_with_its_fragments_in_their_order(processes: Path, write: Write) -> None:
    write("fragments/begun", START)
    write("fragments/asked", 'use = ["begun"]\n' + ANNA)
    path = write("told", 'use = ["asked"]\n' + BRAM)
    assert [next(iter(step)) for step in read_scenario(path).steps] == ["start", "do", "do"]
    assert _run(processes, path).passed
    lost = write("lost", 'use = ["nowhere"]\n' + BRAM)
    assert "nowhere.toml" in _run(processes, lost).problems[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = \n", "not readable as TOML"),
        ('title = "T"\n[[step]]\nleap = "far"\n', "step 1"),
        ('title = "T"\n[[step]]\nstart = "signal_received"\ndo = "ask"\n', "step 1"),
        ('starts = "2026-01-15"\n# title\n' + START, "title"),
    ],
)
def test_scenario_that_cannot_be_read_is_its_own_problem(
    processes: Path, write: Write, text: str, words: str
) -> None:
    path = processes / "scenarios/bad.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_scenario(path)
    good = write("good", START)
    bad, fine = run_scenarios(processes, [path, good], jobs=1)
    assert words in bad.problems[0]
    assert fine.passed


def test_scenarios_come_in_their_order_from_several_processes(
    processes: Path, write: Write
) -> None:
    paths = [write(f"s{number}", START + ANNA * (number % 2)) for number in range(6)]
    paths.insert(2, write("bad", START + BRAM))
    together = list(run_scenarios(processes, paths, jobs=2))
    assert together == list(run_scenarios(processes, paths, jobs=1))
    assert [result.name for result in together] == ["s0", "s1", "bad", "s2", "s3", "s4", "s5"]
    assert [result.passed for result in together] == [True, True, False, True, True, True, True]


def test_scenario_run_ends_with_the_count_and_a_code_for_machines(
    processes: Path, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CASETABLE_PROCESSES_DIR", str(processes))
    monkeypatch.setenv("CASETABLE_DATA_DIR", str(tmp_path))
    write("good", START)
    runner = CliRunner()
    fine = runner.invoke(casetable, ["scenario", "run", "--jobs", "1"])
    assert fine.exit_code == 0
    assert fine.output.splitlines()[-1] == "1 passed, 0 failed"
    write("wrong", START + BRAM)
    failed = runner.invoke(casetable, ["scenario", "run", "--jobs", "1"])
    assert failed.exit_code == 1
    assert failed.output.splitlines()[-1] == "1 passed, 1 failed"
    assert "nobody owes this now" in failed.output
    named = runner.invoke(casetable, ["scenario", "run", str(processes / "scenarios/good.toml")])
    assert named.exit_code == 0
