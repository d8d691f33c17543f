"""`casetable diff`: folders, files and what is published; its exit codes and its sentences."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from engine.database import Database
from engine.deployment import publish, resolve
from engine.models import Base
from engine.settings import ROOT
from tests.comparison.conftest import FILES, replaced, written

Diff = Callable[..., Result]
CLOSING = "closure_decision.bpmn"


def test_no_change_is_exit_code_0(diff: Diff) -> None:
    answer = diff(ROOT / "processes", ROOT / "processes")
    assert (answer.exit_code, answer.output) == (0, "No change: both sides say the same.\n")


def test_wording_alone_is_exit_code_0(diff: Diff, tmp_path: Path) -> None:
    files = replaced(dict(FILES), CLOSING, 'name="Decide on closing"', 'name="Agree"')
    answer = diff(ROOT / "processes", written(files, tmp_path / "new"))
    assert answer.exit_code == 0
    assert "Step *Decide on closing* is now called *Agree*." in answer.output
    assert answer.output.endswith("No change of meaning; 1 of wording.\n")


def test_two_files_are_compared_whatever_they_are_called(diff: Diff, tmp_path: Path) -> None:
    other = tmp_path / "edited.bpmn"
    other.write_bytes(FILES[CLOSING].replace(b"closing/prepare_dossier", b"closing/other"))
    answer = diff(ROOT / "processes" / CLOSING, other)
    assert answer.exit_code == 1
    assert "lets the system do **closing/other**" in answer.output
    assert "The rules are not proved" in answer.output


def test_plain_folder_needs_no_profile(diff: Diff, tmp_path: Path) -> None:
    for name, content in (("old", FILES[CLOSING]), ("new", FILES["reopening.bpmn"])):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.bpmn").write_bytes(content)
    answer = diff(tmp_path / "old", tmp_path / "new", "--json")
    assert answer.exit_code == 1
    report = json.loads(answer.output)
    assert [change["kind"] for change in report["changes"]] == ["removed", "added"]


def test_bad_input_is_exit_code_2_and_one_sentence(diff: Diff, tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<bpmn", encoding="utf-8")
    for arguments, told in (
        ((ROOT / "processes", tmp_path / "nowhere"), "there is no such folder or file"),
        ((ROOT / "processes" / CLOSING, broken), "not well-formed XML"),
        ((ROOT / "processes", ROOT / "processes", "--profile", "none"), "no profile"),
        (("published", ROOT / "processes"), "run casetable db upgrade"),
    ):
        answer = diff(*arguments)
        assert answer.exit_code == 2
        assert told in answer.stderr
        assert answer.stderr.count("\n") == 1


def test_published_processes_are_compared_with_a_folder(
    diff: Diff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'published.sqlite'}"
    monkeypatch.setenv("CASETABLE_DATABASE_URL", url)
    database = Database(url)
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        publish(session, resolve(ROOT / "processes", "base"), at=datetime(2026, 1, 15, tzinfo=UTC))
    database.close()
    assert diff("published", ROOT / "processes").exit_code == 0
    files = replaced(dict(FILES), CLOSING, "closing/prepare_dossier", "closing/count_opinions")
    new = written(files, tmp_path / "new")
    answer = diff("published", new, "--without-rules")
    assert answer.exit_code == 1
    assert "What changes from published (" in answer.output
    assert "0 cases run on this version" in answer.output
    short = answer.output.partition("published (")[2].partition(")")[0]
    assert diff(short, ROOT / "processes").exit_code == 0
    assert diff("0123456789", new).exit_code == 2
