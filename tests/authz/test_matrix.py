"""Who reaches what in every state of a case, compared with tables written by hand (S1).

The tables are the oracle: they were written from the access model and not from the code. A cell
says what a group of people may do with a case in that state; a route says what it needs; a word
planted in the case says who may meet it.

On every run each two of person, address and state meet, and everybody reads what a case tells in
every state; `make torture` asks for everything.
"""

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine.models import Account, Case, Contribution, ProcessInstance
from tests.authz import stage
from tests.webui.site import Site

HERE = Path(__file__).parent
ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
ONE_IN = 1 if ALL else 8
"""Of the cells of a person and a state one in so many is asked, others in each state."""
TELLING = {"case.show", "case.history"}
"""Addresses with words of the case, asked for by everybody in every state."""
ABSENT = "00000000-0000-4000-8000-000000000000"
NO_CASE = "2222-2222"
WORD = re.compile(r"Word[A-Z][A-Za-z]*(?:-[a-z_]+)?")


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a table written by hand."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


GROUP = {row["person"]: row["group"] for row in table("people")}
ROUTES = table("routes")
CELLS = {row["group"]: row for row in table("cells")}
STEPS = {row["element"]: set(row["groups"].split()) for row in table("steps")}
WORDS = {row["word"]: row for row in table("words")}
CONTRIBUTORS = "desk chair chair_other process process_other content content_other partner stranger"
ALONE = {
    "desk": {"desk"},
    "dpo": {"dpo"},
    "absences": {"head", "lead"},
    "attestation": {"lead"},
    "contributor": set(CONTRIBUTORS.split()),
}
"""What a role allows whatever the case."""
CELLS_AT_LEAST = 14_000 if ALL else 2_500


@dataclass
class Target:
    """One thing that an address names, and who may reach it according to the tables."""

    values: dict[str, str]
    state: str
    element: str = ""
    organisation_id: UUID | None = None


@dataclass
class Comparison:
    """What was asked, and what was answered otherwise than the tables say."""

    cells: int = 0
    wrong: list[str] = field(default_factory=list)
    met: set[tuple[str, str]] = field(default_factory=set)
    """Planted words, and who met them."""
    pairs: set[tuple[str, str]] = field(default_factory=set)
    """Which two of person, address and state met in a cell."""

    def add(self, other: "Comparison") -> None:
        """Take in what another comparison has found."""
        self.cells += other.cells
        self.wrong += other.wrong
        self.met |= other.met
        self.pairs |= other.pairs

    def never_met(self) -> set[str]:
        """Return the words that nobody met of a group that should: such a test proves nothing."""
        return {
            f"{word} by {group}"
            for word, row in WORDS.items()
            for group in row["meets"].split()
            if not any(word == seen and GROUP[who] == group for seen, who in self.met)
        }


class Person:
    """Somebody with the own browser and the answer that this person gets for what is not there."""

    def __init__(self, site: Site, username: str) -> None:
        self.username, self.group = username, GROUP[username]
        with site.application.database.reading() as session:
            account = session.scalars(select(Account).where(Account.username == username))
            self.organisation_id = account.unique().one().organisation_id
        self.visitor = site.visit(username)
        self.csrf = self.visitor.csrf()
        self.nothing: dict[tuple[str, str], TestResponse] = {}

    def ask(self, method: str, path: str) -> TestResponse:
        """Ask for an address as a page would."""
        client = self.visitor.client
        if method == "GET":
            return client.get(path)
        return client.post(path, data={"csrf_token": self.csrf})

    def is_told_nothing(self, method: str, path: str, other: str, answer: TestResponse) -> bool:
        """Say whether an answer is that for what does not exist, which is asked for once.

        A page says beside what it shows what was done before and what is owed: where the two
        differ, both are asked for anew.
        """
        key = (method, other)
        if key not in self.nothing:
            self.nothing[key] = self.ask(method, other)
        if not unlike(answer, self.nothing[key], path, other):
            return True
        self.nothing[key] = self.ask(method, other)
        return not unlike(self.ask(method, path), self.nothing[key], path, other)


