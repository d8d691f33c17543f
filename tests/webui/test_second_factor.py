"""Signing in with a second factor, setting it up, replacing it, losing it (S9)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import func, select

from engine import accounts, factor
from engine.models import AuditEntry, RecoveryCode, SessionStage, TotpFactor, WebSession
from tests.goal import Figure
from tests.webui.site import Site, Visitor
from webui import identity

ANNA = "intake.anna"
RIGHT = {"username": ANNA, "password": "demonstration only"}
SETTING_UP = "/account/second-factor/new"


@pytest.fixture(autouse=True)
def _stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test run from one half minute into the next, in which other codes are right."""
    moment = identity.wall_clock()
    monkeypatch.setattr(identity, "wall_clock", lambda: moment)


def enrolled(site: Site, username: str = ANNA) -> tuple[str, list[str]]:
    """Give a person a second factor that nobody has used yet."""
    secret, now = factor.new_secret(), identity.wall_clock()
    key = site.application.settings.account_key
    with site.application.database.transaction() as session:
        me = site._account(session, username).id
        sealed = factor.seal_secret(key, me, secret)
        session.add(TotpFactor(account_id=me, secret=sealed, created_at=now))
        return secret, factor.new_recovery_codes(session, key, me)


def code_of(secret: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(identity.wall_clock(), counter_offset=steps)


def at_second_step(site: Site) -> Visitor:
    visitor = site.visit()
    assert visitor.post("/sign-in", RIGHT).headers["Location"] == "/sign-in/code"
    return visitor


def half_way(site: Site) -> Visitor:
    """Give a browser whose password was right, without typing it."""
    visitor, now = site.visit(), identity.wall_clock()
    with site.application.database.transaction() as session:
        anna = site._account(session, ANNA)
        token = accounts.open_session(session, anna, now, SessionStage.SECOND_STEP)
    with visitor.client.session_transaction() as cookie:
        cookie["half"] = token
    return visitor


def require(site: Site) -> None:
    site.application.settings = replace(site.application.settings, require_second_factor=True)


def codes_on(visitor: Visitor) -> list[str]:
    assert visitor.page is not None
    return [node.text for node in visitor.page.xpath("//ul[@class='recovery-codes']//code")]


def secret_on(visitor: Visitor) -> str:
    assert visitor.page is not None
    return str(visitor.page.xpath("//code[@class='secret']")[0].text_content()).replace(" ", "")


def make_stale(site: Site) -> None:
    with site.application.database.transaction() as session:
        for found in session.scalars(select(WebSession)).unique():
            found.confirmed_at = identity.wall_clock() - timedelta(minutes=6)


def test_password_alone_opens_nothing_but_the_second_step(site: Site) -> None:
    enrolled(site)
    visitor = at_second_step(site)
    for rule in site.app.url_map.iter_rules():
        if rule.arguments or "GET" not in (rule.methods or ()):
            continue
        public = (
            rule.endpoint.startswith(("report.", "health.", "probe.", "provider."))
            or rule.rule == "/sign-in"
        )
        if not public:
            answer = visitor.get(rule.rule)
            is_step = rule.endpoint == "sign_in.second_step"
            assert answer.status_code == (200 if is_step else 302), rule.rule
            assert is_step or answer.headers["Location"].partition("?")[0] == "/sign-in"


def test_second_step_ends_after_five_minutes(site: Site) -> None:
    secret, _ = enrolled(site)
    visitor = at_second_step(site)
    with site.application.database.transaction() as session:
        half = session.scalars(select(WebSession)).unique().one()
        assert half.ends_at - half.created_at == timedelta(minutes=5)
        half.ends_at = identity.wall_clock()
    answer = visitor.post("/sign-in/code", {"code": code_of(secret)})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in"
    assert visitor.get("/").status_code == 302
    late = site.visit(ANNA).get("/sign-in/code?next=/cases")
    assert late.headers["Location"] == "/sign-in?next=/cases"


def test_code_signs_in_and_goes_on_to_the_page(site: Site) -> None:
    secret, _ = enrolled(site)
    visitor = site.visit()
    answer = visitor.post("/sign-in", {**RIGHT, "next": "/cases"})
    assert answer.headers["Location"] == "/sign-in/code?next=/cases"
    visitor.get(answer.headers["Location"])
    code = code_of(secret)
    answer = visitor.post("/sign-in/code", {"code": f"{code[:3]} {code[3:]}", "next": "/cases"})
    assert answer.headers["Location"] == "/cases"
    assert visitor.get("/cases").status_code == 200


def test_half_signed_in_cookie_is_worth_nothing_afterwards(site: Site) -> None:
    secret, codes = enrolled(site)
    visitor, thief = half_way(site), site.visit()
    cookie = visitor.client.get_cookie("casetable")
    assert cookie is not None
    thief.client.set_cookie("casetable", cookie.value)
    visitor.post("/sign-in/code", {"code": code_of(secret)})
    answer = thief.post("/sign-in/code", {"code": codes[0]})
    assert answer.headers["Location"] == "/sign-in"


def test_wrong_code_is_refused_and_five_of_them_end_it(site: Site) -> None:
    secret, _ = enrolled(site)
    visitor = half_way(site)
    for _ in range(5):
        answer = visitor.post("/sign-in/code", {"code": "no code"})
        assert answer.status_code == 422
    assert visitor.post("/sign-in/code", {"code": code_of(secret)}).status_code == 429
    again = half_way(site)
    assert again.post("/sign-in/code", {"code": code_of(secret)}).status_code == 429


def test_code_is_used_once(site: Site) -> None:
    secret, _ = enrolled(site)
    code = code_of(secret)
    assert half_way(site).post("/sign-in/code", {"code": code}).status_code == 302
    assert half_way(site).post("/sign-in/code", {"code": code}).status_code == 422


def test_one_code_sent_by_32_browsers_at_once_signs_one_in(site: Site, figure: Figure) -> None:
    secret, _ = enrolled(site)
    visitors = [half_way(site) for _ in range(32)]
    forms = [{"csrf_token": one.csrf(), "code": code_of(secret)} for one in visitors]

    def send(pair: tuple[Visitor, dict[str, str]]) -> int:
        return pair[0].client.post("/sign-in/code", data=pair[1]).status_code

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(send, zip(visitors, forms, strict=True)))
    figure("S9", sent_at_once=len(answers), let_in=answers.count(302))
    assert answers.count(302) == 1, answers
    assert set(answers) <= {302, 422, 429}
    assert sum(one.get("/").status_code == 200 for one in visitors) == 1


