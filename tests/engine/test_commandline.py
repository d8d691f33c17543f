"""The command line as an operator uses it, on an empty embedded database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.settings import ROOT

CASETABLE = [sys.executable, "-c", "from engine.commandline import main; main()"]


def run(
    home: Path, *words: str, given: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if "CASETABLE" not in name}
    environment |= {"CASETABLE_DATA_DIR": str(home), **settings}
    return subprocess.run(
        [*CASETABLE, *words],
        env=environment,
        cwd=ROOT,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


ANNA = ("user", "add", "anna", "--name", "Anna", "--email", "a@example.org", "--role", "partner")
PLACE = ("--organisation", "cp", "--organisation-name", "City police", "--discipline", "police")
PASSWORD = ("--password", "a long enough password")


def test_commandline_makes_a_database_with_people_from_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "db", "upgrade").returncode == 0
    added = run(tmp_path, *ANNA, *PLACE, *PASSWORD)
    assert "anna can sign in" in added.stdout, added.stderr
    assert "anna" in run(tmp_path, "user", "list").stdout
    again = run(tmp_path, *ANNA, *PLACE, *PASSWORD)
    assert again.returncode == 1
    assert "already an account" in again.stderr
    assert run(tmp_path, "user", "disable", "anna").returncode == 0
    assert "disabled" in run(tmp_path, "user", "list").stdout
    assert "0 chains broken" in run(tmp_path, "audit", "verify").stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation without people; what is refused leaves it as it is."""
    home = tmp_path_factory.mktemp("installed")
    assert run(home, "db", "upgrade").returncode == 0
    return home


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*ANNA, "--organisation", "nowhere", *PASSWORD), "no organisation"),
        ((*ANNA[:-1], "emperor", *PLACE, *PASSWORD), "no role emperor"),
        ((*ANNA, *PLACE, "--password", "short"), "15 to 128"),
        (("user", "disable", "nobody"), "no account"),
    ],
)
def test_commandline_says_in_one_sentence_what_is_wrong(
    installed: Path, words: tuple[str, ...], says: str
) -> None:
    refused = run(installed, *words)
    assert refused.returncode == 1
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr


def test_commandline_publishes_nothing_that_the_check_refuses(tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "processes"
    shutil.copytree(ROOT / "processes", folder)
    drawing = folder / "closure_decision.bpmn"
    drawing.write_text(drawing.read_text().replace("closing/count_opinions", "closing/guess"))
    refused = run(tmp_path, "db", "upgrade", CASETABLE_PROCESSES_DIR=str(folder))
    assert refused.returncode == 1
    assert "Nothing is published" in refused.stderr
    assert "closing/guess" in refused.stderr


def test_commandline_lists_all_wrong_settings_at_once(tmp_path: Path) -> None:
    refused = run(
        tmp_path,
        "health",
        CASETABLE_PRODUCTION="yes",
        CASETABLE_MAIL_PORT="post",
        CASETABLE_DEMO="x",
    )
    assert refused.returncode == 1
    for word in ("SECRET_KEY", "DATABASE_URL", "MAIL_PORT", "DEMO"):
        assert word in refused.stderr
