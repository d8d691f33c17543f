"""What the checks, the rules and a comparison say of a set of files that lies in memory."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from engine.check import Finding, ordered
from engine.check.finding import error
from engine.checking import check_files
from engine.comparison import Change, Side, compare
from engine.comparison.change import Kind, named, say
from engine.comparison.comparison import title_of
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError, DiagramError, InputError
from engine.inheritance import PROFILE, PROFILE_RULES, RULES, SELFCHECK
from engine.language import mark
from engine.language.telling import message_of, said_name, source, told, without_file
from engine.models import Deployment, WorkshopDraft
from engine.proof.proof import Proof, prove
from engine.proof.report import broken_by
from engine.proof.rulebook import rules_of
from engine.workshop.draft import contents, files

SCENARIOS = "scenarios/"


def findings(content: Mapping[str, bytes]) -> list[Finding]:
    """Return what is wrong with a set, as `casetable check` says it; never raise for a bad file."""
    try:
        found = list(check_files(content).findings)
        rules_of(ResolvedDeployment(content))
    except InputError as problem:
        message = message_of(problem)
        file = source(message).partition(":")[0]
        place = file if file in content else PROFILE
        return [error(place, "", "not_readable", without_file(message, place))]
    return ordered(found)


def proof(resolved: ResolvedDeployment) -> Proof:
    """Prove the rules of a set on every path; raise CasetableError where that cannot be done."""
    return prove(resolved)


def changes(session: Session, draft: WorkshopDraft) -> tuple[Change, ...]:
    """Return what a draft has otherwise than the set that it began from, each as a sentence.

    Raise CasetableError where a file cannot be read.
    """
    before = base_side(session, draft.base_deployment_id)
    return compared(before, Side(draft.title, files(session, draft)), draft.begun_with)


def base_side(session: Session, deployment_id: str) -> Side:
    """Return a published set as the old side of a comparison."""
    manifest = session.get_one(Deployment, deployment_id).manifest
    title = told("published (%(id)s)", id=deployment_id[:12])
    return Side(title, contents(session, manifest), deployment_id)


def compared(before: Side, after: Side, begun: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the differences in words, the scenarios' after all others.

    `begun` are the hashes of what the draft began from: scenarios that a published set does not
    carry itself are no change.
    """
    return (*compare(before, after), *_scenarios(after, begun))


def _scenarios(after: Side, begun: Mapping[str, str]) -> Iterable[Change]:
    new = {path: digest for path, digest in after.deployment.manifest.items() if _is_scenario(path)}
    old = {path: digest for path, digest in begun.items() if _is_scenario(path)}
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) == new.get(path):
            continue
        kind: Kind = "changed"
        text = mark("The scenario %(name)s is told in another way.")
        if path not in old:
            kind, text = "added", mark("The scenario %(name)s is new.")
        elif path not in new:
            kind, text = "removed", mark("The scenario %(name)s is gone.")
        name = path.removeprefix(SCENARIOS).removesuffix(".toml")
        sentence = say(text, name=named(name))
        yield Change(
            kind, path, "", "file", old.get(path), new.get(path), "wording", sentence=sentence
        )


def _is_scenario(path: str) -> bool:
    return path.startswith(SCENARIOS)


def titles(side: Side) -> dict[str, str]:
    """Return what people call each file of a set: the name of its process, table or form."""
    found: dict[str, str] = {
        PROFILE: told("The profile"),
        SELFCHECK: told("The self-check"),
        RULES: told("The safety rules"),
        PROFILE_RULES: told("The own rules"),
    }
    for models in ("drawings", "decisions", "forms"):
        try:
            found |= {
                path: said_name(title_of(path, one)) for path, one in getattr(side, models).items()
            }
        except CasetableError:
            continue  # the finding about the file says why it cannot be read
    return found


def changes_told(found: Iterable[Change], side: Side) -> list[dict[str, Any]]:
    """Return the changes file by file as data: pages set names and values apart.

    Sentences can be told in any language (`engine.language.telling.packed`).
    """
    names = titles(side)
    groups: dict[str, dict[str, Any]] = {}
    for change in found:
        path = SCENARIOS if _is_scenario(change.file) else change.file
        title = told("Scenarios") if path == SCENARIOS else names.get(path, path)
        group = groups.setdefault(path, {"path": path, "title": title, "sentences": [], "drawn": 0})
        if change.weight == "layout":
            group["drawn"] += 1
        else:
            group["sentences"].append(change.sentence)
    return list(groups.values())


def rules_told(resolved: ResolvedDeployment) -> dict[str, Any]:
    """Return the verdict on every rule as data, with the way that breaks it in words."""
    try:
        found = proof(resolved)
    except (CasetableError, DiagramError) as problem:
        return {"rules": [], "unproved": message_of(problem)}
    return {
        "unproved": "",
        "states": found.states,
        "seconds": round(found.seconds, 1),
        "rules": [
            {
                "id": verdict.rule.id,
                "sentence": said_name(verdict.rule.sentence),
                "holds": verdict.holds,
                "weakened": verdict.rule.weakened or "",
                "told": list(broken_by(found, verdict, resolved.profile)),
            }
            for verdict in found.verdicts
        ],
    }
