"""Sign-in by a real provider on loopback, and by providers and people who lie (V6.8, V10.5)."""

import hashlib
import hmac
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from sqlalchemy import func, select

from engine import accounts, administration, factor, provider
from engine.errors import ConflictError, InputError, SeparationError, SettingsError
from engine.models import AuditEntry, ProviderFlow, ProviderLink, TotpFactor, WebSession
from engine.settings import load_settings
from tests.webui.directory import CLIENT, SECRET, Directory, _new_key, served, unsigned
from tests.webui.site import Site, Visitor
from webui import identity

ANNA, BRAM = "intake.anna", "intake.bram"
BASE = "http://localhost:8080"
BACK = f"{BASE}/sign-in/organisation/back"


@pytest.fixture
def house(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Directory]:
    """A provider that our settings name, which knows person-17; she is Anna here."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # loopback has no certificate
    with served(BACK) as found:
        trust(site, found)
        link(site, found, ANNA, "person-17")
        yield found


def trust(site: Site, house: Directory, **changes: Any) -> None:
    site.application.settings = replace(
        site.application.settings,
        base_url=BASE,
        oidc_issuer=house.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        **changes,
    )


def link(site: Site, house: Directory, username: str, subject: str) -> None:
    with site.application.database.transaction() as session:
        administration.link_provider(
            session,
            username,
            (house.issuer, subject),
            "head.greta",
            "process.daan",
            site.application.now(session),
        )


def sent_to(visitor: Visitor, target: str = "") -> str:
    """Begin at our page; return the address at the provider."""
    path = f"/sign-in/organisation?next={target}" if target else "/sign-in/organisation"
    return str(visitor.get(path).headers["Location"])


def answer_of(address: str) -> str:
    """Sign in at the provider as a browser does; return the way back, without our host."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    return back.query


def come_back(visitor: Visitor, query: str) -> str:
    """Come back to our page and go on; return where that leads."""
    visitor.get(f"/sign-in/organisation/back?{query}")
    assert visitor.page is not None
    target = visitor.page.xpath("//main//a/@href")[0]
    return str(visitor.get(target).headers["Location"])


def sign_in(visitor: Visitor, target: str = "") -> str:
    return come_back(visitor, answer_of(sent_to(visitor, target)))


def is_in(visitor: Visitor) -> bool:
    return bool(visitor.client.get("/").status_code == 200)


def is_refused(visitor: Visitor, query: str) -> bool:
    location = come_back(visitor, query)
    visitor.get(location)
    return (
        location == "/sign-in"
        and "Signing in by your organisation did not work" in visitor.text()
        and not is_in(visitor)
    )


# -- what it is for -------------------------------------------------------------------------------


def test_provider_lets_a_linked_person_in_and_on_to_the_page(site: Site, house: Directory) -> None:
    visitor = site.visit()
    assert sign_in(visitor, "/cases") == "/cases"
    assert visitor.get("/cases").status_code == 200
    visitor.get("/sessions")
    with site.application.database.reading() as session:
        row = session.scalars(select(WebSession)).unique().one()
        assert row.account.username == ANNA
        assert row.ends_at - row.created_at == accounts.ABSOLUTE
    asked = house.asked[0]
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid"
    assert asked["code_challenge_method"] == "S256"
    assert all(len(asked[name]) >= 43 for name in ("state", "nonce", "code_challenge"))


def test_provider_that_is_not_set_has_no_addresses_and_no_button(site: Site) -> None:
    visitor = site.visit()
    for path in ("", "/back?code=1&state=2", "/enter?code=1&state=2"):
        assert visitor.get(f"/sign-in/organisation{path}").status_code == 404
    visitor.get("/sign-in")
    assert "Sign in by" not in visitor.text()


def test_provider_is_offered_by_its_name(site: Site, house: Directory) -> None:
    trust(site, house, oidc_name="Rivertown")
    visitor = site.visit()
    visitor.get("/sign-in?next=/cases")
    assert visitor.page is not None
    button = visitor.page.xpath("//a[text()='Sign in by Rivertown']/@href")
    assert button == ["/sign-in/organisation?next=/cases"]


def test_way_back_sets_no_cookie_and_leads_to_our_own_page_only(
    site: Site, house: Directory
) -> None:
    del house
    answer = site.visit().get(
        '/sign-in/organisation/back?code="><script>&state=x&next=//elsewhere.example&iss=y'
    )
    assert "Set-Cookie" not in answer.headers
    assert "<script>" not in answer.text
    assert "elsewhere" not in answer.text
    assert "0; url=/sign-in/organisation/enter?code=%22%3E" in answer.text


def test_target_elsewhere_is_not_gone_to(site: Site, house: Directory) -> None:
    del house
    assert sign_in(site.visit(), "//elsewhere.example") == "/"


