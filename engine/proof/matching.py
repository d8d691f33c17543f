"""Finds the drawn steps that a rule's moment means."""

from dataclasses import fields

from engine.expression import Expression
from engine.proof.net import Net
from engine.proof.rule import Check, Moment


def _asked(moment: Moment) -> dict[str, str]:
    """Return what a moment asks of a step, leaving its condition aside."""
    given = ((one.name, getattr(moment, one.name)) for one in fields(moment) if one.name != "when")
    return {name: value for name, value in given if value}


def steps_of(net: Net, moments: tuple[Moment, ...]) -> dict[int, tuple[Expression | None, ...]]:
    """Return the steps that one of the moments means, each with the conditions it may meet."""
    found: dict[int, list[Expression | None]] = {}
    for moment in moments:
        asked = [net.saying.get(pair, frozenset()) for pair in _asked(moment).items()]
        meant = frozenset.intersection(*asked) if asked else range(len(net.nodes))
        for key in meant:
            found.setdefault(key, []).append(moment.when)
    return {key: tuple(found[key]) for key in sorted(found)}


def all_moments(check: Check) -> tuple[Moment, ...]:
    """Return every moment that a check names."""
    needed = tuple(moment for group in check.needs for moment in group)
    return (
        *check.at,
        *needed,
        *check.since,
        *check.after,
        *check.until,
        *check.unless,
        *check.asked,
    )


def asked_after(net: Net, checks: tuple[Check, ...]) -> dict[int, frozenset[str]]:
    """Return which variables rules look at after a step; none where only the step counts."""
    found: dict[int, frozenset[str]] = {}
    for check in checks:
        for moment in all_moments(check):
            names = moment.when.names if moment.when else frozenset[str]()
            for key in steps_of(net, (moment,)):
                found[key] = found.get(key, frozenset()) | names
    return found
