"""Goes through the life of a case on the real pages and writes a unique word into every field."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from lxml import html
from sqlalchemy import select

from engine import demo, scenario
from engine.errors import SeparationError
from engine.form.form import FREE_TEXT, Component, Type
from engine.models import Account, Case, WorkItem
from engine.scenario_world import Player
from engine.settings import ROOT
from tests.webui.reporting import Reporter
from tests.webui.site import Site, Visitor

FRAGMENTS = ROOT / "processes/scenarios/fragments"
WORD = re.compile(r"canary[0-9a-f]{12}x")


class Planted:
    """The unique words; what a page refuses was never stored and does not count."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def word(self) -> str:
        found = f"canary{uuid4().hex[:12]}x"
        self.words.append(found)
        return found


class PagePlayer(Player):
    """Does the steps of a scenario by posting the real forms as the people who owe them."""

    def __init__(self, site: Site, planted: Planted) -> None:
        with site.application.database.reading() as session:
            zone = site.application.deployment(session).profile.zone
        super().__init__(site.application, site.application.clock, zone)  # type: ignore[arg-type]
        self.site, self.planted = site, planted
        self.visitors: dict[str, Visitor] = {}

    def visitor(self, username: str) -> Visitor:
        return self.visitors.setdefault(username, self.site.visit(username))

    def tell(self, *fragments: str) -> None:
        for name in fragments:
            for step in scenario.read_steps(FRAGMENTS / f"{name}.toml"):
                problems = self.take(scenario.step_kind(step), step)
                assert problems == [], (step, problems)

    def case(self) -> Case:
        with self.application.database.reading() as session:
            return session.get_one(Case, self._case_id)

    def _start(self, step: Mapping[str, Any]) -> list[str]:
        del step
        word = self.planted.word
        with self.application.database.reading() as session:
            before = set(session.scalars(select(Case.id)))
        Reporter(self.site).report(
            text=f"Somebody told me: {word()}.",
            about_name=f"Person {word()}",
            about_where=word(),
            age=word(),
            reporter_name=word(),
            reporter_contact=word(),
        )
        with self.application.database.reading() as session:
            [self._case_id] = set(session.scalars(select(Case.id))) - before
        return []

    def _complete(
        self,
        item: WorkItem,
        account: Account,
        filled: Mapping[str, Any],
        step: Mapping[str, Any],
    ) -> list[str]:
        told = {key: self._told(value) for key, value in step.get("answers", {}).items()}
        with self.application.database.reading() as session:
            deployment = self.application.deployments.get(session, self.case().deployment_id)
        form = deployment.forms[item.form_id]
        answers = self._with_words(form.components, {**filled, **told})
        visitor, path = self.visitor(account.username), f"/work/{item.id}"
        assert visitor.get(path).status_code == 200
        data = {**encoded(answers), "_key": uuid4().hex, "_password": demo.PASSWORD}
        assert visitor.post(f"{path}/draft", data).status_code == 200
        response = visitor.post(path, data)
        if response.status_code == 302:
            return []
        said = visitor.text()
        if "so somebody else has to do" in said:
            raise SeparationError(said)
        return [said]

    def _with_words(
        self, components: Sequence[Component], answers: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the answers with a word of our own in each free text, also in rows."""
        found: dict[str, Any] = {}
        for component in fields(components):
            value = answers.get(component.key)
            if component.type is Type.DYNAMICLIST and isinstance(value, list):
                found[component.key] = [
                    self._with_words(component.components, row) for row in value
                ]
            elif component.type in FREE_TEXT and not component.rules.pattern:
                # Also where the story says nothing; what the page does not ask for it leaves out.
                found[component.key] = f"{value or ''} {self.planted.word()}".strip()
            elif value is not None:
                found[component.key] = value
        return found

    def _message(self, step: Mapping[str, Any]) -> list[str]:
        who = self._member(step.get("as")).username
        path = f"/cases/{self.case().code}/events/{step['message']}"
        answer = self.visitor(who).post(path, {"text": self.planted.word(), "_key": uuid4().hex})
        return [] if answer.status_code == 302 else [str(answer.status_code)]


def fields(components: Sequence[Component]) -> list[Component]:
    found: list[Component] = []
    for component in components:
        if component.keyed or component.type is Type.DYNAMICLIST:
            found.append(component)
        else:
            found.extend(fields(component.components))
    return found


def encoded(answers: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return answers as a browser posts them."""
    found: dict[str, Any] = {}
    for key, value in answers.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found[f"{name}-rows"] = str(len(value))
            for number, row in enumerate(value):
                found |= encoded(row, f"{name}-{number}-")
        elif isinstance(value, list):
            found[name] = ["", *map(str, value)]
        elif isinstance(value, bool):
            found[name] = ["", "true"] if value else [""]
        else:
            found[name] = str(value)
    return found


def text_fields(page: html.HtmlElement) -> list[str]:
    """Return the names of what can be typed into on a page."""
    inside = "//main//form//"
    names: list[str] = page.xpath(f"{inside}textarea/@name | {inside}input[@type='text']/@name")
    return names


def account_of(site: Site, identifier: UUID) -> Account:
    with site.application.database.reading() as session:
        return session.get_one(Account, identifier)
