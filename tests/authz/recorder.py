"""Walks through everybody's pages and records what is asked there, without a browser (S2)."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import html

from tests.webui.site import Site, Visitor

UUIDS = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
CODES = r"(?<![\w-])[0-9A-Z]{4}-[0-9A-Z]{4}(?![\w-])"
NAMED = re.compile(f"{UUIDS}|{CODES}")
STARTS = ("/", "/cases", "/part", "/absences", "/absences/others", "/emergency/reviews")
STARTS += ("/incidents", "/memberships", "/known", "/what-i-opened", "/data-protection")
LEAVE_ALONE = ("/sign-out", "/static", "/report", "/language", "/demo")


@dataclass(frozen=True)
class Request:
    """One request as a page offers it; what is named in it can be swapped."""

    method: str
    path: str
    fields: tuple[tuple[str, str], ...] = ()

    def named(self) -> list[str]:
        """Return the names of things in it, each once."""
        text = " ".join([self.path, *(value for _, value in self.fields)])
        return sorted(set(NAMED.findall(text)))

    def swapped(self, name: str, other: str) -> "Request":
        """Return the same request about another thing."""
        fields = tuple((key, value.replace(name, other)) for key, value in self.fields)
        return Request(self.method, self.path.replace(name, other), fields)


@dataclass
class Tour:
    """What one person was offered, and everything that it names."""

    username: str
    visitor: Visitor
    csrf: str
    requests: list[Request] = field(default_factory=list)

    @property
    def addresses(self) -> set[tuple[str, str]]:
        """Return the methods and addresses that are this person's own."""
        return {(one.method, one.path) for one in self.requests}

    def send(self, request: Request) -> tuple[int, str]:
        """Send a request and return the status and everything that came with it."""
        client = self.visitor.client
        if request.method == "GET":
            answer = client.get(request.path)
        else:
            form = {**dict(request.fields), "csrf_token": self.csrf}
            answer = client.post(request.path, data=form)
        return answer.status_code, f"{answer.headers}\n{answer.get_data(as_text=True)}"


def tour(site: Site, username: str, most: int) -> Tour:
    """Follow the links of one person's pages, up to `most` of them, and record links and forms."""
    visitor = site.visit(username)
    found = Tour(username, visitor, visitor.csrf())
    waiting, seen = deque(STARTS), set(STARTS)
    recorded: set[Request] = set()
    while waiting and len(seen) < most:
        path = waiting.popleft()
        answer = visitor.client.get(path)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        for request in _offered(answer.get_data(as_text=True)):
            if request.path.startswith(LEAVE_ALONE):
                continue
            recorded.add(request)
            if request.method == "GET" and request.path not in seen:
                seen.add(request.path)
                waiting.append(request.path)
    found.requests = sorted(recorded, key=lambda one: (one.path, one.method, one.fields))
    return found


def _offered(page: str) -> Iterator[Request]:
    tree = html.document_fromstring(page)
    for href in tree.xpath("//a/@href"):
        if href.startswith("/"):
            yield Request("GET", href.partition("#")[0].partition("?")[0])
    for form in tree.xpath("//form[@action]"):
        method = (form.get("method") or "GET").upper()
        fields = [
            (one.get("name"), one.get("value") or "")
            for one in form.xpath(".//input[@name]|.//button[@name]")
            if one.get("name") != "csrf_token"
        ]
        for choice in form.xpath(".//select[@name]"):
            values = choice.xpath("./option/@value")
            fields += [(choice.get("name"), values[-1])] if values else []
        path = form.get("action").partition("?")[0]
        yield Request(method, path, tuple(fields) if method == "POST" else ())
