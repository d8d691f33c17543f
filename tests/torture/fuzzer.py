"""Sends requests that are nearly right to every address, as everybody, with every method."""

import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import Uuid, delete, select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect, Rule
from werkzeug.test import TestResponse

from engine import accounts, demo
from engine.models import Account, Base, Case, FailedAttempt, SessionStage, WebSession
from engine.settings import ROOT
from tests.torture.garbage import COOKIES, LENGTHS, TYPES, Garbage
from tests.torture.wire import ask
from tests.webui.site import Site
from webui import identity

METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "X")
SELDOM = {"clock.advance": 0.02, "report.create": 0.3, "report.answer": 0.3, "static": 0.2}
"""Addresses that cost a lot for each request, or move everything else on."""
EXCLUDED_TABLES = frozenset({"audit_entry", "audit_seal", "step_history", "job", "timer"})
RENEWED_EVERY = 400
"""Requests after which sessions, ids and counts of failed attempts are set up anew."""
SESSIONS_AGED_OUT = 60
KNOWN = 0.5
"""How often somebody asks to whom a page has offered this address, or who was let in before."""
KNOWN_KEPT = 40
CAREFUL = 0.4
"""How often a form is filled in as it should be, or nearly so."""
SOUND = ("Because the school has asked for it.", "2026-02-01", "1")
VISIT = "a visit of somebody who is not signed in"


def names_asked_for() -> list[str]:
    """Return the names that the product asks for in an address or a form, as its source says."""
    asked = re.compile(r'request\.(?:args|form|values|files)\.get(?:list)?\(\s*"(\w+)"')
    sources = sorted((ROOT / "webui").rglob("*.py"))
    return sorted({name for path in sources for name in asked.findall(path.read_text())})


@dataclass
class Sent:
    """One request as it was sent, to be sent again by hand."""

    who: str
    method: str
    path: str
    options: dict[str, Any]
    endpoint: str

    def __str__(self) -> str:
        told = {name: repr(value)[:600] for name, value in self.options.items() if value}
        return f"{self.who} {self.method} {self.path[:600]!r} {told}"


@dataclass
class Browser:
    """A client with what it needs to look like one of our pages."""

    client: FlaskClient
    csrf: str = ""
    sent: int = 0