def test_nobody_is_added_or_linked_by_signing_in(site: Site, house: Directory) -> None:
    house.user = "person-99"
    house.lies = {"email": "intake.anna@example.org", "email_verified": True, "name": "Anna"}
    visitor = site.visit()
    assert sign_in(visitor) == "/sign-in"
    visitor.get("/sign-in")
    assert "person-99" in visitor.text()
    assert not is_in(visitor)
    with site.application.database.reading() as session:
        assert session.scalars(select(ProviderLink.subject)).all() == ["person-17"]


def test_person_of_the_same_number_at_another_provider_is_somebody_else(
    site: Site, house: Directory
) -> None:
    with site.application.database.reading() as session:
        assert provider.linked_account(session, house.issuer, "person-17") is not None
        for issuer in ("https://elsewhere.example", house.issuer + "/", ""):
            assert provider.linked_account(session, issuer, "person-17") is None
        assert provider.linked_account(session, house.issuer, "PERSON-17") is None


def test_account_that_is_disabled_or_unlinked_is_not_let_in(site: Site, house: Directory) -> None:
    visitor = site.visit()
    sign_in(visitor)
    assert is_in(visitor)
    with site.application.database.transaction() as session:
        now = site.application.now(session)
        administration.unlink_provider(
            session, ANNA, house.issuer, "head.greta", "process.daan", now
        )
    assert not is_in(visitor)
    assert sign_in(visitor) == "/sign-in"
    link(site, house, ANNA, "person-17")
    with site.application.database.transaction() as session:
        accounts.disable(session, ANNA, identity.wall_clock())
    assert sign_in(visitor) == "/sign-in"
    assert not is_in(visitor)


# -- the second factor ----------------------------------------------------------------------------


def give_factor(site: Site) -> None:
    key, now = site.application.settings.account_key, identity.wall_clock()
    with site.application.database.transaction() as session:
        me = accounts.find_account(session, ANNA).id
        sealed = factor.seal_secret(key, me, factor.new_secret())
        session.add(TotpFactor(account_id=me, secret=sealed, created_at=now))


MFA = frozenset({("amr", "mfa"), ("acr", "urn:two")})


@pytest.mark.parametrize(
    ("counts", "claims", "enough"),
    [
        (frozenset(), {"amr": ["pwd", "mfa"], "acr": "urn:two"}, False),
        (MFA, {}, False),
        (MFA, {"amr": ["pwd"]}, False),
        (MFA, {"amr": "mfa"}, None),
        (MFA, {"amr": [["mfa"], {"mfa": 1}, 7]}, False),
        (MFA, {"acr": "urn:one"}, False),
        (MFA, {"acr": "mfa", "amr": ["urn:two"]}, False),
        (MFA, {"amr": ["pwd", "mfa"]}, True),
        (MFA, {"acr": "urn:two"}, True),
    ],
)
def test_second_factor_of_the_provider_counts_only_where_the_settings_say_so(
    site: Site,
    house: Directory,
    counts: frozenset[tuple[str, str]],
    claims: dict[str, Any],
    enough: bool | None,
) -> None:
    trust(site, house, oidc_second_factor=counts)
    give_factor(site)
    house.lies = claims
    visitor = site.visit()
    expected = {True: "/", False: "/sign-in/code", None: "/sign-in"}[enough]
    assert sign_in(visitor) == expected
    assert is_in(visitor) is bool(enough)
    assert house.asked[0].get("acr_values") == ("urn:two" if counts else None)


def test_whoever_has_no_factor_sets_one_up_also_by_the_provider(
    site: Site, house: Directory
) -> None:
    del house
    site.application.settings = replace(site.application.settings, require_second_factor=True)
    visitor = site.visit()
    assert sign_in(visitor) == "/sign-in/set-up"
    assert not is_in(visitor)


# -- providers that lie ---------------------------------------------------------------------------


NOW = int(time.time())


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ""},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": None},
        {"aud": [CLIENT, "another client"]},
        {"aud": [CLIENT, "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"iss": ["{issuer}"]},
        {"iss": "{issuer}/"},
        {"exp": NOW - 120},
        {"exp": None},
        {"exp": "never"},
        {"iat": NOW + 3600},
        {"iat": NOW - 3600, "exp": NOW + 3600},
        {"iat": None},
        {"nbf": NOW + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"sub": ["person-17"]},
        {"sub": "x" * 256},
        {"at_hash": "another"},
        {"amr": "mfa"},
    ],
)
def test_token_with_a_false_claim_is_refused(
    site: Site, house: Directory, lie: dict[str, Any]
) -> None:
    house.lies = {
        name: value.replace("{issuer}", house.issuer) if isinstance(value, str) else value
        for name, value in lie.items()
    }
    visitor = site.visit()
    assert is_refused(visitor, answer_of(sent_to(visitor)))


