"""`casetable verify --running`: the rules for the cases that run, each from where it stands."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
import orjson

from engine.profile import Profile
from engine.proof.report import broken_by
from engine.running import Together

MOST_CODES = 20


def verify_running(*, as_json: bool) -> bool:
    """Print where the running cases stand and what they can still break; say whether all hold."""
    from engine.application import open_application
    from engine.running import prove_running

    application = open_application()
    with application.database.reading() as session:
        found = prove_running(application, session)
        profiles = {
            one.deployment_id: application.deployments.get(session, one.deployment_id).profile
            for one in found
        }
    click.echo(for_machines(found) if as_json else told(found, profiles))
    return all(one.proof.holds for one in found)


def told(found: Iterable[Together], profiles: Mapping[str, Profile]) -> str:
    """Return a line for each place with its cases, and beneath it what can still be broken."""
    groups = list(found)
    lines = [line for one in groups for line in _told(one, profiles[one.deployment_id])]
    cases = len({code for one in groups for code in one.codes})
    broken = sum(not one.proof.holds for one in groups)
    said = f"{broken} can break a rule" if broken else "all rules hold from each"
    places = "1 place" if len(groups) == 1 else f"{len(groups)} places"
    closing = f"{_count(cases)} in {places}: {said}." if groups else "No case runs."
    return "\n".join([*lines, closing])


def _told(one: Together, profile: Profile) -> Iterator[str]:
    codes = ", ".join(one.codes[:MOST_CODES])
    more = f" and {len(one.codes) - MOST_CODES} more" if len(one.codes) > MOST_CODES else ""
    places = ", ".join(one.places)
    yield (
        f"{'holds ' if one.proof.holds else 'BROKEN'}  {_count(len(one.codes))} of {one.process} "
        f"on {one.deployment_id[:12]} at {places}: {codes}{more}"
    )
    for verdict in one.proof.verdicts:
        if not verdict.holds:
            yield f"        {verdict.rule.id}  {verdict.rule.sentence}"
            yield from (f"            {line}" for line in broken_by(one.proof, verdict, profile))


def _count(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"


def for_machines(found: Iterable[Together]) -> str:
    """Return the same as JSON: for each place its cases and the rules that can be broken."""
    return orjson.dumps([_as_dict(one) for one in found], option=orjson.OPT_INDENT_2).decode()


def _as_dict(one: Together) -> dict[str, Any]:
    return {
        "deployment": one.deployment_id,
        "process": one.process,
        "places": one.places,
        "cases": one.codes,
        "states": one.proof.states,
        "broken": [verdict.rule.id for verdict in one.proof.verdicts if not verdict.holds],
    }
