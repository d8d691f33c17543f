"""Passwords, sessions, throttling and changes that two persons make (S8, S9, S10, S11)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from engine import accounts, administration, factor, password, sealing, throttle
from engine.application import Application
from engine.errors import (
    InputError,
    NotFoundError,
    SeparationError,
    StateError,
    TooManyAttemptsError,
)
from engine.models import Account, AuditEntry, FailedAttempt, TotpFactor, WebSession
from engine.settings import load_settings
from tests.conftest import START

KEY = b"a key of these tests"
MINUTE = timedelta(minutes=1)
GOOD = "a bird on seven wet chairs"


def account(application: Application, username: str) -> Account:
    with application.database.reading() as session:
        return accounts.find_account(session, username)


def sign_in(application: Application, username: str) -> str:
    with application.database.transaction() as session:
        return accounts.open_session(session, accounts.find_account(session, username), START)


def is_live(application: Application, token: str) -> bool:
    with application.database.reading() as session:
        return accounts.find_session(session, token, START) is not None


# -- passwords ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [GOOD, "Müller fährt früh nach Köln", "kT4$wPz9!mQ2&vX7", "7 clouds above 9 harbours"],
)
def test_password_of_any_composition_is_taken(typed: str) -> None:
    password.check(typed, ("intake.anna", "anna@example.org", "Anna Visser", "Municipality"))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("fourteen signs", "15 to 128"),
        ("x" * 129, "15 to 128"),
        ("aaaaaaaaaaaaaaaa", "repeats"),
        ("abcabcabcabcabcabc", "repeats"),
        ("passwordpassword1", "repeats"),
        ("qwertyuiopasdfgh", "tried first"),
        ("123456789012345678", "tried first"),
        ("my Casetable is so green", "product's name"),
        ("Intake-Anna in the rain", "user name"),
        ("intake anna visser", "user name"),
        ("visser municipality", "unrelated words"),
    ],
)
def test_password_that_is_guessed_is_refused_with_the_mend(typed: str, says: str) -> None:
    names = ("intake.anna", "anna@example.org", "Anna Visser", "Municipality")
    with pytest.raises(InputError, match=says):
        password.check(typed, names)


def test_password_without_a_user_name_of_some_length_is_looked_at_all_the_same() -> None:
    password.check("a jolly good bird on seven chairs", ("jo",))


def test_password_change_ends_every_session(application: Application) -> None:
    tokens = [sign_in(application, "intake.anna") for _ in range(2)]
    other = sign_in(application, "intake.bram")
    with application.database.transaction() as session:
        anna = accounts.find_account(session, "intake.anna")
        accounts.set_password(session, anna, GOOD, START)
    assert not any(is_live(application, token) for token in tokens)
    assert is_live(application, other)
    with application.database.transaction() as session:
        assert accounts.authenticate(session, "intake.anna", GOOD)
        assert not accounts.authenticate(session, "intake.anna", "demonstration only")


# -- sealing -----------------------------------------------------------------------------------


def test_sealed_secret_opens_for_its_key_purpose_and_row_alone() -> None:
    sealed = sealing.seal(KEY, "thing", "row 1", b"plain")
    assert sealing.unseal(KEY, "thing", "row 1", sealed) == b"plain"
    assert b"plain" not in sealed
    assert sealed != sealing.seal(KEY, "thing", "row 1", b"plain")
    for key, purpose, row, found in (
        (b"another key", "thing", "row 1", sealed),
        (KEY, "another thing", "row 1", sealed),
        (KEY, "thing", "row 2", sealed),
        (KEY, "thing", "row 1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ):
        with pytest.raises(StateError, match="does not open"):
            sealing.unseal(key, purpose, row, found)


# -- throttling --------------------------------------------------------------------------------


def fail(application: Application, limits: tuple[throttle.Limit, ...], value: str, at: int) -> bool:
    """Count one failure `at` seconds after the start; say whether it was still allowed."""
    with application.database.transaction() as session:
        try:
            throttle.claim(session, KEY, [(limits, value)], START + timedelta(seconds=at))
        except TooManyAttemptsError:
            return False
        return True


def test_throttle_allows_five_failures_in_five_minutes(application: Application) -> None:
    assert [fail(application, throttle.BY_NAME, "anna", at) for at in range(6)] == [True] * 5 + [
        False
    ]
    assert fail(application, throttle.BY_NAME, "bram", 6)
    assert fail(application, throttle.BY_NAME, "anna", 301)
    assert fail(application, throttle.BY_NAME, "anna", 302)


def test_throttle_of_codes_has_three_windows(application: Application) -> None:
    allowed, at = 0, 0
    while allowed < 20:
        allowed += fail(application, throttle.BY_FACTOR, "anna", at)
        at += 60
    assert not fail(application, throttle.BY_FACTOR, "anna", at + 300)
    assert fail(application, throttle.BY_FACTOR, "anna", at + 3600)


def test_throttle_gives_back_what_was_right(application: Application) -> None:
    for _ in range(10):
        with application.database.transaction() as session:
            claimed = throttle.claim(session, KEY, [(throttle.BY_NAME, "anna")], START)
            throttle.give_back(session, claimed)
    assert fail(application, throttle.BY_NAME, "anna", 1)


def test_throttle_counts_guesses_sent_at_once(application: Application) -> None:
    with ThreadPoolExecutor(16) as pool:
        allowed = pool.map(lambda _: fail(application, throttle.BY_NAME, "anna", 0), range(16))
        assert list(allowed).count(True) == 5


def test_throttle_keeps_no_name_and_sweeps_what_is_old(application: Application) -> None:
    fail(application, throttle.BY_NAME, "anna", 0)
    with application.database.reading() as session:
        assert "anna" not in session.scalars(select(FailedAttempt.key)).one()
    fail(application, throttle.BY_NAME, "bram", 86_401)
    with application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FailedAttempt)) == 1


# -- sessions ----------------------------------------------------------------------------------


def test_session_that_is_rotated_keeps_its_age_and_its_end(application: Application) -> None:
    old = sign_in(application, "intake.anna")
    later = START + MINUTE
    with application.database.transaction() as session:
        new = accounts.rotate_session(session, old, later)
    assert not is_live(application, old)
    with application.database.reading() as session:
        found = accounts.find_session(session, new, later)
        assert found is not None
        assert (found.created_at, found.confirmed_at) == (START, later)
        assert found.ends_at == START + accounts.ABSOLUTE


def test_session_of_somebody_else_is_not_closed(application: Application) -> None:
    token = sign_in(application, "intake.anna")
    with application.database.transaction() as session:
        row = session.get_one(WebSession, accounts.hash_token(token))
        bram = accounts.find_account(session, "intake.bram")
        with pytest.raises(NotFoundError):
            accounts.end_one(session, bram.id, row.id, START)
    assert is_live(application, token)


# -- two persons -------------------------------------------------------------------------------


def give_factor(application: Application, username: str) -> UUID:
    me = account(application, username).id
    sealed = factor.seal_secret(KEY, me, factor.new_secret())
    with application.database.transaction() as session:
        session.add(TotpFactor(account_id=me, secret=sealed, created_at=START))
    return me


def test_factor_is_reset_by_two_persons_on_record(application: Application) -> None:
    me, token = give_factor(application, "intake.anna"), sign_in(application, "intake.anna")
    with application.database.transaction() as session:
        administration.reset_factor(session, "intake.anna", "head.greta", "process.daan", START)
    assert not is_live(application, token)
    with application.database.reading() as session:
        assert not factor.has_factor(session, me)
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "account:factor:reset")
        ).one()
    assert entry.subject == str(me)
    assert entry.actor_id == account(application, "head.greta").id
    assert entry.detail == {"second": str(account(application, "process.daan").id)}


@pytest.mark.parametrize(
    ("by", "second"),
    [
        ("head.greta", "head.greta"),
        ("intake.anna", "head.greta"),
        ("head.greta", "intake.anna"),
        ("head.greta", "school.sofia"),
    ],
)
def test_factor_is_not_reset_by_one_person(application: Application, by: str, second: str) -> None:
    me = give_factor(application, "intake.anna")
    with application.database.transaction() as session:
        accounts.disable(session, "school.sofia", START)
    with pytest.raises(SeparationError), application.database.transaction() as session:
        administration.reset_factor(session, "intake.anna", by, second, START)
    with application.database.reading() as session:
        assert factor.has_factor(session, me)


def test_change_of_roles_ends_sessions(application: Application) -> None:
    token = sign_in(application, "intake.anna")
    roles = frozenset({"chair", "intake_desk"})
    with application.database.transaction() as session:
        administration.change_roles(
            session, "intake.anna", roles, "head.greta", "process.daan", START
        )
    assert not is_live(application, token)
    assert account(application, "intake.anna").role_codes == roles


def test_password_is_reset_by_two_persons(application: Application) -> None:
    with application.database.transaction() as session:
        administration.reset_password(
            session, "intake.anna", GOOD, "head.greta", "process.daan", START
        )
        assert accounts.authenticate(session, "intake.anna", GOOD)


# -- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "is_required"),
    [
        ({}, False),
        ({"CASETABLE_DEMO": "no"}, True),
        ({"CASETABLE_REQUIRE_SECOND_FACTOR": "yes"}, True),
        ({"CASETABLE_DEMO": "no", "CASETABLE_REQUIRE_SECOND_FACTOR": "no"}, False),
    ],
)
def test_second_factor_is_required_outside_a_demonstration(
    given: dict[str, str], is_required: bool
) -> None:
    settings = load_settings({"CASETABLE_SECRET_KEY": "x" * 32, **given})
    assert settings.require_second_factor is is_required