def test_code_checked_32_times_at_once_is_right_once(site: Site) -> None:
    secret, codes = enrolled(site)
    now, key = identity.wall_clock(), site.application.settings.account_key
    with site.application.database.reading() as session:
        me = site._account(session, ANNA).id
    for code in (pyotp.TOTP(secret).at(now), codes[0]):

        def check(_: int, code: str = code) -> bool:
            with site.application.database.transaction() as session:
                return factor.verify(session, key, me, code, now)

        with ThreadPoolExecutor(32) as pool:
            assert list(pool.map(check, range(32))).count(True) == 1


def test_code_of_a_clock_half_a_minute_off_is_right_and_older_ones_are_not(site: Site) -> None:
    secret, _ = enrolled(site)
    now, key = identity.wall_clock(), site.application.settings.account_key
    totp = pyotp.TOTP(secret)
    right = {}
    with site.application.database.transaction() as session:
        me = site._account(session, ANNA).id
        for steps in (-2, -1, 0, 1, 2):
            code = totp.at(now, counter_offset=steps)
            right[steps] = factor.verify(session, key, me, code, now)
    assert right == {-2: False, -1: True, 0: True, 1: True, 2: False}


def test_recovery_code_signs_in_once(site: Site) -> None:
    _, codes = enrolled(site)
    assert len(set(codes)) == 10
    visitor = at_second_step(site)
    typed = codes[3].lower().replace("-", " ")
    assert visitor.post("/sign-in/code", {"code": typed}).status_code == 302
    visitor.get("/")
    assert "9 recovery codes are left" in visitor.text()
    assert at_second_step(site).post("/sign-in/code", {"code": codes[3]}).status_code == 422


def test_recovery_code_of_another_person_is_wrong(site: Site) -> None:
    enrolled(site)
    _, codes = enrolled(site, "intake.bram")
    assert half_way(site).post("/sign-in/code", {"code": codes[0]}).status_code == 422


def test_secret_and_codes_are_stored_unreadable(site: Site) -> None:
    secret, codes = enrolled(site)
    with site.application.database.reading() as session:
        sealed = session.scalars(select(TotpFactor)).one()
        hashes = session.scalars(select(RecoveryCode.code_hash)).all()
    assert secret.encode() not in sealed.secret
    assert not {code.replace("-", "") for code in codes} & set(hashes)
    assert len(hashes) == 10


