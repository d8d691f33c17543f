"""M8: all scenarios of one profile, years of a test clock, in as many processes as processors."""

from benchmarks.harness import Figure, measure, single
from engine.scenario import find_scenarios
from engine.scenario_run import run_scenarios
from engine.settings import ROOT


def run(*, quick: bool) -> list[Figure]:
    """Run the scenarios of the base; a quick look takes each tenth."""
    home = ROOT / "processes"
    files = find_scenarios(home, "base")[:: 10 if quick else 1]
    missed: list[str] = []

    def all_of_them() -> None:
        missed.extend(one.name for one in run_scenarios(home, files) if not one.passed)

    seconds = round(measure(all_of_them)[0] / 1000, 1)
    if missed:
        raise SystemExit(f"These scenarios do not pass: {', '.join(missed)}")
    return [single("M8", f"{len(files)} scenarios of one profile", seconds, "s", "<= 10")]
