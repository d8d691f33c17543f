"""`python -m benchmarks`: takes the figures, prints them, writes them to benchmarks/results."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import click

from benchmarks import (
    casepage,
    comparison,
    floor,
    growth,
    migrating,
    proving,
    sealing,
    starting,
    stories,
    timers,
    verifying,
    web,
    worklists,
)
from benchmarks.harness import Figure, database, load, machine, table
from benchmarks.picture import draw
from benchmarks.place import POSTGRES, postgres_is_there

RESULTS = Path(__file__).parent / "results"
KEPT = Path(__file__).parent / "figures"
"""One run of a quiet machine, kept in the repository: the same table and picture."""
ON_EACH: dict[str, Callable[..., list[Figure]]] = {
    "M1": web.run,
    "M2": growth.run,
    "M4": timers.run,
    "M5": worklists.run,
    "M6": casepage.run,
    "M9": migrating.run,
    "S12": verifying.run,
}
"""What is measured on each database; M1b comes with M2."""
ONCE: dict[str, Callable[..., list[Figure]]] = {
    "M3": floor.run,
    "M7": proving.run,
    "M8": stories.run,
    "M10": starting.run,
    "S14": sealing.run,
    "compare": comparison.run,
}


@click.command()
@click.option("--only", default="", help="Which goals, by comma; all without it.")
@click.option("--quick", is_flag=True, help="Small sizes and few runs, for a first look.")
@click.option("--keep", is_flag=True, help="Write the table and the picture to be kept, too.")
def main(only: str, *, quick: bool, keep: bool) -> None:
    """Measure the goals of speed side by side in one run."""
    wanted = {name.strip() for name in only.split(",") if name.strip()} or {*ON_EACH, *ONCE}
    unknown = wanted - {*ON_EACH, *ONCE}
    if unknown:
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: choose of {[*ON_EACH, *ONCE]}.")
    kinds = ["sqlite", *(["postgres"] if postgres_is_there() else [])]
    before, figures = load(), list[Figure]()
    try:
        for figure in _taken(wanted, kinds, quick=quick):
            said = f"{figure.what}: {figure.reached:g} {figure.unit}"
            click.echo(f"{figure.goal_id:<5} {said}", err=True)
            figures.append(figure)
    finally:
        # What was taken before one failed took its time, too.
        _tell(sorted(figures, key=_order), before, quick=quick, keep=keep)


def _tell(figures: list[Figure], before: str, *, quick: bool, keep: bool) -> None:
    click.echo(table(figures))
    click.echo(f"\nLoad of the machine before and after: {before} / {load()}")
    _write(RESULTS / "latest", figures, before, quick=quick)
    if keep:
        _write(KEPT, figures, before, quick=quick)


def _taken(wanted: set[str], kinds: list[str], *, quick: bool) -> Iterator[Figure]:
    for name, run in ON_EACH.items():
        for kind in kinds if name in wanted else ():
            yield from _alone(run, kind, quick=quick)
    for name, run in ONCE.items():
        if name in wanted:
            yield from _alone(run, quick=quick)


def _alone(run: Callable[..., list[Figure]], *kind: str, quick: bool) -> list[Figure]:
    """Take figures in a process of their own: none has the memory or the caches of another."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as one:
        return one.submit(run, *kind, quick=quick).result()


def _order(one: Figure) -> tuple[str, int, str]:
    number = "".join(letter for letter in one.goal_id if letter.isdigit())
    return one.goal_id[:1], int(number or 0), one.goal_id


def _write(path: Path, figures: list[Figure], before: str, *, quick: bool) -> None:
    path.parent.mkdir(exist_ok=True)
    size = "small sizes, for a first look" if quick else "full sizes"
    facts = {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": ", ".join([machine(), *([database(POSTGRES)] if postgres_is_there() else [])]),
        "sizes": size,
        "load_before": before,
        "load_after": load(),
        "figures": [entry.as_dict() for entry in figures],
    }
    path.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n")
    path.with_suffix(".md").write_text(
        f"Taken {facts['taken']} with {size}, on {facts['machine']}; load {before} before and "
        f"{facts['load_after']} after. What others reached was measured on a machine of two "
        f"processors in November 2026.\n\n![Reached against goal]({path.stem}.svg)\n\n"
        f"{table(figures)}\n"
    )
    told = f"{facts['taken']}, {size}, load {before} before and {facts['load_after']} after"
    path.with_suffix(".svg").write_text(draw(figures, str(facts["machine"]), told))


if __name__ == "__main__":
    main()
