"""Leaving at the organisation's own directory ends sessions here, and lies end none (V7.6.1)."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from sqlalchemy import select

from engine import accounts, administration, verification
from engine.models import AuditEntry, Base, SessionStage
from tests.webui.directory import CLIENT, EVENT, Directory, served
from tests.webui.site import Site, Visitor
from tests.webui.test_provider import (
    ANNA,
    BACK,
    BRAM,
    FORGERIES,
    is_in,
    link,
    sign_in,
    trust,
)
from webui import identity

LEFT = "/sign-in/organisation/left"


@pytest.fixture
def house(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Directory]:
    """A provider that our settings name, which knows person-17; she is Anna here."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # loopback has no certificate
    with served(BACK) as found:
        trust(site, found)
        link(site, found, ANNA, "person-17")
        yield found


def tell(site: Site, token: str, **form: str) -> tuple[int, bytes]:
    """Tell us as the provider does: by a machine without cookies, and without our pages' token."""
    answer = site.app.test_client().post(LEFT, data={"logout_token": token, **form})
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.data


def test_leaving_at_the_provider_ends_every_session_of_the_person_at_once(
    site: Site, house: Directory
) -> None:
    by_provider, by_password, bram = site.visit(), site.visit(ANNA), site.visit(BRAM)
    sign_in(by_provider)
    assert is_in(by_provider)
    assert tell(site, house.logout_token()) == (200, b"")
    assert not is_in(by_provider)
    assert not is_in(by_password)
    assert is_in(bram)
    assert sign_in(by_provider) == "/"
    with site.application.database.reading() as session:
        event = AuditEntry.event == "account:session:provider"
        [entry] = session.scalars(select(AuditEntry).where(event))
        assert entry.actor_id == site._account(session, ANNA).id
        assert verification.verify(session).breaks == []


def test_leaving_ends_a_sign_in_that_waits_for_its_second_step(
    site: Site, house: Directory
) -> None:
    visitor = site.visit()
    with site.application.database.transaction() as session:
        anna = site._account(session, ANNA)
        token = accounts.open_session(
            session, anna, identity.wall_clock(), SessionStage.SECOND_STEP
        )
    with visitor.client.session_transaction() as cookie:
        cookie["half"] = token
    assert visitor.get("/sign-in/code").status_code == 200
    tell(site, house.logout_token())
    assert visitor.get("/sign-in/code").status_code == 302


def test_word_may_name_the_session_instead_of_the_person(site: Site, house: Directory) -> None:
    house.lies = {"sid": "session-9"}
    visitor = site.visit()
    sign_in(visitor)
    assert tell(site, house.logout_token(sub=None, sid="session-8")) == (200, b"")
    assert is_in(visitor)
    assert tell(site, house.logout_token(sub=None, sid="session-9")) == (200, b"")
    assert not is_in(visitor)


def test_answer_is_the_same_whoever_is_known_or_there(site: Site, house: Directory) -> None:
    known_and_in = site.visit(ANNA)
    answers = {
        tell(site, house.logout_token()),
        tell(site, house.logout_token()),
        tell(site, house.logout_token(sub="person-99")),
        tell(site, house.logout_token(sub=None, sid="nobody's")),
    }
    assert answers == {(200, b"")}
    assert not is_in(known_and_in)


def test_word_counts_once_whoever_repeats_it(site: Site, house: Directory) -> None:
    word = house.logout_token()
    assert tell(site, word) == (200, b"")
    visitor = site.visit()
    sign_in(visitor)
    assert tell(site, word) == (400, b"")
    assert is_in(visitor)


def test_word_sent_eight_times_at_once_counts_once(site: Site, house: Directory) -> None:
    word = house.logout_token()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tell(site, word)[0], range(8)))
    assert sorted(answers) == [200] + [400] * 7


def is_refused(site: Site, visitor: Visitor, token: str) -> bool:
    return tell(site, token) == (400, b"") and is_in(visitor)


NOW = int(time.time())


