"""What the documentation shows can be done, and what it points to is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from engine.commandline import casetable
from engine.settings import ROOT, Settings
from tests.meta.house import name_of

PAGES = sorted(
    path
    for folder, pattern in ((".", "*.md"), ("docs", "*.md"), ("processes", "*.md"))
    for path in (ROOT / folder).glob(pattern)
)
SHOWN = re.compile(r"(?:^|[`\n(]|\$ )(casetable(?: [a-z-]+)+|make [a-z]+)", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
IMAGES = {"worklist", "task", "case", "diagram", "decision", "report"}


def _leaves(group: click.Group, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _leaves(command, *names, name)
        else:
            yield (*names, name), command


COMMANDS = dict(_leaves(casetable))


def test_documentation_is_there() -> None:
    wanted = {
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "docs/adapting.md",
        "docs/decisions.md",
        "docs/expressions.md",
        "docs/operations.md",
        "docs/security.md",
        "processes/README.md",
    }
    assert wanted <= {name_of(path) for path in PAGES}


@pytest.mark.parametrize("names", sorted(COMMANDS), ids=" ".join)
def test_command_explains_itself_with_an_example(names: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(casetable, [*names, "--help"])
    assert answer.exit_code == 0
    words = " ".join(answer.output.split())
    assert f"casetable {' '.join(names)}" in words.partition("Example:")[2]


@pytest.mark.parametrize("names", sorted(COMMANDS), ids=" ".join)
def test_command_example_names_files_that_exist(names: tuple[str, ...]) -> None:
    example = (COMMANDS[names].help or "").partition("Example:")[2]
    for path in re.findall(r"\b(?:processes|docs|tests)[\w./-]*", example):
        assert (ROOT / path).exists(), path


def _shown(page: Path) -> set[str]:
    return {found.strip() for found in SHOWN.findall(page.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_shown_on_a_page_are_real(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for shown in _shown(page):
        program, *rest = shown.split()
        if program == "make":
            assert re.search(rf"^{rest[0]}:", makefile, re.MULTILINE), shown
        else:
            known = any(tuple(rest[: len(names)]) == names for names in COMMANDS)
            groups = {names[0] for names in COMMANDS if len(names) > 1}
            assert known or (len(rest) == 1 and rest[0] in groups), shown


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "#", "mailto:")):
            path, _, anchor = target.partition("#")
            there = (page.parent / path).resolve()
            assert there.exists(), f"{name_of(page)}: {target}"
            assert not anchor or anchor in _anchors(there), f"{name_of(page)}: {target}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_settings_are_all_explained() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    for name in Settings.__dataclass_fields__:
        assert f"`CASETABLE_{name.upper()}`" in page, name
    known = {f"CASETABLE_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert set(re.findall(r"CASETABLE_[A-Z_]+", page)) <= known | {"CASETABLE_"}


def test_readme_shows_the_product() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {f"docs/images/{name}.png" for name in IMAGES} <= set(LINK.findall(text))
    for command in ("make run", "make test"):
        assert command in text


def test_decisions_are_numbered_without_a_gap() -> None:
    text = (ROOT / "docs/decisions.md").read_text(encoding="utf-8")
    numbers = [int(found) for found in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    for section in re.split(r"^## \d+\. ", text, flags=re.MULTILINE)[1:]:
        for part in ("**Context.**", "**Decision.**", "**Consequences.**"):
            assert part in section, section.splitlines()[0]
