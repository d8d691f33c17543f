"""R12: cases that an earlier release has left are loaded by this one and come to their end.

A part of them is tried in each run, another one with each commit; all by `make torture ONLY=R12`.
`python -m tests.golden VERSION` keeps those of a release.
"""

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import scenario, verification
from engine.models import Incident
from tests import turn
from tests.goal import Figure
from tests.golden.kept import ENDING, InFlight, read, releases, unpack
from tests.golden.play import has_ended, open_kept, waits

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
PARTS = 8
RELEASES = releases()
LEFT = [(release, case) for release in RELEASES for case in read(release)]
CHOSEN = LEFT if ALL else LEFT[int(turn.TURN or "0", 16) % PARTS :: PARTS]


@pytest.mark.parametrize(
    ("release", "case"), CHOSEN, ids=[f"{r.name.removesuffix(ENDING)} {c.story}" for r, c in CHOSEN]
)
def test_case_that_a_release_left_comes_to_its_end(
    release: Path, case: InFlight, tmp_path: Path, figure: Figure
) -> None:
    [path] = unpack(release, [case.name], tmp_path)
    player = open_kept(path, case)
    try:
        assert waits(player.application) == set(case.waits)
        for number, step in enumerate(case.steps):
            assert player.take(scenario.step_kind(step), step) == [], (number, step)
        assert has_ended(player.application)
        assert player.broken_rules() == []
        with player.application.database.reading() as session:
            assert verification.verify(session).breaks == []
            assert session.scalars(select(Incident.message)).all() == []
    finally:
        player.application.database.close()
    figure("R12", cases=1, steps=len(case.steps), ended=1)
