"""R5: of many who answer one step at the same instant one wins; the others see the answer."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import worklist
from engine.errors import ConflictError
from engine.models import FormSubmission, WorkItem
from tests.engine.desk import Desk
from tests.engine.small import GO_ON
from tests.goal import Figure
from tests.webui.site import Site, Visitor
from tests.webui.test_work import CHECKED
from webui.application import create_app

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
ITEMS = 1_000 if ALL else 25
"""Steps, on each of the two systems."""
PAGES = 30 if ALL else 1
"""Steps that are answered by the pages."""
MANY = 32


@pytest.mark.timeout(3600)
def test_one_of_32_answers_to_one_step_wins(desk: Desk, figure: Figure) -> None:
    """R5: the others are told who was first."""
    people = [desk.account(name) for name in ("intake.anna", "intake.bram")]

    def attempt(number: int, item: WorkItem) -> str:
        person = people[number % 2].id
        try:
            worklist.complete(desk.application, item.id, person, GO_ON, str(number))
        except ConflictError as error:
            return "late" if "has already answered" in str(error) else str(error)
        return "won"

    with ThreadPoolExecutor(MANY) as pool:
        for _ in range(ITEMS):
            item = desk.item(desk.open(), "ask")
            tried = pool.map(attempt, range(MANY), [item] * MANY)
            assert Counter(tried) == {"won": 1, "late": MANY - 1}
    with desk.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FormSubmission)) == ITEMS
    figure("R5", items=ITEMS, answers=MANY * ITEMS, won=ITEMS, told_who_won=(MANY - 1) * ITEMS)


def test_one_of_32_pages_wins_and_the_others_show_what_was_answered(
    application: Any, figure: Figure
) -> None:
    """R5: 409 with the winner's name, the time and the answer."""
    site = Site(application, create_app(application))
    names = ("intake.anna", "intake.bram")
    people = {name: site.visit(name) for name in names}

    def attempt(number: int, path: str, keys: dict[str, str]) -> tuple[int, str, str]:
        name = names[number % 2]
        words = f"Words {number}."
        visitor = Visitor(site.app, people[name].token)
        form = {"action": "submit", "_key": f"{keys[name]}{number}", **CHECKED}
        answer = visitor.post(path, {**form, "source_summary": words})
        return answer.status_code, words, answer.get_data(as_text=True)

    with ThreadPoolExecutor(MANY) as pool:
        for _ in range(PAGES):
            path = f"/work/{site.item(site.report(), 'check_source').id}"
            keys = {}
            for name, visitor in people.items():
                visitor.get(path)
                keys[name] = visitor.hidden("_key")
            tried = list(pool.map(attempt, range(MANY), [path] * MANY, [keys] * MANY))
            assert Counter(status for status, _, _ in tried) == {302: 1, 409: MANY - 1}
            won = next(number for number, one in enumerate(tried) if one[0] == 302)
            who = "Anna Visser" if won % 2 == 0 else "Bram Jansen"
            for status, words, page in tried:
                if status == 409:
                    assert "Somebody else was first" in page
                    assert f"<strong>{who}, " in page
                    assert "15 January 2026" in page
                    assert tried[won][1] in page
                    assert words not in page
    figure("R5", pages=MANY * PAGES, won=PAGES, shown_with_409=(MANY - 1) * PAGES)