LIES: list[dict[str, Any]] = [
    {"iss": "https://elsewhere.example"},
    {"iss": None},
    {"aud": "another client"},
    {"aud": ["another client"]},
    {"aud": {CLIENT: 1}},
    {"aud": None},
    {"iat": NOW - 600, "exp": NOW + 600},
    {"iat": NOW + 3600, "exp": NOW + 7200},
    {"iat": None},
    {"iat": "now"},
    {"iat": True},
    {"iat": 1e300},
    {"exp": NOW - 120},
    {"exp": None},
    {"jti": None},
    {"jti": ""},
    {"jti": 7},
    {"events": None},
    {"events": EVENT},
    {"events": [EVENT]},
    {"events": {EVENT: None}},
    {"events": {"http://schemas.openid.net/event/other": {}}},
    {"nonce": "any"},
    {"nonce": ""},
    {"sub": None},
    {"sub": ""},
    {"sub": 17},
    {"sub": ["person-17"]},
    {"sid": 9},
    {"sub": "x" * 256},
]


def test_word_with_a_false_claim_ends_nothing(site: Site, house: Directory) -> None:
    visitor = site.visit(ANNA)
    for lie in LIES:
        assert is_refused(site, visitor, house.logout_token(**lie)), lie
    for kind in ("JWT", "at+jwt", "secevent+jwt", ""):
        assert is_refused(site, visitor, house.logout_token({"typ": kind})), kind
    assert tell(site, house.logout_token()) == (200, b"")
    assert not is_in(visitor)


def test_proof_of_a_sign_in_ends_nothing(site: Site, house: Directory) -> None:
    now = int(time.time())
    claims = {"iss": house.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "sub": "person-17"}
    visitor = site.visit(ANNA)
    assert is_refused(site, visitor, house.token(claims | {"nonce": "x", "jti": "1"}))


def test_word_that_the_provider_has_not_signed_ends_nothing(site: Site, house: Directory) -> None:
    visitor = site.visit(ANNA)
    for name, forge in FORGERIES.items():
        forge(house)
        assert is_refused(site, visitor, house.logout_token()), name
    for token in ("", "x", "a.b.c", "." * 40, "x" * 20_000, "é.é.é"):
        assert is_refused(site, visitor, token), token[:40]


def test_word_of_the_provider_before_is_about_nobody(site: Site, house: Directory) -> None:
    """Who was unlinked is not thrown out by the provider any more."""
    with site.application.database.transaction() as session:
        now = site.application.now(session)
        administration.unlink_provider(
            session, ANNA, house.issuer, "head.greta", "process.daan", now
        )
    visitor = site.visit(ANNA)
    assert tell(site, house.logout_token()) == (200, b"")
    assert is_in(visitor)


def test_leaving_has_no_address_where_no_provider_is_set(site: Site) -> None:
    assert site.app.test_client().post(LEFT, data={"logout_token": "x"}).status_code == 404


def test_tokens_of_the_provider_are_nowhere_but_in_its_answer(
    site: Site, house: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither pages, cookies, addresses, database nor log hold one (V10.1.1)."""
    house.lies = {"sid": "session-9"}
    given: list[str] = []
    right = house.token

    def keep(claims: dict[str, Any]) -> str:
        given.append(right(claims))
        return given[-1]

    house.token = keep  # type: ignore[method-assign]
    spoken: list[str] = []
    fetch = requests.Session.request

    def listen(self: requests.Session, *arguments: Any, **options: Any) -> requests.Response:
        answer = fetch(self, *arguments, **options)
        if answer.request.method == "POST":
            spoken.append(answer.text)
        return answer

    visitor = site.visit()
    seen: list[str] = []
    answered = visitor._seen

    def watch(response: Any) -> Any:
        seen.append(f"{response.headers}\n{response.get_data(as_text=True)}")
        return answered(response)

    visitor._seen = watch  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "request", listen)
        assert sign_in(visitor) == "/"
    visitor.get("/sessions")
    access = [one for text in spoken if '"access_token"' in text for one in _values(text)]
    assert len(given) == 1
    assert len(access) >= 2
    logged = capsys.readouterr()
    held = "\n".join([*seen, logged.out, logged.err, _everything(site)])
    for token in (*given, *access):
        assert token not in held
        assert token[:40] not in held


def _values(text: str) -> list[str]:
    found = json.loads(text)
    return [found[name] for name in ("access_token", "id_token") if name in found]


def _everything(site: Site) -> str:
    """Return all that the database holds, as text."""
    with site.application.database.engine.connect() as connection:
        return "\n".join(
            str(row)
            for table in Base.metadata.sorted_tables
            for row in connection.execute(select(*table.columns))
        )
