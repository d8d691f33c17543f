"""Small mistakes in the policy are noticed by the tables written by hand (S1).

Every run plants some, `make torture` all. What cannot be noticed here,
because it changes nothing but the number of statements, is listed in harmless.csv with its reason.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from types import ModuleType

import pytest

from engine import deputy, linked_file, membership_rows, policy, separate_file
from engine.access import casefile, condition, listing, person, question, standing, step
from engine.models import admission
from engine.reading import contribution, hold, incident, viewer
from tests.authz import hall, two_files
from tests.authz.door import Door, build, objections
from tests.authz.jury import Jury
from tests.authz.mutant import Mutant, mutants
from tests.authz.table import table
from tests.engine.apart import structure
from tests.goal import Figure
from webui import guard

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
SOME, SEED = 8, 20261129
ACCESS = (standing, condition, person, listing, step, casefile, question)
READING = (viewer, contribution, incident, hold)
APART = (separate_file, linked_file, admission)
"""What decides about files that are kept apart."""
MODULES = (*ACCESS, policy, deputy, membership_rows, *READING, *APART)
HARMLESS = {
    (row["module"], row["function"], row["mutant"]): row["reason"] for row in table("harmless")
}


def named(mutant: Mutant) -> tuple[str, str, str]:
    """Return how harmless.csv names a mistake."""
    return mutant.module.__name__, mutant.within, mutant.what


def harmful(module: ModuleType) -> list[Mutant]:
    """Return the mistakes in a module that somebody has to notice."""
    every = list(mutants(module))
    return [one for one in every if named(one) not in HARMLESS]


POLICY = [mutant for module in MODULES for mutant in harmful(module)]
DOOR = harmful(guard)
if not ALL:
    POLICY = random.Random(SEED).sample(POLICY, SOME)


@pytest.fixture(scope="module")
def jury(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jury]:
    folder = tmp_path_factory.mktemp("hall")
    both = two_files.opened(folder, structure().profile)
    with hall.opened(folder, full=False) as found, both as apart:
        yield Jury(found, apart)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutant", POLICY, ids=str)
def test_mistake_in_the_policy_is_noticed(jury: Jury, mutant: Mutant, figure: Figure) -> None:
    with mutant.at_work():
        objection = jury.objection()
    figure("S1", mistakes=1, noticed=int(bool(objection)))
    assert objection, f"nothing speaks against: {mutant}"


@pytest.mark.skipif(not ALL, reason="tests/authz/test_standing.py asks the same on every run")
@pytest.mark.timeout(900)
def test_policy_as_it_is_is_right_before_and_after(jury: Jury) -> None:
    with next(mutants(question)).at_work():
        jury.objection()
    assert jury.objection() == ""


def test_harmless_mistakes_are_there_and_have_a_reason() -> None:
    there = Counter(named(one) for module in (*MODULES, guard) for one in mutants(module))
    # A name that fits two mistakes would excuse one that nobody has looked at.
    assert {name: there[name] for name in HARMLESS} == dict.fromkeys(HARMLESS, 1)
    assert all(len(reason) > 20 for reason in HARMLESS.values())


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    return build(tmp_path_factory.mktemp("door"))


def test_door_answers_as_it_must(door: Door) -> None:
    assert list(objections(door)) == []


@pytest.mark.parametrize("mutant", DOOR, ids=str)
def test_mistake_at_the_door_is_noticed(door: Door, mutant: Mutant, figure: Figure) -> None:
    with mutant.at_work():
        objection = next(objections(door), "")
    figure("S1", mistakes_at_the_door=1, noticed=int(bool(objection)))
    assert objection, f"nothing speaks against: {mutant}"