def is_let_in(person: Person, needs: str, target: Target) -> bool:
    """Say what the tables written by hand say."""
    if needs == "own":
        return True
    if needs in ALONE:
        return person.group in ALONE[needs]
    if needs == "step":
        if person.group == "partner" and target.organisation_id is not None:
            return person.organisation_id == target.organisation_id
        return person.group in STEPS[target.element]
    rights = CELLS[person.group][target.state].split()
    if needs == "author":
        return "read" in rights and person.organisation_id == target.organisation_id
    return needs in rights


def targets(site: Site, state: str, case: Case) -> Iterator[tuple[set[str], Target]]:
    """Give what there is to be asked for, with the names that an address may need of it."""
    with site.application.database.reading() as session:
        instance = session.scalars(
            select(ProcessInstance.id).where(ProcessInstance.case_id == case.id)
        ).first()
        yield {"code", "instance"}, Target({"code": case.code, "instance": str(instance)}, state)
        for item in stage.open_steps(session, case):
            yield (
                {"item"},
                Target({"item": str(item.id)}, state, item.element_id, item.organisation_id),
            )
        for row in session.scalars(
            select(Contribution).where(Contribution.case_id == case.id)
        ).unique():
            values = {"code": case.code, "contribution": str(row.id)}
            yield (
                {"code", "contribution"},
                Target(values, state, organisation_id=row.organisation_id),
            )


def names_in(path: str) -> set[str]:
    """Return what an address names."""
    return set(re.findall(r"{(\w+)}", path))


def unlike(answer: TestResponse, absent: TestResponse, path: str, other: str) -> bool:
    """Say whether a refusal can be told from the answer for what does not exist."""
    given, expected = answer.text.replace(path, ""), absent.text.replace(other, "")
    return answer.status_code != absent.status_code or given != expected


def compare(person: Person, route: dict[str, str], target: Target, found: Comparison) -> None:
    """Ask for one address as one person, and compare."""
    path = route["path"].format(**target.values)
    answer = person.ask(route["method"], path)
    found.cells += 1
    where = f"{target.state}: {person.username} {route['method']} {route['endpoint']}"
    where += f" {target.element}"
    if is_let_in(person, route["needs"], target):
        if answer.status_code >= 500 or answer.status_code in {403, 404}:
            found.wrong.append(f"{where} is refused ({answer.status_code})")
        if answer.status_code == 302:
            person.ask("GET", "/profile")  # what was done is said once; not on the next refusal
    elif names_in(route["path"]):
        other = route["path"].format(**dict.fromkeys(target.values, ABSENT) | {"code": NO_CASE})
        if answer.status_code != 404 or not person.is_told_nothing(
            route["method"], path, other, answer
        ):
            found.wrong.append(f"{where} is not refused like nothing ({answer.status_code})")
    elif answer.status_code != 404:
        found.wrong.append(f"{where} is not refused ({answer.status_code})")
    _read(person, answer, where, found)


def _read(person: Person, answer: TestResponse, where: str, found: Comparison) -> None:
    seen = set(WORD.findall(answer.text)) | set(WORD.findall(str(answer.headers)))
    for word in seen:
        found.met.add((word, person.username))
        if not may_meet(person, word):
            found.wrong.append(f"{where} shows {word}")


def may_meet(person: Person, word: str) -> bool:
    """Say whether somebody may ever meet a planted word, as the table says."""
    kind, _, agency = word.partition("-")
    if agency and person.group == "partner" and person.username.startswith(OWN_OF[agency]):
        return True
    return person.group in WORDS[word if word in WORDS else kind]["may_meet"].split()


OWN_OF = {"police": "police", "youth_work": "youth", "school": "school", "mental_health": "health"}


