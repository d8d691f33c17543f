"""What a change does to the safety rules: which hold no longer, and which hold now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.check import check_deployment
from engine.checking import ENDINGS, context_of
from engine.comparison.change import Change
from engine.comparison.side import Side
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError
from engine.inheritance import is_rules
from engine.language import mark
from engine.language.telling import counted, message_of, named, told
from engine.proof.proof import Proof, Verdict, prove
from engine.proof.report import broken_by


@dataclass(frozen=True)
class Effect:
    """What becomes of one rule; `told` is the way that breaks it, step by step."""

    rule: str
    before: bool | None
    """Whether it held; None where there was no such rule."""
    after: bool | None
    sentence: str
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Consequences:
    """What a change does beyond the files."""

    rules: tuple[Effect, ...] = ()
    unproved: str = ""
    """Why nothing can be said about the rules; empty where all was proved."""
    cases: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as data."""
        return {
            "rules": [
                {
                    "rule": one.rule,
                    "before": one.before,
                    "after": one.after,
                    "sentence": one.sentence,
                    "told": list(one.told),
                }
                for one in self.rules
            ],
            "unproved": self.unproved,
            "cases": list(self.cases),
        }


def rule_effects(old: Side, new: Side, changes: Iterable[Change]) -> Consequences:
    """Prove the rules on both sides; a change without meaning cannot touch them."""
    if not any(change.weight == "meaning" for change in changes):
        return Consequences()
    if not (old.is_whole and new.is_whole):
        return Consequences(
            unproved=told("The rules are not proved: for that, both sides need profile and rules.")
        )
    try:
        for side in (old, new):
            _check(side)
        return Consequences(rules=tuple(_effects(old, new)))
    except CasetableError as error:
        return Consequences(
            unproved=told("The rules are not proved: %(error)s", error=message_of(error))
        )


def _check(side: Side) -> None:
    """Refuse what cannot be executed, whose paths would mean nothing."""
    checked = {path: one for path, one in side.files.items() if path.endswith(ENDINGS)}
    found = check_deployment(checked, context_of(side.deployment.profile))
    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        raise CasetableError(
            counted(
                "%(title)s has an error that forbids publishing, the first: %(first)s",
                "%(title)s has %(count)s errors that forbid publishing, the first: %(first)s",
                len(errors),
                title=side.title,
                first=errors[0].told,
            )
        )


def _effects(old: Side, new: Side) -> list[Effect]:
    before, after = prove(old.deployment), prove(new.deployment)
    held = {verdict.rule.id: verdict.holds for verdict in before.verdicts}
    effects = [_effect(held.get(one.rule.id), one, after, new) for one in after.verdicts]
    found = [effect for effect in effects if effect is not None]
    found += _under_old_rules(old, new)
    if not found:
        count = len(after.verdicts)
        found = [
            Effect(
                "",
                True,
                True,
                told("All rules hold before and after: %(count)s proved.", count=count),
            )
        ]
    return found


def _effect(was: bool | None, verdict: Verdict, proof: Proof, side: Side) -> Effect | None:
    rule = verdict.rule
    way = tuple(broken_by(proof, verdict, side.deployment.profile))
    if was is None:
        text = mark("%(rule)s: %(sentence)s This rule is new and broken.")
        if verdict.holds:
            text = mark("%(rule)s: %(sentence)s This rule is new and holds.")
    elif was == verdict.holds:
        if was:
            return None
        text = mark("%(rule)s: %(sentence)s This was broken before, and still is.")
    else:
        text = mark("%(rule)s: %(sentence)s This was broken and holds now.")
        if was:
            text = mark("%(rule)s: %(sentence)s This held and is now BROKEN.")
    sentence = told(text, rule=rule.id, sentence=named(rule.sentence))
    return Effect(rule.id, was, verdict.holds, sentence, way)


def _under_old_rules(old: Side, new: Side) -> Iterator[Effect]:
    """Hold the new drawings to the rules as they were: a weaker one must hide nothing."""
    if old.rules == new.rules:
        return
    differing = {one for one, rule in old.rules.items() if new.rules.get(one) != rule}
    # A profile's own rules as they were, too: what it weakens now it did not weaken then.
    files = {path: content for path, content in new.files.items() if not is_rules(path)}
    files |= {path: content for path, content in old.files.items() if is_rules(path)}
    proof = prove(ResolvedDeployment(files))
    for verdict in proof.verdicts:
        if verdict.rule.id in differing and not verdict.holds:
            way = tuple(broken_by(proof, verdict, new.deployment.profile))
            sentence = told(
                "%(rule)s, as it was before, would be BROKEN now: %(sentence)s",
                rule=verdict.rule.id,
                sentence=named(verdict.rule.sentence),
            )
            yield Effect(verdict.rule.id, None, False, sentence, way)
