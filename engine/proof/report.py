"""Tells the verdicts of a proof: in words with the path that breaks a rule, and for machines."""

from collections.abc import Iterator
from typing import Any, Final

import orjson

from engine.language.telling import Part, Told, series, told
from engine.profile import Profile
from engine.proof.proof import Proof, Verdict, Violation
from engine.proof.words import Words

CONFIRMED: Final = told("Played through in the engine, step by step")
UNPLAYED: Final = told("Not played through, since the engine refuses the drawing")


def as_text(proof: Proof, profile: Profile) -> str:
    """Return a line for each rule, and beneath a broken one what breaks it, step by step."""
    lines = [line for verdict in proof.verdicts for line in _verdict(proof, verdict, profile)]
    return "\n".join([*lines, _closing(proof)])


def _verdict(proof: Proof, verdict: Verdict, profile: Profile) -> Iterator[str]:
    rule = verdict.rule
    held = told("holds") if verdict.holds else told("BROKEN")
    yield f"{rule.id:<4} {held!s:<6}  {Part(rule.sentence, 'name').said().text}"
    if rule.weakened:
        yield f"     {told('weakened by the profile: %(law)s', law=rule.weakened)}"
    yield from (f"     {line}" for line in broken_by(proof, verdict, profile))


def broken_by(proof: Proof, verdict: Verdict, profile: Profile) -> Iterator[str]:
    """Yield a line for each thing that breaks a rule, and beneath it the steps that lead there."""
    for violation in verdict.violations:
        place = f"{violation.process}:{violation.element}" if violation.element else ""
        yield Told(
            "%(place)s: %(sentence)s.",
            {"place": place or violation.process, "sentence": violation.sentence},
        )
        if violation.edges:
            yield Told("%(played)s:", {"played": _played(violation)})
        words = Words(proof.explored[violation.process].net, profile)
        for number, sentence in enumerate(words.path(violation.edges), start=1):
            yield Told("  %(number)s. %(sentence)s", {"number": number, "sentence": sentence})


def _played(violation: Violation) -> str:
    if violation.unplayed:
        lines = violation.unplayed.splitlines()
        reason = violation.unplayed if len(lines) == 1 else lines[0]
        return Told("%(unplayed)s (%(reason)s)", {"unplayed": UNPLAYED, "reason": reason})
    return CONFIRMED


def _closing(proof: Proof) -> str:
    broken = sum(not verdict.holds for verdict in proof.verdicts)
    weaker = sum(bool(verdict.rule.weakened) for verdict in proof.verdicts)
    parts = [told("%(count)s broken", count=broken) if broken else told("all hold")]
    if weaker:
        parts.append(told("%(count)s weakened by the profile", count=weaker))
    return str(
        told(
            "%(rules)s rules, %(verdict)s: %(states)s states and %(transitions)s transitions in "
            "%(seconds)s s.",
            rules=len(proof.verdicts),
            verdict=series(parts),
            states=proof.states,
            transitions=proof.transitions,
            seconds=f"{proof.seconds:.1f}",
        )
    )


def as_json(proof: Proof) -> str:
    """Return the verdicts with the elements along each path, for showing them on the drawing."""
    report: dict[str, Any] = {
        "states": proof.states,
        "transitions": proof.transitions,
        "seconds": round(proof.seconds, 3),
        "rules": [
            {
                "id": verdict.rule.id,
                "holds": verdict.holds,
                "weakened": verdict.rule.weakened,
                "violations": [_violation(proof, one) for one in verdict.violations],
            }
            for verdict in proof.verdicts
        ],
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()


def _violation(proof: Proof, violation: Violation) -> dict[str, Any]:
    net = proof.explored[violation.process].net
    along = [edge.stimulus.node for edge in violation.edges]
    return {
        "process": violation.process,
        "element": violation.element,
        "sentence": violation.sentence,
        "played_through": bool(violation.edges) and not violation.unplayed,
        "path": [net.nodes[key].element.id for key in along if key is not None],
    }
