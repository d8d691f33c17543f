"""Somebody who reports by the public page, and the desk behind it, in the words of a test."""

import hashlib
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from engine import due
from engine.letterbox import PUBLIC_CHANNEL
from engine.models import Case, Signal
from tests.webui.site import Site, Visitor

WORRY = {"text": "He speaks of revenge and has new friends."}
Files = list[tuple[str, bytes]]


def proof_for(token: str, bits: int) -> str:
    """Do the work that a browser does."""
    for number in count():
        digest = hashlib.sha256(f"{token}:{number}".encode()).digest()
        if int.from_bytes(digest) >> (256 - bits) == 0:
            return str(number)
    raise AssertionError


@dataclass
class Reporter:
    """One browser of somebody without an account."""

    site: Site
    visitor: Visitor = field(init=False)

    def __post_init__(self) -> None:
        self.visitor = self.site.visit()

    def open(self, path: str) -> None:
        assert self.visitor.get(path).status_code == 200

    def challenge(self) -> dict[str, str]:
        """Return the solved challenge of the page that is open."""
        assert self.visitor.page is not None
        box = self.visitor.page.xpath("//*[@data-challenge]")[0]
        token, bits = box.get("data-challenge"), int(box.get("data-bits"))
        return {"challenge": token, "proof": proof_for(token, bits)}

    def send(self, path: str, form: dict[str, Any], files: Files = []) -> TestResponse:  # noqa: B006
        """Send a form of the open page; `files` are names and contents."""
        data = {**self.challenge(), **form}
        if not files:
            return self.visitor.post(path, data)
        data["csrf_token"] = self.visitor.csrf()
        data["files"] = [FileStorage(BytesIO(content), name) for name, content in files]
        boundary, body = encode_multipart(data)
        return self.visitor.post_as_it_is(path, body, f'multipart/form-data; boundary="{boundary}"')

    def report(self, files: Files = [], **form: str) -> str:  # noqa: B006
        """Report a concern, let the worker take it up, and return the receipt code."""
        self.open("/report")
        response = self.send("/report", {**WORRY, **form}, files)
        assert response.status_code == 302, self.visitor.text()
        code = self.receipt()
        self.taken_up()
        return code

    def receipt(self) -> str:
        self.open("/report/receipt")
        assert self.visitor.page is not None
        code: str = self.visitor.page.xpath("//*[@class='receipt-code']/text()")[0]
        return code

    def taken_up(self) -> None:
        due.run_due(self.site.application)

    def look(self, code: str) -> str:
        """Return what the page says about a code."""
        self.open("/report/status")
        self.send("/report/status", {"code": code})
        return self.visitor.text()

    def answer(self, code: str, reply: str, files: Files = []) -> TestResponse:  # noqa: B006
        """Answer the question that a look at the code has shown."""
        response = self.send("/report/answer", {"code": code, "reply": reply}, files)
        self.taken_up()
        return response


@dataclass
class Desk:
    """Somebody of the intake desk in front of the newest case of the public page."""

    site: Site
    username: str = "intake.anna"

    def __post_init__(self) -> None:
        self.visitor = self.site.visit(self.username)
        with self.site.application.database.reading() as session:
            self.case = session.scalars(
                select(Case)
                .join(Signal, Signal.case_id == Case.id)
                .where(Signal.channel == PUBLIC_CHANNEL)
                .order_by(Signal.received_at.desc())
            ).first()
        assert self.case is not None

    @property
    def path(self) -> str:
        return f"/cases/{self.case.code}/reporter"

    def read(self) -> str:
        assert self.visitor.get(self.path).status_code == 200
        return self.visitor.text()

    def ask(self, question: str) -> TestResponse:
        self.read()
        signal = self.visitor.hidden("signal")
        return self.visitor.post(self.path, {"signal": signal, "question": question})
