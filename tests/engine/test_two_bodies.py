"""Nobody holds roles of two bodies that keep two files, unless their profile lets it (S19).

Which roles clash is said by tests/authz/apart_piece.py; here it is refused where roles are given.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import accounts, demo_cast, leaving, user_command
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.errors import SeparationError
from engine.models import Account, AccountRole
from engine.separate_file import clash
from tests.engine.apart import PROCESSES, open_application, structure

GROUP, CHAIR, PARTNER, PREFECT = "security.serge", "chair.clara", "police.peter", "mayor.fatima"
BY = ("--by", "head.greta", "--second", "process.daan")


@pytest.fixture
def apart(
    database: Database, tmp_path: Path, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> Application:
    """The shipped structure with two bodies, where the commands find it."""
    found = open_application(database, tmp_path, clock)
    monkeypatch.setattr(user_command, "_open", lambda: found)
    return found


def said(*words: str) -> str:
    """Return what a command says, or with which sentence it refuses."""
    result = CliRunner().invoke(user_command.user, words)
    return f"{result.exception or ''}{result.output}"


def roles_of(application: Application, username: str) -> set[str]:
    with application.database.reading() as session:
        return set(accounts.find_account(session, username).role_codes)


def test_role_of_the_other_body_is_refused_and_the_own_ones_stay(apart: Application) -> None:
    refused = said("roles", GROUP, "--role", "security_group", "--role", "chair", *BY)
    assert "belong to two bodies" in refused
    assert roles_of(apart, GROUP) == {"security_group"}
    words = ("--name", "N", "--email", "n@example.org", "--organisation", "municipality")
    secret = ("--password", "a long enough password")
    new = said("add", "new", *words, "--role", "intake_desk", "--role", "partner", *BY, *secret)
    assert "belong to two bodies" in new
    # Who takes part in both files by their profile, or in none, goes with every other.
    for added in ("accountable_person", "agency_lead"):
        fine = said("roles", GROUP, "--role", "security_group", "--role", added, *BY)
        assert "is signed out and has now" in fine, fine
    assert "of two bodies" not in said("list")


@pytest.mark.usefixtures("apart")
def test_two_accounts_of_one_human_are_not_of_two_bodies() -> None:
    joined = said("person", GROUP, "--same-as", CHAIR, *BY)
    assert "belong to two bodies" in joined
    assert "is the same human" in said("person", GROUP, "--same-as", PREFECT, *BY)
    changed = said("roles", PREFECT, "--role", "chair", *BY)
    assert "belong to two bodies" in changed
    assert "is signed out and has now" in said("roles", PREFECT, "--role", "intake_desk", *BY)
    # An account that is disabled reads nothing, so it stands in nobody's way.
    assert "cannot sign in" in said("disable", PREFECT)
    assert "is signed out and has now" in said("roles", GROUP, "--role", "chair", *BY)


def test_roles_of_before_are_named_in_the_list(apart: Application) -> None:
    with apart.database.transaction() as session:
        who = accounts.find_account(session, GROUP)
        session.add(AccountRole(account_id=who.id, role="chair"))
    [line] = [line for line in said("list").splitlines() if "of two bodies" in line]
    assert GROUP in line
    assert "chair and security_group" in line


def test_profile_lets_roles_of_two_bodies_go_together(apart: Application) -> None:
    profile = structure().profile
    small = {**profile.files, "care": replace(profile.files["care"], alongside=("intake_desk",))}
    with apart.database.reading() as session:
        who: Account = accounts.find_account(session, PARTNER)
        wanted = frozenset({"partner", "intake_desk"})
        with pytest.raises(SeparationError, match="Prefecture desk"):
            leaving.check_bodies(session, who, wanted, profile)
        leaving.check_bodies(session, who, wanted, replace(profile, files=small))
        wanted = frozenset({"partner", "security_group"})
        with pytest.raises(SeparationError):
            leaving.check_bodies(session, who, wanted, replace(profile, files=small))
        leaving.check_bodies(session, who, wanted, replace(profile, files={}))


def test_nobody_of_a_demonstration_is_of_two_bodies() -> None:
    profile = structure().profile
    for person in demo_cast.cast_of(profile, PROCESSES).people:
        assert clash(profile.files, person.roles) is None, person.username