def test_whoever_has_no_factor_sets_one_up_before_anything_else(site: Site) -> None:
    require(site)
    visitor = site.visit()
    answer = visitor.post("/sign-in", {**RIGHT, "next": "/cases"})
    assert answer.headers["Location"] == "/sign-in/set-up?next=/cases"
    assert visitor.get("/").status_code == 302
    assert visitor.get("/sign-in/code").status_code == 302
    visitor.get("/sign-in/set-up?next=/cases")
    secret = secret_on(visitor)
    assert visitor.post("/sign-in/set-up", {"code": "000"}).status_code == 422
    assert secret_on(visitor) == secret
    answer = visitor.post("/sign-in/set-up", {"code": code_of(secret), "next": "/cases"})
    assert answer.status_code == 200
    assert len(codes_on(visitor)) == 10
    assert visitor.get("/cases").status_code == 200
    again = at_second_step(site)
    assert again.post("/sign-in/code", {"code": code_of(secret)}).status_code == 422
    assert again.post("/sign-in/code", {"code": code_of(secret, steps=1)}).status_code == 302


def test_two_who_know_the_password_do_not_both_set_a_factor_up(site: Site) -> None:
    require(site)
    first, second = site.visit(), site.visit()
    secrets = []
    for visitor in (first, second):
        visitor.post("/sign-in", RIGHT)
        visitor.get("/sign-in/set-up")
        secrets.append(secret_on(visitor))
    assert secrets[0] != secrets[1]
    assert first.post("/sign-in/set-up", {"code": code_of(secrets[0])}).status_code == 200
    answer = second.post("/sign-in/set-up", {"code": code_of(secrets[1], steps=1)})
    assert answer.headers["Location"] == "/sign-in"


def test_factor_is_set_up_on_ones_own_page_and_ends_other_sessions(site: Site) -> None:
    here, there = site.visit(ANNA), site.visit(ANNA)
    token = here.client.get_cookie("casetable")
    assert here.post("/account/second-factor/begin").headers["Location"] == SETTING_UP
    here.get(SETTING_UP)
    assert here.post(SETTING_UP, {"code": "123"}).status_code == 422
    assert here.post(SETTING_UP, {"code": code_of(secret_on(here))}).status_code == 200
    assert len(codes_on(here)) == 10
    assert here.client.get_cookie("casetable") != token
    assert there.get("/").status_code == 302
    here.get("/account/second-factor")
    assert "10 recovery codes are left" in here.text()
    assert not codes_on(here)


def test_factor_is_replaced_only_when_the_new_app_shows_its_code(site: Site) -> None:
    secret, codes = enrolled(site)
    here = site.visit(ANNA)
    here.post("/account/second-factor/begin")
    here.get(SETTING_UP)
    new = secret_on(here)
    assert at_second_step(site).post("/sign-in/code", {"code": code_of(secret)}).status_code == 302
    assert here.post(SETTING_UP, {"code": code_of(new, steps=1)}).status_code == 200
    again = at_second_step(site)
    assert again.post("/sign-in/code", {"code": codes[0]}).status_code == 422
    assert again.post("/sign-in/code", {"code": code_of(secret, steps=-1)}).status_code == 422
    assert again.post("/sign-in/code", {"code": code_of(new, steps=-1)}).status_code == 302


def test_new_recovery_codes_replace_the_old_ones(site: Site) -> None:
    _, old = enrolled(site)
    here = site.visit(ANNA)
    here.post("/account/second-factor/codes")
    new = codes_on(here)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert at_second_step(site).post("/sign-in/code", {"code": old[0]}).status_code == 422
    assert at_second_step(site).post("/sign-in/code", {"code": new[0]}).status_code == 302


def test_factor_is_removed_and_that_ends_other_sessions(site: Site) -> None:
    enrolled(site)
    here, there = site.visit(ANNA), site.visit(ANNA)
    assert here.post("/account/second-factor/remove").status_code == 302
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert site.visit().post("/sign-in", RIGHT).headers["Location"] == "/"
    with site.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 0
        events = session.scalars(select(AuditEntry.event).where(AuditEntry.case_id.is_(None)))
        assert "account:factor:remove" in set(events)


def test_factor_that_is_required_stays(site: Site) -> None:
    enrolled(site)
    require(site)
    here = site.visit(ANNA)
    here.get("/account/second-factor")
    assert "Remove" not in here.text()
    assert here.post("/account/second-factor/remove").status_code == 409
    assert at_second_step(site).get("/sign-in/code").status_code == 200


@pytest.mark.parametrize("deed", ["begin", "codes", "remove", "new"])
def test_factor_is_changed_with_a_fresh_password_only(site: Site, deed: str) -> None:
    enrolled(site)
    here = site.visit(ANNA)
    make_stale(site)
    answer = here.post(f"/account/second-factor/{deed}")
    assert answer.headers["Location"] == "/confirm?next=/account/second-factor"
    with site.application.database.reading() as session:
        assert session.scalars(select(WebSession)).unique().one().pending_secret is None
        assert session.scalar(select(func.count()).select_from(TotpFactor)) == 1
        assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 10
