"""`python -m tests.golden VERSION`: keeps a case in flight for each state in which one waits.

It is run once for each release, and what it writes is committed with it.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.golden.finish import Step, answers_of, finish
from tests.golden.kept import ENDING, FOLDER, InFlight, pack
from tests.golden.play import Stage, has_ended, plain, stories, waits


@dataclass(frozen=True)
class Stop:
    """A place in a story at which a case waits."""

    story: str
    number: int
    waits: frozenset[str]


def stops(stage: Stage) -> tuple[list[Stop], frozenset[str]]:
    """Play every story; return where its case waits for what, and which stories end."""
    found, ended = [], set()
    for name, story in stories().items():
        seen = [(n, waits(player.application)) for n, player in enumerate(stage.play(story), 1)]
        found += [Stop(name, number, what) for number, what in seen if what]
        if not seen[-1][1]:
            ended.add(name)
    return found, frozenset(ended)


def choose(found: list[Stop], ended: frozenset[str]) -> list[Stop]:
    """Choose few stops at which together everything is waited for; rather of stories that end."""
    missing = {one for stop in found for one in stop.waits}
    chosen = []
    while missing:
        best = max(
            found,
            key=lambda stop: (len(stop.waits & missing), stop.story in ended, -stop.number),
        )
        chosen.append(best)
        missing -= best.waits
    return sorted(chosen, key=lambda stop: (stop.story, stop.number))


def keep(stage: Stage, stop: Stop, number: int, known: Mapping[str, list[Step]]) -> Any:
    """Play to a stop, keep the database, and find out how the case comes to its end."""
    story = stories()[stop.story]
    *_, player = stage.play(story, stop.number)
    now, case_id, content = player.clock.now(), player.case_id, stage.content()
    *_, player = stage.play(story)
    rest = [*story.steps[stop.number :], *finish(player, known)]
    ended = has_ended(player.application)
    print(stop.story, stop.number, len(rest), "ended" if ended else "goes on", flush=True)  # noqa: T201
    case = InFlight(
        name=f"{number:02}.sqlite",
        story=f"{stop.story} {stop.number}",
        waits=tuple(sorted(stop.waits)),
        now=now.isoformat(),
        zone=str(player.zone),
        case_id=str(case_id),
        master_keys=stage.master_keys,
        steps=plain(rest),
        ended=ended,
    )
    return case, content


def main(version: str) -> None:
    """Write the packed release of a version."""
    stage = Stage()
    found, ended = stops(stage)
    known = answers_of({name: (story, name in ended) for name, story in stories().items()})
    left = [keep(stage, stop, n, known) for n, stop in enumerate(choose(found, ended))]
    path = FOLDER / f"{version}{ENDING}"
    pack(path, left)
    kept = {one for case, _ in left for one in case.waits}
    print(f"{len(left)} cases, {len(kept)} waits, {path.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
