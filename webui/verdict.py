"""Tells an editor what the engine says of a draft: findings by element, rules with their paths."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for

from engine.check import Finding
from engine.check.finding import WHOLE_FILE
from engine.deployment import ResolvedDeployment
from engine.drawing import Element
from engine.language.telling import Told, said_name, source
from engine.proof.graph import Edge
from engine.proof.marking import BEGIN, END, OPEN_STEP, RUNNING, State, thaw
from engine.proof.net import Net
from engine.proof.proof import Proof, Verdict, Violation
from engine.proof.report import CONFIRMED, UNPLAYED
from engine.proof.words import Words
from engine.workshop.place import DIAGRAM, FORM, TABLE, kind_of

EDITABLE = frozenset({DIAGRAM, TABLE, FORM})
"""Kinds of files that have an editor."""
OVER = frozenset({BEGIN, END, "flaw"})
"""The first entries of markings in which nothing waits."""


@dataclass(frozen=True)
class Places:
    """Where the elements of a draft are edited, and what people call them."""

    draft_id: UUID
    deployment: ResolvedDeployment

    def href(self, file: str, element: str) -> str:
        """Return the address at which a file is edited with an element selected."""
        return _href(self.draft_id, file, element)

    def file(self, process: str) -> str:
        """Return the file that draws a process; empty when none does."""
        drawing = self.deployment.drawings.get(process)
        return drawing.file if drawing else ""

    def element(self, process: str, element: str) -> Element | None:
        """Return an element of a process; None where there is no such."""
        found = self.deployment.processes.get(process)
        return found.by_id.get(element) if found else None


def _href(draft_id: UUID, file: str, element: str) -> str:
    """Return where a file is edited; nothing for those that have no editor."""
    if kind_of(file) not in EDITABLE:
        return ""
    anchor = f"element={element}" if element else None
    return url_for("editor.show", draft_id=draft_id, path=file, _anchor=anchor)


def _element(found: Finding) -> str:
    """Return the element that a finding names; nothing where it means the file."""
    return "" if found.element == WHOLE_FILE else found.element


def findings_told(
    findings: Iterable[Finding], draft_id: UUID, names: Mapping[tuple[str, str], str]
) -> list[dict[str, str]]:
    """Return the findings as an editor lists them; `names` are names of elements by file and id."""
    return [
        {
            "file": one.file,
            "element": _element(one),
            "name": names.get((one.file, one.element), ""),
            "severity": one.severity,
            "message": one.message,
            "href": _href(draft_id, one.file, _element(one)),
        }
        for one in findings
    ]


def proof_told(proof: Proof, places: Places) -> dict[str, Any]:
    """Return the verdicts with each step of the paths that break a rule, for showing them."""
    return {
        "states": proof.states,
        "seconds": round(proof.seconds, 1),
        "rules": [_rule(proof, verdict, places) for verdict in proof.verdicts],
        "drawings": {
            path: url_for("editor.content", draft_id=places.draft_id, path=path)
            for path in places.deployment.diagrams
        },
    }


def _rule(proof: Proof, verdict: Verdict, places: Places) -> dict[str, Any]:
    return {
        "id": verdict.rule.id,
        "sentence": said_name(verdict.rule.sentence),
        "holds": verdict.holds,
        "weakened": verdict.rule.weakened,
        "violations": [_violation(proof, one, places) for one in verdict.violations],
    }


def _violation(proof: Proof, violation: Violation, places: Places) -> dict[str, Any]:
    net = proof.explored[violation.process].net
    element = _ending(net, violation, places)
    file = places.file(element.process if element else violation.process)
    return {
        "file": file,
        "element": element.id if element else violation.element,
        "name": said_name(element.label) if element else "",
        "href": places.href(file, element.id if element else ""),
        "sentence": violation.sentence,
        "rest": _rest(violation.sentence, element.label) if element else "",
        "played": _played(violation),
        "steps": _steps(proof, violation, places),
    }


def _ending(net: Net, violation: Violation, places: Places) -> Element | None:
    """Return the element that a violation is about, in whichever of the called processes.

    Ids are unique in a file alone; the sentence begins with the name of the one that is meant.
    """
    found = [node.element for node in net.nodes if node.element.id == violation.element]
    told = (one for one in found if violation.sentence.startswith(one.label))
    own = places.element(violation.process, violation.element)
    return next(told, None) or own or next(iter(found), None)


def _played(violation: Violation) -> str:
    if violation.unplayed:
        return Told("%(played)s: %(why)s", {"played": UNPLAYED, "why": violation.unplayed})
    return Told("%(played)s.", {"played": CONFIRMED})


def _rest(sentence: str, label: str) -> str:
    """Return a sentence without the name of the step with which it begins."""
    if isinstance(sentence, Told) and sentence.text.startswith("%(step)s"):
        return Told(sentence.text, {**sentence.values, "step": ""})
    return source(sentence).removeprefix(label)


def _steps(proof: Proof, violation: Violation, places: Places) -> list[dict[str, Any]]:
    found = proof.explored[violation.process]
    sentences = Words(found.net, places.deployment.profile).path(violation.edges)
    return [
        {
            "sentence": Told("%(sentence)s.", {"sentence": sentence}),
            **_place(found.net, edge, places),
            "waiting": _waiting(found.net, found.graph.states[edge.target], places),
        }
        for edge, sentence in zip(violation.edges, sentences, strict=True)
    ]


def _place(net: Net, edge: Edge, places: Places) -> dict[str, Any]:
    """Return the file that a step stands in, and the elements there: the step, then what follows.

    A message or a start names no step of its own; what it sets off does.
    """
    told = [] if edge.stimulus.node is None else [edge.stimulus.node]
    passed = [key for key, _ in (*edge.events, *edge.choices)]
    nodes = [net.nodes[key].element for key in dict.fromkeys((*told, *passed))]
    file = places.file(nodes[0].process) if nodes else ""
    return {
        "file": file,
        "elements": [node.id for node in nodes if places.file(node.process) == file],
    }


def _waiting(net: Net, state: State, places: Places) -> list[dict[str, str]]:
    """Return the steps at which a case waits after a step, the innermost first."""
    if state[0] in OVER:
        return []
    tokens = thaw(state).tokens.values()
    keys = [one.node for phase in (OPEN_STEP, RUNNING) for one in tokens if one.phase == phase]
    elements = [net.nodes[key].element for key in dict.fromkeys(keys)]
    return [{"file": places.file(one.process), "element": one.id} for one in elements]