def _with_shared_secret(house: Directory, secret: bytes) -> None:
    def sign(claims: dict[str, Any]) -> str:
        head = unsigned(claims, "HS256").rpartition(".")[0]
        mac = hmac.new(secret, head.encode(), hashlib.sha256).digest()
        return unsigned(claims, "HS256", mac)

    house.signs = sign


def _with_foreign_key(house: Directory) -> None:
    foreign = _new_key("one")  # calls itself like the true one
    house.signs = lambda claims: jwt.encode(
        {"alg": "RS256", "kid": "one"}, claims, foreign, ["RS256"]
    )


def _with_own_key_in_the_token(house: Directory) -> None:
    foreign = _new_key("one")
    header = {"alg": "RS256", "jwk": foreign.as_dict(private=False)}
    house.signs = lambda claims: jwt.encode(header, claims, foreign, ["RS256"])


def _with_damaged_signature(house: Directory) -> None:
    def sign(claims: dict[str, Any]) -> str:
        right = jwt.encode({"alg": "RS256", "kid": "one"}, claims, house.key, ["RS256"])
        head, _, signature = right.rpartition(".")
        return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"

    house.signs = sign


FORGERIES: dict[str, Any] = {
    "none": lambda house: setattr(house, "signs", unsigned),
    "None": lambda house: setattr(house, "signs", lambda claims: unsigned(claims, "None")),
    "rs256 unsigned": lambda house: setattr(
        house, "signs", lambda claims: unsigned(claims, "RS256")
    ),
    "public key as secret": lambda house: _with_shared_secret(
        house, house.key.as_pem(private=False)
    ),
    "client secret": lambda house: _with_shared_secret(house, SECRET.encode()),
    "foreign key": _with_foreign_key,
    "key in the token": _with_own_key_in_the_token,
    "damaged signature": _with_damaged_signature,
    "no token": lambda house: setattr(house, "signs", lambda claims: str(claims)[:20]),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_token_that_the_provider_has_not_signed_is_refused(
    site: Site, house: Directory, name: str
) -> None:
    FORGERIES[name](house)
    visitor = site.visit()
    assert is_refused(visitor, answer_of(sent_to(visitor)))
    house.signs = None
    assert sign_in(visitor) == "/"


def test_new_key_of_the_provider_is_asked_for_once_a_minute(
    site: Site, house: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = site.visit()
    assert sign_in(visitor) == "/"
    house.change_key()
    asked = site.visit()
    assert is_refused(asked, answer_of(sent_to(asked)))
    later = time.monotonic() + 61
    monkeypatch.setattr("webui.openid.time.monotonic", lambda: later)
    assert sign_in(site.visit()) == "/"


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_provider_that_describes_itself_wrongly_is_not_gone_to(
    site: Site, house: Directory, lie: dict[str, Any]
) -> None:
    house.published_lies = lie
    visitor = site.visit()
    assert sent_to(visitor) == "/sign-in"
    house.published_lies = {}
    assert sign_in(visitor) == "/"


def test_provider_that_is_away_leaves_the_password(site: Site, house: Directory) -> None:
    gone = replace(house, issuer="http://127.0.0.1:9")
    trust(site, gone)
    visitor = site.visit()
    assert sent_to(visitor) == "/sign-in"
    visitor.get("/sign-in")
    assert "sign in with your password" in visitor.text()
    data = {"username": ANNA, "password": "demonstration only"}
    assert visitor.post("/sign-in", data).headers["Location"] == "/"


# -- people who lie -------------------------------------------------------------------------------


def test_answer_is_worth_nothing_a_second_time(site: Site, house: Directory) -> None:
    del house
    visitor = site.visit()
    query = answer_of(sent_to(visitor))
    assert come_back(visitor, query) == "/"
    visitor.post("/sign-out")
    assert is_refused(visitor, query)


def test_answer_of_another_browser_is_refused(site: Site, house: Directory) -> None:
    """Signing a victim in as the attacker would have the victim write into the wrong hands."""
    del house
    attacker, victim = site.visit(), site.visit()
    query = answer_of(sent_to(attacker))
    assert is_refused(victim, query)
    sent_to(victim)
    assert is_refused(victim, query)
    assert come_back(attacker, query) == "/"


def test_code_that_is_swapped_into_ones_own_answer_is_refused(site: Site, house: Directory) -> None:
    link(site, house, BRAM, "person-18")
    thief, victim = site.visit(), site.visit()
    stolen = parse_qs(answer_of(sent_to(victim)))["code"][0]
    house.user = "person-18"
    own = parse_qs(answer_of(sent_to(thief)))
    assert is_refused(thief, f"code={stolen}&state={own['state'][0]}&iss={house.issuer}")


def test_answer_from_another_provider_is_refused(site: Site, house: Directory) -> None:
    visitor = site.visit()
    query = parse_qs(answer_of(sent_to(visitor)))
    said = f"code={query['code'][0]}&state={query['state'][0]}"
    assert query["iss"] == [house.issuer]
    for sender in ("&iss=https://elsewhere.example", "", "&iss="):
        again = parse_qs(answer_of(sent_to(visitor)))
        said = f"code={again['code'][0]}&state={again['state'][0]}"
        assert is_refused(visitor, said + sender), sender


def test_provider_that_never_says_who_sends_is_taken_without(site: Site, house: Directory) -> None:
    house.says_iss = False
    assert sign_in(site.visit()) == "/"


@pytest.mark.parametrize("query", ["", "state=", "code=abc", "error=access_denied", "state=%00"])
def test_answer_without_its_parts_is_refused(site: Site, house: Directory, query: str) -> None:
    del house
    visitor = site.visit()
    state = parse_qs(urlsplit(sent_to(visitor)).query)["state"][0]
    answer = visitor.client.get(f"/sign-in/organisation/enter?{query}")
    assert answer.status_code in {302, 400}
    assert not is_in(visitor)
    visitor = site.visit()
    state = parse_qs(urlsplit(sent_to(visitor)).query)["state"][0]
    assert is_refused(visitor, f"state={state}&error=access_denied")


def test_flow_ends_after_ten_minutes_and_is_swept(site: Site, house: Directory) -> None:
    del house
    visitor = site.visit()
    query = answer_of(sent_to(visitor))
    with site.application.database.transaction() as session:
        row = session.scalars(select(ProviderFlow)).one()
        assert row.ends_at - identity.wall_clock() <= provider.LASTS
        row.ends_at = identity.wall_clock()
    assert is_refused(visitor, query)
    for _ in range(3):
        sent_to(site.visit())
    with site.application.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(ProviderFlow)) == 3
        for row in session.scalars(select(ProviderFlow)):
            row.ends_at = identity.wall_clock()
    sent_to(site.visit())
    with site.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ProviderFlow)) == 1


