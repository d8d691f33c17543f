"""The rules that a deployment is held to: those of the base, and what its profile says of them.

A profile adds rules of its own. It weakens one of the base only by naming it together with the law
that allows it (`weakened`); the report says so wherever the rule stands. Threat: a file that
replaced the base's rules would switch a safety rule off without a word.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.deployment import ResolvedDeployment
from engine.errors import InputError
from engine.inheritance import RULES, own_rules
from engine.language.telling import told
from engine.proof.rule import Rule, read_rules


def rules_of(deployment: ResolvedDeployment) -> tuple[Rule, ...]:
    """Return all rules in the order of their files; raise InputError naming what to mend."""
    if RULES not in deployment.files:
        raise InputError(
            told(
                "There is no %(file)s, so nothing can be proved; put it beside the drawings.",
                file=RULES,
            )
        )
    rules = read_rules(deployment.files[RULES], file=RULES)
    for code, own in own_rules(deployment.files):
        file = told("%(file)s of the profile %(profile)s", file=RULES, profile=code)
        rules = tuple(_joined(rules, read_rules(own, file=file, weakens=True), file))
    return rules


def names_of(deployment: ResolvedDeployment) -> dict[str, Any]:
    """Return what the conditions of rules may read: the profile's values and its kept-apart files.

    A rule about files that are kept apart asks nothing of a structure that has one.
    """
    profile = deployment.profile
    return {"profile": profile.values, "structure": {"files": sorted(profile.files)}}


def _joined(base: tuple[Rule, ...], own: tuple[Rule, ...], file: str) -> Iterator[Rule]:
    named = {rule.id: rule for rule in own}
    for rule in base:
        weaker = named.pop(rule.id, None)
        yield _weakened(rule, weaker, file) if weaker else rule
    for rule in named.values():
        if rule.weakened:
            raise InputError(
                told(
                    "%(file)s: rule %(rule)s weakens nothing; there is no rule of this name "
                    "underneath.",
                    file=file,
                    rule=rule.id,
                )
            )
        yield rule


def _weakened(rule: Rule, weaker: Rule, file: str) -> Rule:
    if not weaker.weakened:
        raise InputError(
            told(
                "%(file)s: rule %(rule)s is there already; add `weakened` with the law that "
                "allows to weaken it, or give the own rule another id.",
                file=file,
                rule=rule.id,
            )
        )
    return replace(
        rule,
        sentence=weaker.sentence or rule.sentence,
        sources=(*rule.sources, *weaker.sources),
        checks=weaker.checks,
        weakened=weaker.weakened,
    )