Lists = dict[str, dict[str, str]]


def lists_of(crowd: list["Person"]) -> Lists:
    """Return the pages with lists, of everybody, as they are before anything is done."""
    return {
        one.username: {path: one.ask("GET", path).text for path in ("/cases", "/")} for one in crowd
    }


def compare_lists(person: Person, target: Target, lists: Lists, found: Comparison) -> None:
    """Compare what the lists of cases and of steps show with what may be opened."""
    for path, needs, name in (("/cases", "read", "code"), ("/", "step", "item")):
        if name not in target.values or "contribution" in target.values:
            continue
        found.cells += 1
        shown = target.values[name] in lists[person.username][path]
        if shown is not is_let_in(person, needs, target):
            where = f"{target.state}: {path} of {person.username} {target.element}"
            found.wrong.append(f"{where} {'shows' if shown else 'hides'} {target.values[name]}")


def fits(route: dict[str, str], has: set[str]) -> bool:
    """Say whether an address is asked for with this target: with all it names and no less."""
    needed = names_in(route["path"])
    return needed <= has if "instance" in has else needed == has


def crowd_of(site: Site) -> list[Person]:
    """Return everybody, each with an own browser."""
    return [Person(site, username) for username in GROUP]


def look(
    site: Site, state: str, case: Case, crowd: list[Person], routes: list[dict[str, str]]
) -> Iterator[Comparison]:
    """Compare one state of the case for everybody, and give what each saw of each target."""
    lists, at = lists_of(crowd), stage.STATES.index(state)
    for number, (has, target) in enumerate(targets(site, state, case), at):
        for seat, person in enumerate(crowd):
            found = Comparison()
            compare_lists(person, target, lists, found)
            for way, route in enumerate(routes):
                chosen = route["endpoint"] in TELLING or (number + seat + way) % ONE_IN == 0
                if chosen and fits(route, has):
                    compare(person, route, target, found)
                    found.pairs |= set(combinations((person.username, _name(route), state), 2))
            yield found


def _name(route: dict[str, str]) -> str:
    return f"{route['method']} {route['endpoint']}"


def walk(site: Site) -> Comparison:
    """Go through all states, people and addresses."""
    found = Comparison()
    for state, case in stage.life(site):
        for one in look(site, state, case, crowd_of(site), ROUTES):
            found.add(one)
    return found


def pairs_never_met(found: Comparison) -> set[tuple[str, str]]:
    """Return which two of person, address and state met in no cell, of those that can meet.

    A step or a contribution is not there in every state; its addresses meet everybody.
    """
    names, anywhere = [_name(row) for row in ROUTES], list(stage.STATES)
    always = [_name(row) for row in ROUTES if not names_in(row["path"]) - {"code", "instance"}]
    wanted = {*product(GROUP, names), *product(GROUP, anywhere), *product(always, anywhere)}
    return wanted - found.pairs


def test_tables_name_everybody(site: Site) -> None:
    with site.application.database.reading() as session:
        assert set(stage.people(session)) == set(GROUP)
    assert set(GROUP.values()) == set(CELLS)
    assert all(set(row) == {"group", *stage.STATES} for row in CELLS.values())


@pytest.mark.timeout(900)
def test_everybody_reaches_what_the_tables_say_and_nothing_else(site: Site) -> None:
    found = walk(site)
    assert found.wrong == [], f"{len(found.wrong)} of {found.cells}:\n" + "\n".join(found.wrong)
    assert found.cells > CELLS_AT_LEAST
    assert found.never_met() == set()
    assert pairs_never_met(found) == set()


def test_tables_name_every_address(site: Site) -> None:
    unnamed = {
        (rule.endpoint, method)
        for rule in site.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    unnamed -= {(row["endpoint"], row["method"]) for row in ROUTES}
    unnamed -= {(row["endpoint"], row["method"]) for row in table("elsewhere")}
    assert unnamed == set()
