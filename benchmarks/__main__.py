"""`python -m benchmarks`: takes the figures, prints them, writes them to benchmarks/results."""

import json
import platform
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks import floor, growth, migrating, sealing, verifying, web
from benchmarks.harness import Figure, load, table
from benchmarks.place import postgres_is_there

RESULTS = Path(__file__).parent / "results"


@click.command()
@click.option(
    "--only", default="M1,M2,M3,M9,S12,S14", show_default=True, help="Which goals, by comma."
)
@click.option("--quick", is_flag=True, help="Fewer runs, for a first look.")
def main(only: str, *, quick: bool) -> None:
    """Measure the goals of speed side by side in one run."""
    wanted = {name.strip() for name in only.split(",")}
    kinds = ["sqlite", *(["postgres"] if postgres_is_there() else [])]
    before = load()
    figures: list[Figure] = []
    for kind in kinds:
        if "M1" in wanted:
            figures += web.run(kind, quick=quick)
        if "M2" in wanted:
            figures += growth.run(kind, quick=quick)
        if "M9" in wanted:
            figures += migrating.run(kind, quick=quick)
        if "S12" in wanted:
            figures += verifying.run(kind, quick=quick)
    if "M3" in wanted:
        figures += floor.run(quick=quick)
    if "S14" in wanted:
        figures += sealing.run(quick=quick)
    text = table(figures)
    click.echo(text)
    click.echo(f"\nLoad of the machine before and after: {before} / {load()}")
    _write(figures, text, before)


def _write(figures: list[Figure], text: str, before: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    facts = {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "load_before": before,
        "load_after": load(),
        "figures": [entry.as_dict() for entry in figures],
    }
    (RESULTS / "latest.json").write_text(json.dumps(facts, indent=2) + "\n")
    (RESULTS / "latest.md").write_text(
        f"Taken {facts['taken']}, Python {facts['python']}, load {before} before and "
        f"{facts['load_after']} after.\n\n{text}\n"
    )


if __name__ == "__main__":
    main()
