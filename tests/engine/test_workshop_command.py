"""`casetable publish`: who acts types the own password, and two persons publish a folder."""

import shutil
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

from engine import application as installation
from engine import factor
from engine.application import Application
from engine.demo import PASSWORD
from engine.errors import (
    NotFoundError,
    NotPermittedError,
    SeparationError,
    TooManyAttemptsError,
)
from engine.models import CurrentDeployment, Deployment, TotpFactor
from engine.publish_command import publish
from engine.settings import ROOT
from tests.engine.workshop import SCENARIO, who

NOTE = "--note", "Scenario retold"


@pytest.fixture
def command(application: Application, monkeypatch: pytest.MonkeyPatch) -> Application:
    monkeypatch.setattr(installation, "open_application", lambda: application)
    return application


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set with one scenario, so that it is judged quickly."""
    found = tmp_path / "processes"
    shutil.copytree(ROOT / "processes", found)
    for one in (found / "scenarios").glob("*.toml"):
        if one.name != Path(SCENARIO).name:
            one.unlink()
    return found


def run(*words: str, given: str = PASSWORD) -> str:
    found = CliRunner().invoke(publish, words, input=f"{given}\n", catch_exceptions=False)
    return found.output


def current(application: Application) -> str:
    with application.database.transaction() as session:
        return session.get_one(CurrentDeployment, "base").deployment_id


def test_folder_is_published_by_two_who_prove_who_they_are(
    command: Application, folder: Path
) -> None:
    before = current(command)
    with pytest.raises(NotPermittedError):
        run(str(folder), *NOTE, "--by", "owner.olga", given="wrong")
    table = folder / "decisions/deadlines.dmn"
    table.write_bytes(table.read_bytes() + b"\n")
    told = run(str(folder), *NOTE, "--by", "owner.olga")
    assert "Asked. Another process owner agrees: casetable publish --agree " in told
    asked = told.split("--agree ")[1].split()[0]
    assert UUID(asked)
    assert current(command) == before
    with pytest.raises(SeparationError):
        run("--agree", asked, "--by", "owner.olga")
    told = run("--agree", asked, "--by", "owner.oscar")
    assert f"new cases start on {current(command)[:12]}" in told
    published, olga = current(command), who(command, "owner.olga")
    with command.database.transaction() as session:
        row = session.get_one(Deployment, published)
        assert (row.note, row.published_by_id) == ("Scenario retold", olga)


@pytest.mark.usefixtures("command")
def test_red_folder_is_not_asked_for(folder: Path) -> None:
    diagram = folder / "case_management.bpmn"
    diagram.write_bytes(diagram.read_bytes().replace(b"sourceRef=", b"sourceRef_=", 1))
    found = CliRunner().invoke(
        publish, [str(folder), *NOTE, "--by", "owner.olga"], input=f"{PASSWORD}\n"
    )
    assert found.exit_code == 1
    assert "case_management.bpmn" in found.output
    assert "Nothing was asked" in found.output


def test_second_factor_is_asked_for_and_guessing_ends(command: Application, folder: Path) -> None:
    olga = who(command, "owner.olga")
    with command.database.transaction() as session:
        key = command.settings.account_key
        codes = factor.new_recovery_codes(session, key, olga)
        secret = factor.seal_secret(key, olga, factor.new_secret())
        session.add(TotpFactor(account_id=olga, secret=secret, created_at=command.now(session)))
    with pytest.raises(NotPermittedError):
        run("--agree", str(olga), "--by", "owner.olga", given=f"{PASSWORD}\n000000")
    with pytest.raises(NotFoundError):
        run("--agree", str(olga), "--by", "owner.olga", given=f"{PASSWORD}\n{codes[0]}")
    for _ in range(5):
        with pytest.raises(NotPermittedError):
            run(str(folder), "--by", "owner.oscar", given="wrong")
    with pytest.raises(TooManyAttemptsError):
        run(str(folder), "--by", "owner.oscar", given="wrong")


@pytest.mark.usefixtures("command")
def test_it_takes_one_deed_and_an_id(folder: Path) -> None:
    for words in ([], [str(folder), "--agree", "x"]):
        found = CliRunner().invoke(publish, [*words, "--by", "owner.olga"])
        assert found.exit_code == 2
