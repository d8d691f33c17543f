"""Deadlocks and double runs in diagrams drawn as arrows."""

import re

import pytest

from engine.check import CheckContext, check_deployment

KINDS = {
    "s": "startEvent",
    "e": "endEvent",
    "t": "scriptTask",
    "x": "exclusiveGateway",
    "a": "parallelGateway",
    "o": "inclusiveGateway",
    "v": "eventBasedGateway",
}
CODES = {"waits_for_ever", "runs_twice", "handler_leads_back", "too_many_paths"}


def found(arrows: str, more: str = "") -> set[tuple[str, str]]:
    """Check arrows such as `s1>x1 x1>t1`; the letter of a name says what it is."""
    names = sorted(set(re.findall(r"[a-z]\d+", arrows)))
    nodes = "".join(f'<{KINDS[name[0]]} id="{name}"/>' for name in names if name[0] in KINDS)
    flows = "".join(
        f'<sequenceFlow id="f{number}" sourceRef="{one}" targetRef="{other}"/>'
        for number, (one, other) in enumerate(arrow.split(">") for arrow in arrows.split())
    )
    content = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">'
        f"{nodes}{more}{flows}</process></definitions>"
    )
    findings = check_deployment({"p.bpmn": content.encode()}, CheckContext())
    return {(finding.code, finding.element) for finding in findings if finding.code in CODES}


SPLIT = "s1>a1 a1>t1 a1>t2 "


@pytest.mark.parametrize(
    "arrows",
    [
        "s1>x1 x1>t1 x1>t2 t1>x2 t2>x2 x2>e1",
        SPLIT + "t1>a2 t2>a2 a2>e1",
        SPLIT + "t1>e1 t2>e2",
        SPLIT + "t1>e1 t2>e1",
        SPLIT + "t1>x1 x1>t3 t3>x1 x1>a2 t2>a2 a2>e1",
        "s1>x9 x9>a1 a1>t1 a1>t2 t1>a2 t2>a2 a2>x1 x1>x9 x1>e1",
        "s1>o1 o1>t1 o1>t2 t1>o2 t2>o2 o2>e1",
        "s1>o1 o1>t1 o1>t2 o1>t3 t1>o2 t2>o2 t3>o2 o2>e1",
        "s1>x1 s2>x1 x1>a1 a1>t1 a1>t2 t1>a2 t2>a2 a2>e1",
        "s1>v1 v1>t1 v1>t2 t1>x2 t2>x2 x2>e1",
    ],
)
def test_sound_diagrams_have_no_findings(arrows: str) -> None:
    assert found(arrows) == set()


@pytest.mark.parametrize(
    ("arrows", "expected"),
    [
        ("s1>x1 x1>t1 x1>t2 t1>a2 t2>a2 a2>e1", ("waits_for_ever", "a2")),
        ("s1>v1 v1>t1 v1>t2 t1>a2 t2>a2 a2>e1", ("waits_for_ever", "a2")),
        (SPLIT + "t1>x2 t2>x2 x2>t3 t3>e1", ("runs_twice", "x2")),
        (SPLIT + "t1>x1 x1>e1 x1>a2 t2>a2 a2>e2", ("waits_for_ever", "a2")),
        ("s1>o1 o1>t1 o1>t2 t1>a2 t2>a2 a2>e1", ("waits_for_ever", "a2")),
        ("s1>o1 o1>t1 o1>t2 t1>x2 t2>x2 x2>e1", ("runs_twice", "x2")),
        ("s1>x9 x9>a1 a1>t1 a1>t2 t1>x9 t2>e1", ("runs_twice", "a1")),
        ("s1>a2 s2>a2 a2>e1", ("waits_for_ever", "a2")),
    ],
)
def test_unsound_diagrams_name_the_gateway(arrows: str, expected: tuple[str, str]) -> None:
    assert expected in found(arrows + " ", '<scriptTask id="unused"/>')


def test_interrupting_boundary_is_an_alternative() -> None:
    boundary = '<boundaryEvent id="b1" attachedToRef="t1"/>'
    arrows = SPLIT + "t1>a2 t2>a2 b1>e2 a2>e1"
    assert found(arrows, boundary) == {("waits_for_ever", "a2")}
    assert found("s1>t1 t1>x1 b1>x1 x1>e1", boundary) == set()


def test_handler_that_does_not_interrupt_ends_by_itself() -> None:
    boundary = '<boundaryEvent id="b1" cancelActivity="false" attachedToRef="t1"/>'
    assert found("s1>t1 t1>e1 b1>t2 t2>e2", boundary) == set()
    assert found("s1>t1 t1>e1 b1>t2 t2>e1", boundary) == set()
    leads_back = found("s1>t1 t1>x1 x1>e1 b1>t2 t2>x1", boundary)
    assert leads_back == {("handler_leads_back", "b1")}


def test_maze_is_said_to_be_too_large() -> None:
    branches = " ".join(f"a1>t{n} t{n}>t{n + 100} t{n + 100}>a2" for n in range(100, 120))
    assert ("too_many_paths", "p") in found(f"s1>a1 {branches} a2>e1")
