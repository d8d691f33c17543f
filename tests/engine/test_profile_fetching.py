"""A profile that was published in the workshop is written as a folder, whole or not at all."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from engine.adaptation.beginning import Answers, begin
from engine.adaptation.fetching import fetch, without_folder
from engine.application import Application
from engine.deployment import ResolvedDeployment, publish, resolve
from engine.errors import InputError
from engine.inheritance import known, read_files
from engine.settings import ROOT

ANSWERS = Answers("rivertown", "Rivertown", inherits="nl", values={"closing_rule": "consensus"})
CLOSING = "closure_decision.bpmn"
NAME = b'name="Decide on closing"'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "processes", tmp_path / "processes"))


@pytest.fixture
def installed(application: Application, home: Path) -> Application:
    settings = replace(application.settings, processes_dir=home)
    return Application(settings, application.database, application.clock)


@pytest.fixture
def published(installed: Application, home: Path) -> ResolvedDeployment:
    files = begin(home, ANSWERS)
    assert NAME in files[CLOSING]
    found = ResolvedDeployment({**files, CLOSING: files[CLOSING].replace(NAME, b'name="Close"')})
    with installed.database.transaction() as session:
        publish(session, found, at=installed.now(session), note="by two process owners")
    return found


def test_folder_holds_what_the_profile_has_of_its_own_and_is_the_published_set(
    installed: Application, published: ResolvedDeployment, home: Path
) -> None:
    with installed.database.reading() as session:
        assert without_folder(session, home) == ["rivertown"]
    found = fetch(installed, "rivertown")
    assert found.otherwise == ()
    held = {path.relative_to(found.folder).as_posix() for path in found.folder.rglob("*")}
    assert held == {"profile.toml", CLOSING}
    assert resolve(home, "rivertown").id == published.id
    with installed.database.reading() as session:
        assert without_folder(session, home) == []


def test_what_an_update_has_changed_underneath_is_told(
    installed: Application, published: ResolvedDeployment, home: Path
) -> None:
    rules = home / "rules.toml"
    rules.write_bytes(rules.read_bytes() + b"\n# changed by an update\n")
    table = home / "decisions/minor_rule.dmn"
    table.write_bytes(table.read_bytes() + b"\n")
    found = fetch(installed, "rivertown")
    assert found.otherwise == ("rules.toml",)
    now = read_files(home, "rivertown")
    assert now["decisions/minor_rule.dmn"] == published.files["decisions/minor_rule.dmn"]


def test_nothing_is_written_over_and_nothing_half_done_stays(
    installed: Application, published: ResolvedDeployment, home: Path
) -> None:
    with pytest.raises(InputError, match=r"rivertow is not published; to be fetched: rivertown"):
        fetch(installed, "rivertow")
    with pytest.raises(InputError, match="nl lies in a folder already"):
        fetch(installed, "nl")
    evil = ResolvedDeployment({**published.files, "../out.bpmn": b"<x/>"})
    with installed.database.transaction() as session:
        publish(session, evil, at=installed.now(session), note="changed in the database")
    before = sorted(home.iterdir())
    with pytest.raises(InputError, match="no name of a file of a profile"):
        fetch(installed, "rivertown")
    assert sorted(home.iterdir()) == before
    assert "rivertown" not in known(home)
    assert not (home.parent / "out.bpmn").exists()
