"""The rules that a deployment is held to: those of the base, and what its profile says of them.

A profile adds rules of its own. It weakens one of the base only by naming it together with the law
that allows it (`weakened`); the report says so wherever the rule stands. Threat: a file that
replaced the base's rules would switch a safety rule off without a word.
"""

from collections.abc import Iterator
from dataclasses import replace

from engine.deployment import PROFILE_RULES, RULES, ResolvedDeployment
from engine.errors import InputError
from engine.proof.rule import Rule, read_rules


def rules_of(deployment: ResolvedDeployment) -> tuple[Rule, ...]:
    """Return all rules in the order of their files; raise InputError naming what to mend."""
    base = read_rules(deployment.files[RULES], file=RULES)
    own = deployment.files.get(PROFILE_RULES)
    if own is None:
        return base
    file = f"{RULES} of the profile {deployment.profile.code}"
    return tuple(_joined(base, read_rules(own, file=file, weakens=True), file))


def _joined(base: tuple[Rule, ...], own: tuple[Rule, ...], file: str) -> Iterator[Rule]:
    named = {rule.id: rule for rule in own}
    for rule in base:
        weaker = named.pop(rule.id, None)
        yield _weakened(rule, weaker, file) if weaker else rule
    for rule in named.values():
        if rule.weakened:
            raise InputError(
                f"{file}: rule {rule.id} weakens nothing; the base has no rule of this name."
            )
        yield rule


def _weakened(rule: Rule, weaker: Rule, file: str) -> Rule:
    if not weaker.weakened:
        raise InputError(
            f"{file}: rule {rule.id} is one of the base; add `weakened` with the law that allows "
            "to weaken it, or give the own rule another id."
        )
    return replace(
        rule,
        sentence=weaker.sentence or rule.sentence,
        sources=(*rule.sources, *weaker.sources),
        checks=weaker.checks,
        weakened=weaker.weakened,
    )
