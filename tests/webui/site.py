"""People who visit the pages, in the words of a test; every response is checked."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask
from lxml import html
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine import accounts, cases
from engine.application import Application
from engine.models import Account, Case, WorkItem, WorkItemState
from tests.webui.rules import check_response
from webui.identity import wall_clock


class Visitor:
    """One browser."""

    def __init__(self, app: Flask, token: str | None = None) -> None:
        self.client = app.test_client()
        self.token = token
        if token:
            with self.client.session_transaction() as session:
                session["_user_id"] = token
        self.page: html.HtmlElement | None = None

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._seen(self.client.get(path, **options))

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Post as a page of ours would: with the token of the session."""
        form = {"csrf_token": self.csrf(), **(data or {})}
        return self._seen(self.client.post(path, data=form, **options))

    def post_as_it_is(self, path: str, body: bytes, content_type: str) -> TestResponse:
        """Post a body that is encoded already."""
        return self._seen(self.client.post(path, data=body, content_type=content_type))

    def csrf(self) -> str:
        found = self.client.get("/report").get_data(as_text=True)
        token: str = html.document_fromstring(found).xpath("//meta[@name='csrf-token']/@content")[0]
        return token

    def _seen(self, response: TestResponse) -> TestResponse:
        check_response(response)
        if response.mimetype == "text/html":
            self.page = html.document_fromstring(response.get_data(as_text=True) or "<p/>")
        return response

    def text(self) -> str:
        """Return the words of the page, without its frame."""
        assert self.page is not None
        return " ".join(self.page.xpath("//main")[0].text_content().split())

    def hidden(self, name: str) -> str:
        assert self.page is not None
        value: str = self.page.xpath(f"//main//input[@name='{name}']/@value")[0]
        return value


@dataclass
class Site:
    """The pages of one application."""

    application: Application
    app: Flask

    def visit(self, username: str | None = None) -> Visitor:
        """Give a browser, signed in when a user name is given."""
        if username is None:
            return Visitor(self.app)
        with self.application.database.transaction() as session:
            account = self._account(session, username)
            token = accounts.open_session(session, account, wall_clock())
        return Visitor(self.app, token)

    def _account(self, session: Any, username: str) -> Account:
        found: Account = (
            session.scalars(select(Account).where(Account.username == username)).unique().one()
        )
        return found

    def report(self, text: str = "A teacher is worried about a pupil.", **reporter: str) -> Case:
        receipt = cases.report_concern(
            self.application,
            cases.Report(text, "telephone", {"name": "Person A"}, reporter),
        )
        with self.application.database.reading() as session:
            return session.get_one(Case, receipt.case_id)

    def item(self, case: Case, element: str) -> WorkItem:
        with self.application.database.reading() as session:
            return (
                session.scalars(
                    select(WorkItem).where(
                        WorkItem.case_id == case.id,
                        WorkItem.element_id == element,
                        WorkItem.state == WorkItemState.OPEN.value,
                    )
                )
                .unique()
                .one()
            )

    def change(self, item_id: UUID, **values: Any) -> None:
        """Change a work item directly, e.g. its due date."""
        with self.application.database.transaction() as session:
            item = session.get_one(WorkItem, item_id)
            for name, value in values.items():
                setattr(item, name, value)