@dataclass
class Fuzzer:
    """Knows who there is, what addresses there are, and what their forms ask for."""

    site: Site
    dice: Random
    people: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    names: list[str] = field(default_factory=names_asked_for)
    forms: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(dict))
    """By endpoint: the fields that pages have shown, and values that they offer."""
    ids: dict[str, list[str]] = field(default_factory=dict)
    """By table."""
    codes: list[str] = field(default_factory=list)
    known: dict[str, deque[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KNOWN_KEPT))
    )
    """By endpoint: to whom a page has offered it, or who was let in, and at which path.

    Chance alone seldom meets a person and a case that belong together, and what is refused at the
    door shows nothing about the rooms.
    """
    endpoints: dict[tuple[str, str], str] = field(default_factory=dict)
    """By path and method."""
    browsers: dict[str, Browser] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        self.garbage = Garbage(self.dice)
        self.rules = sorted(self.site.app.url_map.iter_rules(), key=str)
        self.weights = [SELDOM.get(rule.endpoint, 1.0) for rule in self.rules]
        self.adapter = self.site.app.url_map.bind("localhost")
        with self.site.application.database.reading() as session:
            self.people = sorted(session.scalars(select(Account.username)))

    def send(self, number: int) -> Iterator[tuple[Sent, TestResponse]]:
        """Send so many requests and give each with its answer."""
        for _ in range(number):
            if self.count % RENEWED_EVERY == 0:
                self._renew()
            self.count += 1
            yield self._one()

    def _one(self) -> tuple[Sent, TestResponse]:
        [rule] = self.dice.choices(self.rules, self.weights)
        who, known = self._who(rule)
        browser = self._browser(who)
        method = self._method(rule)
        path = self._path(rule, known)
        options = self._options(rule, method, browser)
        answer = ask(browser.client, method, path, options)
        browser.sent += 1
        known_browser = browser is self.browsers.get(who)
        if known_browser and is_let_in(answer):
            self._remember(who, method, path)
        if browser.sent > SESSIONS_AGED_OUT or (who in self.people and signed_out(answer)):
            self.browsers.pop(who, None)
        if method == "GET" and answer.status_code == 200 and answer.mimetype == "text/html":
            self._learn(who if known_browser else "", answer)
        return Sent(who, method, path, options, rule.endpoint), answer

    # -- who -----------------------------------------------------------------------------------

    def _who(self, rule: Rule) -> tuple[str, str]:
        """Return who asks, and now and then a path that this person knows."""
        known = self.known.get(rule.endpoint)
        if known and self.garbage.sometimes(KNOWN):
            who, path = self.dice.choice(known)
            return who, path if self.garbage.sometimes(0.8) else ""
        return self.dice.choice([*self.people, "", *SessionStage]), ""

    def _remember(self, who: str, method: str, path: str) -> None:
        plain = re.split("[?#]", path)[0]
        known, one = self.known[self._endpoint(plain, method)], (who, plain)
        if one not in known:
            known.append(one)

    def _browser(self, who: str) -> Browser:
        if self.garbage.sometimes(0.03):
            return Browser(self.site.app.test_client(use_cookies=False))
        if who not in self.browsers:
            self.browsers[who] = self._opened(who)
        return self.browsers[who]

    def _opened(self, who: str) -> Browser:
        client = self.site.app.test_client()
        if not who:
            with client.session_transaction() as kept:
                kept["visit"] = VISIT
            return Browser(client, VISIT)
        half = who in set(SessionStage)
        stage = SessionStage(who) if half else SessionStage.FULL
        username = self.dice.choice(self.people) if half else who
        with self.site.application.database.transaction() as session:
            account = accounts.find_account(session, username)
            token = accounts.open_session(session, account, identity.wall_clock(), stage)
            csrf = session.get_one(WebSession, accounts.hash_token(token)).csrf
        full = stage is SessionStage.FULL
        with client.session_transaction() as kept:
            kept["_user_id" if full else identity.HALF] = token
            kept["visit"] = VISIT
        return Browser(client, csrf if full else VISIT)

    def _renew(self) -> None:
        """Forget failed attempts and who was disabled; read anew what ids there are."""
        with self.site.application.database.transaction() as session:
            session.execute(delete(FailedAttempt))
            for account in session.scalars(select(Account)).unique():
                account.disabled_at = None
            self.codes = sorted(session.scalars(select(Case.code)))
            self.ids = dict(_ids(session))
        self.browsers.clear()

    # -- what ------------------------------------------------------------------------------------

    def _method(self, rule: Rule) -> str:
        if self.garbage.sometimes(0.06):
            return self.dice.choice(METHODS)
        return self.dice.choice(sorted((rule.methods or {"GET"}) - {"OPTIONS", "HEAD"}))

    def _path(self, rule: Rule, known: str) -> str:
        if self.garbage.sometimes(0.02):
            path = "/" + quote(self.garbage.text(), safe="/")
        else:
            path = known or "".join(
                quote(self._value(rule, part), safe="") if varies else part.lstrip("|")
                for varies, part in rule._trace
            )
        if self.garbage.sometimes(0.03):
            path += self.dice.choice(("/", "//", "/..", "%00", "%ff", ";x", ".json", "/%2e%2e/"))
        if self.garbage.sometimes(0.35):
            path += "?" + self._query(rule)
        return path

    def _value(self, rule: Rule, name: str) -> str:
        kind = type(rule._converters[name]).__name__
        known = self._known_ids(name) if "UUID" in kind else self.names
        known = self.codes if name == "code" else known
        if known and self.garbage.sometimes(0.85):
            value = self.dice.choice(known)
            return self.garbage.like(value) if self.garbage.sometimes(0.1) else value
        return self.garbage.text()

    def _known_ids(self, name: str) -> list[str]:
        """Return ids of what an address names, now and then of something else."""
        word = name.removesuffix("_id")
        fitting = [table for table in self.ids if word in table]
        if fitting and self.garbage.sometimes(0.85):
            return self.ids[self.dice.choice(fitting)]
        return self.ids[self.dice.choice(list(self.ids))]

    def _query(self, rule: Rule) -> str:
        if self.garbage.sometimes(0.1):
            return self.dice.choice(("%ff=%fe", "&&&=", "a" * 9000, "page=%00", "=", "%", "a[]=1"))
        known = [*self.names, *self.forms.get(rule.endpoint, ())]
        return urlencode(
            [(self.dice.choice(known), self._answer("")) for _ in range(self.dice.randrange(1, 5))],
            errors="replace",
        )

    def _answer(self, offered: str) -> str:
        kind = self.dice.random()
        if kind < 0.35 and offered:
            return offered
        if kind < 0.5:
            known = self.ids[self.dice.choice(list(self.ids))]
            return self.dice.choice([*known[:20], *self.codes, *self.people, demo.PASSWORD])
        if kind < 0.6 and offered:
            return self.garbage.like(offered)
        return self.garbage.text()

    def _sound(self, name: str, offered: list[str]) -> str:
        """Return what somebody would answer: what is offered, else a day or some words."""
        if "password" in name:
            return demo.PASSWORD
        choices = [value for value in offered if value]
        return self.dice.choice(choices or SOUND)

    def _fields(self, rule: Rule, browser: Browser) -> list[tuple[str, str]]:
        known = self.forms.get(rule.endpoint, {})
        odd = 0.05 if self.garbage.sometimes(CAREFUL) else 1.0
        found = []
        for name, offered in known.items():
            if self.garbage.sometimes(0.12 * odd):
                continue
            if not self.garbage.sometimes(odd):
                found.append((name, self._sound(name, offered)))
                continue
            times = 2 if self.garbage.sometimes(0.05) else 1
            value = self.dice.choice(offered) if offered else ""
            found += [(name, self._answer(value)) for _ in range(times)]
        for _ in range(self.dice.randrange(0, 3 if known else 6)):
            found.append((self.dice.choice(self.names), self._answer("")))
        if self.garbage.sometimes(0.05):
            found.append((self.garbage.text(), self.garbage.text()))
        if self.garbage.sometimes(0.3):
            found.append(("_password", demo.PASSWORD))
        if self.garbage.sometimes(0.95):
            found = [
                ("csrf_token", browser.csrf),
                *(one for one in found if one[0] != "csrf_token"),
            ]
        return found

    def _options(self, rule: Rule, method: str, browser: Browser) -> dict[str, Any]:
        options: dict[str, Any] = {"headers": {}, "environ_overrides": {}}
        if method not in {"GET", "HEAD"}:
            self._body(rule, browser, options)
        if self.garbage.sometimes(0.15):
            options["headers"] |= self.garbage.headers()
        if self.garbage.sometimes(0.02):
            options["environ_overrides"]["CONTENT_LENGTH"] = self.dice.choice(LENGTHS)
        if self.garbage.sometimes(0.5) and not browser.csrf:
            options["headers"]["Cookie"] = self.dice.choice(COOKIES)
        return options

    def _body(self, rule: Rule, browser: Browser, options: dict[str, Any]) -> None:
        fields, kind = self._fields(rule, browser), self.dice.random()
        form = urlencode(fields, errors="replace").encode()
        options["content_type"] = TYPES[0]
        if kind < 0.75:
            options["data"] = form
        elif kind < 0.87:
            options["data"], options["content_type"] = self.garbage.multipart(fields)
        elif kind < 0.92:
            options["data"], options["content_type"] = self.garbage.deep(), "application/json"
            options["headers"]["X-CSRFToken"] = browser.csrf
        elif kind < 0.96:
            options["data"], options["content_type"] = form, self.garbage.pick(TYPES)
            options["headers"]["X-CSRFToken"] = browser.csrf
        elif kind < 0.965:
            options["data"] = form + b"&x=" + b"A" * 1_200_000
        elif kind < 0.97:
            options["data"] = form + b"&x=1" * 5000
        else:
            options["data"] = form + b"&%ff%fe=%c3%28&=%00&" + bytes(range(128, 256))

    def _learn(self, who: str, answer: TestResponse) -> None:
        """Remember what a page offers: to whom which address, and the fields of its forms."""
        page = html.document_fromstring(answer.get_data(as_text=True) or "<p/>")
        for href in page.xpath("//a/@href[starts-with(., '/')]"):
            self._remember(who, "GET", href)
        for form in page.iter("form"):
            path, method = form.get("action") or answer.request.path, form.get("method") or "get"
            self._remember(who, method, path)
            known = self.forms[self._endpoint(path, method)]
            for control in form.xpath(".//input[@name] | .//select[@name] | .//textarea[@name]"):
                values = control.xpath(".//option/@value") or [control.get("value") or ""]
                kept = known.setdefault(control.get("name"), [])
                kept += [value for value in values if value not in kept and len(kept) < 40]

    def _endpoint(self, path: str, method: str) -> str:
        plain, way = path.partition("?")[0], method.upper()
        if (plain, way) not in self.endpoints:
            try:
                found, _ = self.adapter.match(plain, method=way)
            except (HTTPException, RequestRedirect):
                found = ""
            self.endpoints[plain, way] = str(found)
        return self.endpoints[plain, way]


def _ids(session: Any) -> Iterator[tuple[str, list[str]]]:
    """Give some ids of everything that an address could name, by table."""
    for table in Base.metadata.sorted_tables:
        if table.name in EXCLUDED_TABLES or "id" not in table.columns:
            continue
        rows = list(session.scalars(select(table.c.id).limit(60)))
        if rows and isinstance(table.c.id.type, Uuid):
            yield table.name, sorted(map(str, rows))


def signed_out(answer: TestResponse) -> bool:
    """Say whether an answer sends to the page on which one signs in."""
    return "/sign-in" in answer.headers.get("Location", "")


def is_let_in(answer: TestResponse) -> bool:
    """Say whether an answer is a page or a redirect within: what was asked for was not refused."""
    return answer.status_code < 400 and not signed_out(answer)
