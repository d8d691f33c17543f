"""Plays the steps of a scenario file through the browser, each as the person whose turn it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser

from engine.demo_cast import PEOPLE
from engine.deployment import ResolvedDeployment, resolve
from engine.drawing import Element
from engine.expression import compile_expression, to_json
from engine.scenario import read_scenario
from engine.settings import ROOT
from tests.browser.house import House
from tests.browser.person import Album, Person

PROCESSES = ROOT / "processes"
ZONE = ZoneInfo("Europe/Amsterdam")
BY_ROLE = {
    "intake_desk": "intake.anna",
    "chair": "chair.clara",
    "process_coordinator": "process.daan",
    "content_coordinator": "content.emma",
    "accountable_person": "mayor.fatima",
    "desk_head": "head.greta",
}
BY_STEP = {"assess_signal": "intake.bram"}  # the desk is never one person alone (P35)
BY_ORGANISATION = {one.organisation: one.username for one in PEOPLE if "partner" in one.roles}
TAKEN_FIRST = {"review_information_gaps"}
"""Steps of people who are not yet members of the case: what is known opens when they take it."""
CLOCK = {"P1M": "1 month", "P3M": "92 days"}


@cache
def deployment() -> ResolvedDeployment:
    """Return the shipped processes."""
    return resolve(PROCESSES, "base")


def _element(element_id: str) -> Element:
    return next(
        process.by_id[element_id]
        for process in deployment().processes.values()
        if element_id in process.by_id
    )


def step_name(element_id: str) -> str:
    """Return what a step is called on the pages."""
    return _element(element_id).name


def person_for(element_id: str, organisation: str = "") -> str:
    """Return who does a step here."""
    if organisation:
        return BY_ORGANISATION[organisation]
    return BY_STEP.get(element_id) or BY_ROLE[_element(element_id).role or ""]


def steps_of(scenario: str) -> list[dict[str, Any]]:
    """Return the steps of a scenario with its fragments in place."""
    return list(read_scenario(PROCESSES / "scenarios" / f"{scenario}.toml").steps)


def answers_to(scenario: str, element_id: str, organisation: str | None = None) -> dict[str, Any]:
    """Return the first answers that a scenario gives to a step."""
    return next(
        step["answers"]
        for step in steps_of(scenario)
        if step.get("do") == element_id and step.get("for_") == organisation
    )


def worked_out(value: Any, today: date) -> Any:
    """Return answers in which texts such as `=today() + duration("P14D")` are worked out."""
    if isinstance(value, dict):
        return {key: worked_out(inner, today) for key, inner in value.items()}
    if isinstance(value, list):
        return [worked_out(inner, today) for inner in value]
    if not (isinstance(value, str) and value.startswith("=")):
        return value
    noon = datetime.combine(today, time(12), ZONE)
    return to_json(compile_expression(value[1:].strip()).evaluate({}, now=noon, zone=ZONE))


@dataclass
class Story:
    """One case, the people who work on it, and the steps still to come."""

    browser: Browser
    house: House
    album: Album
    steps: list[dict[str, Any]]
    code: str = ""
    people: dict[str, Person] = field(default_factory=dict)
    otherwise: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """Answers that one organisation gives in place of the scenario's."""

    def person(self, username: str) -> Person:
        """Return a person, who signs in at the first call."""
        if username not in self.people:
            self.people[username] = Person(self.browser, self.house).sign_in(username)
        return self.people[username]

    def go_on(self, until: str) -> None:
        """Play the steps up to and including the next one called `until`."""
        while self.steps:
            step = self.steps.pop(0)
            if "after" in step:
                self.let_time_pass(step["after"])
            elif "do" in step:
                self._do(step)
            if step.get("do") == until:
                return
        raise AssertionError(f"the scenario has no more step {until}")

    def pass_over(self, wanted: str) -> None:
        """Leave out the next step called `wanted`: the test itself has taken it."""
        names = [step.get("do", next(iter(step))) for step in self.steps]
        del self.steps[names.index(wanted)]

    def let_time_pass(self, duration: str) -> str:
        """Move the clock by a duration that the pages offer; three months are 92 days."""
        daan = self.person("process.daan")
        daan.page.goto("/")
        return daan.let_time_pass(CLOCK[duration])

    def _do(self, step: Mapping[str, Any]) -> None:
        for organisation in self._organisations(step):
            answers = self.otherwise.get((step["do"], organisation), step.get("answers", {}))
            self.do(step["do"], answers, organisation)

    def _organisations(self, step: Mapping[str, Any]) -> Iterator[str]:
        if not step.get("each"):
            yield step.get("for_", "")
            return
        yield from answers_to("straight_path_to_closed", "select_partners")["selected_partners"]

    def do(self, element_id: str, answers: Mapping[str, Any], organisation: str = "") -> None:
        """Let the right person do one step from the worklist on."""
        person = self.person(person_for(element_id, organisation))
        person.open(step_name(element_id), self.code)
        if element_id in TAKEN_FIRST:
            person.take()
        person.answer(worked_out(dict(answers), person.today()))
        label = f"{element_id}-{organisation}".strip("-").replace("_", "-")
        self.album.take(person, label)
        person.send()

    def complaints(self) -> list[str]:
        """Return what any browser has complained about."""
        return [text for person in self.people.values() for text in person.complaints]