def test_one_answer_taken_16_times_at_once_is_taken_once(site: Site) -> None:
    now = identity.wall_clock()
    with site.application.database.transaction() as session:
        token, flow = provider.begin_flow(session, "", now)

    def take(_: int) -> bool:
        with site.application.database.transaction() as session:
            return provider.take_flow(session, token, flow.state, now) is not None

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(take, range(16))).count(True) == 1


# -- links and settings ---------------------------------------------------------------------------


def test_link_takes_two_persons_and_is_on_record(site: Site, house: Directory) -> None:
    del house
    with site.application.database.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "account:provider:link")
        ).one()
        assert entry.subject == str(accounts.find_account(session, ANNA).id)
        assert "person-17" not in str(entry.detail)
    for people in ((ANNA, "head.greta"), ("head.greta", "head.greta"), ("head.greta", ANNA)):
        with site.application.database.transaction() as session:
            now = site.application.now(session)
            with pytest.raises(SeparationError):
                administration.link_provider(session, ANNA, ("https://a", "x"), *people, now)


def test_person_of_the_provider_is_linked_to_one_account(site: Site, house: Directory) -> None:
    with pytest.raises(ConflictError):
        link(site, house, BRAM, "person-17")
    with pytest.raises(InputError):
        link(site, house, BRAM, " ")
    link(site, house, ANNA, "person-20")
    assert sign_in(site.visit()) == "/sign-in"


SET = {
    "CASETABLE_SECRET_KEY": "x" * 32,
    "CASETABLE_OIDC_ISSUER": "https://id.example.org",
    "CASETABLE_OIDC_CLIENT_ID": "casetable",
    "CASETABLE_OIDC_CLIENT_SECRET": "hush",
}


def test_provider_is_off_by_default_and_read_from_the_settings() -> None:
    assert load_settings({"CASETABLE_SECRET_KEY": "x" * 32}).provider is None
    found = load_settings({**SET, "CASETABLE_OIDC_SECOND_FACTOR": "amr:mfa acr:urn:two"}).provider
    assert found is not None
    assert found.second_factors == {("amr", "mfa"), ("acr", "urn:two")}
    assert "'hush'" not in repr(found)


@pytest.mark.parametrize(
    "wrong",
    [
        {"CASETABLE_OIDC_CLIENT_SECRET": ""},
        {"CASETABLE_OIDC_ISSUER": "http://id.example.org"},
        {"CASETABLE_OIDC_SECOND_FACTOR": "mfa"},
    ],
)
def test_provider_that_is_half_set_stops_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="OIDC"):
        load_settings({**SET, **wrong})
