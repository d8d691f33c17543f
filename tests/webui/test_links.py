"""No page offers a link that refuses: it would be counted as somebody's curiosity (S13)."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from engine.models import AuditEntry
from tests.webui.site import Site, Visitor
from tests.webui.story import tell

TAKE_PART = ("youth.yara", "chair.clara", "intake.bram")
PEOPLE = (*TAKE_PART, "lead.petra", "privacy.paula")
AT_THE_TABLE = ("intake_to_multi_agency", "analysis_to_plan")


@pytest.mark.parametrize("username", PEOPLE)
def test_pages_offer_no_link_that_refuses(site: Site, username: str) -> None:
    case = tell(site, *AT_THE_TABLE, until="contribute_information")
    answers = dict(_walk(site.visit(username), "/"))
    assert [path for path, status in answers.items() if status >= 400] == []
    with site.application.database.reading() as session:
        asked = select(AuditEntry.id).where(AuditEntry.event == "case:file:refuse")
        assert session.scalars(asked).all() == []
    assert (f"/cases/{case.code}/people" in answers) == (username in TAKE_PART)


def _walk(visitor: Visitor, start: str) -> Iterator[tuple[str, int]]:
    """Follow every link of every page once; filters and other sites are left out."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop(0).partition("#")[0]
        if path in seen or not path.startswith("/") or "?" in path:
            continue
        seen.add(path)
        answer = visitor.get(path, follow_redirects=True)
        yield path, answer.status_code
        if answer.mimetype == "text/html" and visitor.page is not None:
            waiting += visitor.page.xpath("//a/@href")
