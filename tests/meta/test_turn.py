"""Where time is short, a test of pages runs on one database system, and on the other one next."""

from engine.settings import ROOT
from tests.turn import ALWAYS, BY_PARTS, BY_TURNS, ON_BOTH, SYSTEMS, is_in_part, system_at


def test_two_turns_after_each_other_run_every_test_on_both_systems() -> None:
    for name in (f"tests/webui/test_page.py::test_{number}[*]" for number in range(200)):
        for turn in range(15):
            both = {system_at(name, f"{turn:x}"), system_at(name, f"{turn + 1:x}")}
            assert both == set(SYSTEMS)


def test_a_turn_runs_about_half_of_all_on_each_system() -> None:
    names = [f"tests/webui/test_page.py::test_{number}[*]" for number in range(400)]
    on_first = sum(system_at(name, "a") == SYSTEMS[0] for name in names)
    assert 120 < on_first < 280


def test_four_turns_run_every_test_on_both_systems_in_both_halves() -> None:
    for name in (f"tests/webui/test_page.py::test_{number}[*]" for number in range(200)):
        for turn in range(0, 16, 4):
            four = [f"{one:x}" for one in range(turn, turn + 4)]
            run = {system_at(name, one) for one in four if is_in_part(name, one)}
            assert run == set(SYSTEMS)


def test_eight_turns_run_every_test_on_both_systems_in_all_fourths() -> None:
    for name in (f"tests/webui/test_page.py::test_{number}[*]" for number in range(200)):
        for turn in range(0, 16, 8):
            eight = [f"{one:x}" for one in range(turn, turn + 8)]
            run = [system_at(name, one) for one in eight if is_in_part(name, one, 4)]
            assert sorted(run) == sorted(SYSTEMS)


def test_what_is_named_is_there() -> None:
    for start in (*BY_TURNS, *ON_BOTH, *BY_PARTS, *ALWAYS):
        folder, _, rest = start.partition("::")[0].rpartition("/")
        assert list((ROOT / folder).glob(f"{rest}*")), start
