"""Brings a case to where a page is interesting, by the product's own scenario fragments."""

import tomllib
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine.clock import TestClock
from engine.models import Case
from engine.scenario_world import World
from engine.settings import ROOT
from tests import ground
from tests.webui.site import Site

FRAGMENTS = ROOT / "processes" / "scenarios" / "fragments"
KINDS = ("start", "do", "after", "message")


def steps(name: str) -> list[dict[str, Any]]:
    """Return the steps of a fragment, after those that it uses itself."""
    data = tomllib.loads((FRAGMENTS / f"{name}.toml").read_text())
    before = [step for used in data.get("use", []) for step in steps(used)]
    return [*before, *data.get("step", [])]


def tell(site: Site, *fragments: str, until: str = "", anew: bool = False) -> Case:
    """Run fragments on the site's database and stop before the step `until`; return the case.

    `anew`: play them even if another test has; for a test that is about what happens on the way.
    """
    if anew:
        case_id = _run(site, fragments, until)
    else:
        told = ("tell", fragments, until)
        case_id = ground.once(site.application, told, lambda: _run(site, fragments, until))
    with site.application.database.reading() as session:
        return session.scalars(select(Case).where(Case.id == case_id)).one()


def _run(site: Site, fragments: tuple[str, ...], until: str) -> UUID:
    world: Any = World.__new__(World)
    world.application, world.clock = site.application, site.application.clock
    assert isinstance(world.clock, TestClock)
    with site.application.database.reading() as session:
        world.zone = site.application.deployment(session).profile.zone
    world._case_id = None
    for step in (one for name in fragments for one in steps(name)):
        if until and step.get("do") == until:
            break
        kind = next((kind for kind in KINDS if kind in step), None)
        if kind:
            assert world.take(kind, step) == []
    found: UUID = world._case_id
    return found
