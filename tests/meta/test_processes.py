"""Nothing in processes/ lies about unused, and every step is explained to whoever does it."""

import json
from collections.abc import Iterator

import pytest

from engine.drawing import Element
from engine.lifecycle import LIFECYCLE
from engine.operator import catalogue
from engine.scenario import find_scenarios
from engine.settings import ROOT
from tests.meta.house import shipped

STARTED_BY_THE_ENGINE = {
    LIFECYCLE: "engine/cases.py starts it for a signal, an announcement or a reopened case",
    "reopening": "engine/cases.py starts it when somebody asks",
    "retention": "tasks/episode.py starts it when an episode ends",
}
LIBRARY: dict[str, str] = {
    "file/hand_over": "structures that keep two files open the second with it",
    "note/record_reasons": "steps that a profile adds record with it, such as the feedback sheet",
}
"""Operators that no shipped diagram uses, each with the reason why it is kept."""


def _elements() -> Iterator[Element]:
    for process in shipped().processes.values():
        yield from process.elements


def test_every_diagram_is_called_or_started() -> None:
    called = {element.called_element for element in _elements()}
    alone = set(shipped().processes) - called - set(STARTED_BY_THE_ENGINE)
    assert not alone, "call it from another diagram, or remove it"
    assert set(STARTED_BY_THE_ENGINE) <= set(shipped().processes)


def test_every_form_is_used() -> None:
    used = {element.properties.get("formRef") for element in _elements()}
    assert not set(shipped().forms) - used, "use it with formRef, or remove it"


def test_every_form_is_called_like_its_file() -> None:
    for path in sorted((ROOT / "processes/forms").glob("*.form")):
        assert json.loads(path.read_text(encoding="utf-8"))["id"] == path.stem


def test_every_decision_table_is_used() -> None:
    used = {element.decision_ref for element in _elements()}
    assert not set(shipped().decisions) - used, "call it from a business rule task, or remove it"


def test_every_operator_is_used() -> None:
    used = {element.operator for element in _elements()}
    used |= {element.properties.get("recordWith") for element in _elements()}
    # Other tests register operators of their own in the same process.
    ours = (name for name, one in catalogue().items() if "tests." not in one.function.__module__)
    assert not set(ours) - used - set(LIBRARY), "use it, remove it, or list it in LIBRARY"
    assert not set(LIBRARY) & used, "it is used now; take it off the list"


def test_every_operator_says_in_one_sentence_what_it_does() -> None:
    unclear = [
        name for name, found in catalogue().items() if not found.summary.rstrip().endswith(".")
    ]
    assert not unclear, "the first line of the docstring is what the modeler shows"


@pytest.mark.parametrize("process", sorted(shipped().processes))
def test_every_step_says_what_to_think_of_and_what_its_button_does(process: str) -> None:
    steps = [one for one in shipped().processes[process].elements if one.kind == "userTask"]
    for step in steps:
        for wanted in ("guidance", "consequence", "formRef", "recordWith", "dueIn"):
            assert step.properties.get(wanted), f"{step.id} has no {wanted}"


def test_every_profile_value_says_where_it_comes_from() -> None:
    for value in shipped().profile.parameters.values():
        assert value.source, f"{value.name}: name the requirement, the law, or `assumption`"
        assert value.explain.endswith("."), f"{value.name}: explain it in a sentence"


def test_every_profile_value_is_read_by_something() -> None:
    places = [
        content.decode("utf-8", errors="replace")
        for path, content in shipped().files.items()
        if not path.endswith(".toml")
    ]
    for folder in ("engine", "tasks"):
        places += [
            path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.py"))
        ]
    text = "\n".join(places)
    unread = [
        name
        for name in shipped().profile.parameters
        if f"profile.{name}" not in text and f'"{name}"' not in text
    ]
    assert not unread, "read it in a diagram, a table or the code, or remove it"


def test_every_fragment_is_used_by_a_scenario() -> None:
    folder = ROOT / "processes/scenarios/fragments"
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [*find_scenarios(ROOT / "processes"), *sorted(folder.glob("*.toml"))]
    )
    unused = [path.stem for path in sorted(folder.glob("*.toml")) if f'"{path.stem}"' not in text]
    assert not unused
