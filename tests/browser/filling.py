"""Fills a form in the browser from the answers of a scenario, control by control as people do."""

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Locator, Page, expect

FORM = "form.form"


def fill(page: Page, answers: Mapping[str, Any], prefix: str = "") -> None:
    """Give the answers in their order; wait for a question that only an earlier answer asks."""
    for key, value in answers.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            _fill_rows(page, name, value)
        else:
            _answer(page, name, value)


def controls(page: Page, name: str) -> Locator:
    """Return what a person can touch of the field called `name`."""
    return page.locator(f'{FORM} [name="{name}"]:not([type="hidden"])')


def _fill_rows(page: Page, name: str, rows: list[dict[str, Any]]) -> None:
    box = page.locator(f'{FORM} [data-list="{name}"]')
    count = box.locator(f'[name="{name}-rows"]')
    there = int(count.input_value())
    while there > len(rows):
        there -= 1
        box.locator(f'[value="remove-row:{name}:{there}"]').click()
        expect(count).to_have_value(str(there))
    while there < len(rows):
        there += 1
        box.locator(f'[value="add-row:{name}"]').click()
        expect(count).to_have_value(str(there))
    for number, row in enumerate(rows):
        fill(page, row, f"{name}-{number}-")


def _answer(page: Page, name: str, value: Any) -> None:
    found = controls(page, name)
    found.first.wait_for(state="visible")
    kind = found.first.evaluate("it => it.type")
    if kind == "radio":
        page.locator(f'{FORM} [name="{name}"][value="{value}"]').check()
    elif kind == "checkbox" and isinstance(value, list):
        for box in found.all():
            box.set_checked(box.get_attribute("value") in value)
    elif kind == "checkbox":
        found.first.set_checked(bool(value))
    elif kind == "select-one":
        found.first.select_option(str(value))
    else:
        found.first.fill(str(value))
