"""What tests of the workshop share: a small set that is judged within a second or two."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from engine import accounts
from engine.application import Application
from engine.clock import TestClock
from engine.models import WorkshopJudgement
from engine.workshop import draft, judgement

TABLE = "decisions/deadlines.dmn"
SCENARIO = "scenarios/intake_unread.toml"


def who(application: Application, username: str) -> UUID:
    with application.database.transaction() as session:
        return accounts.find_account(session, username).id


def content(application: Application, draft_id: UUID) -> dict[str, bytes]:
    with application.database.transaction() as session:
        return draft.files(session, draft.load(session, draft_id))


def save(application: Application, draft_id: UUID, actor: UUID, path: str, text: bytes) -> str:
    before = content(application, draft_id).get(path)
    expected = draft.hash_of(before) if before is not None else None
    return draft.save(application, draft_id, actor, path, text, expected)


def few_scenarios(application: Application, draft_id: UUID, actor: UUID) -> None:
    """Keep one scenario, so that a test need not run all of them."""
    with draft.changing(application, draft_id, actor) as change:
        there = draft.manifest(change.session, change.draft)
        change.apply(
            {
                path: None
                for path in there
                if path.startswith("scenarios/") and path.count("/") == 1 and path != SCENARIO
            }
        )


def judged(application: Application, draft_id: UUID, actor: UUID) -> UUID:
    """Have a draft judged to its end, as the worker does it."""
    found = judgement.begin(application, draft_id, actor)
    judgement.judge_now(application, found, lambda *_: None)
    return found


def passed(application: Application, draft_id: UUID, actor: UUID) -> UUID:
    """Return a judgement that found nothing wrong, without the minute that the rules take."""
    if isinstance(application.clock, TestClock):
        application.clock.advance(timedelta(seconds=1))  # it is the latest one
    found = judgement.begin(application, draft_id, actor)
    told: Mapping[str, Any] = {"rules": [], "unproved": ""}
    with application.database.transaction() as session:
        row = session.get_one(WorkshopJudgement, found)
        row.results = {**row.results, "rules": told}
        row.state, row.done = "done", row.total
        row.finished_at = application.now(session)
    return found
