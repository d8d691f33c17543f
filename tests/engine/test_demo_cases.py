"""The past of the demonstration's cases is played beside pages that are served."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import demo, demo_cases
from engine.application import Application, DatabaseClock
from engine.database import Database
from engine.deputy import now_of
from engine.models import Case
from tests.conftest import make_settings

TOLD = {
    "case": [{"began": "P1Y", "use": ["intake_to_multi_agency"], "signal": {"channel": "phone"}}]
}


def _now(application: Application) -> datetime:
    with application.database.reading_as(None) as session:
        return now_of(session)


def test_pages_know_what_day_it_is_while_a_past_is_played_and_after_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database.url.render_as_string(hide_password=False)
    application = Application(
        make_settings(tmp_path, url), database, DatabaseClock(database, demo=True)
    )
    demo.seed(application)
    seen: list[timedelta] = []
    real = demo_cases.Player.take

    def taking(player: Any, kind: str, step: Mapping[str, Any]) -> list[str]:
        found = real(player, kind, step)
        seen.append(datetime.now(UTC) - _now(application))
        return found

    monkeypatch.setattr(demo_cases.Player, "take", taking)
    script = (tmp_path / "demo.toml", TOLD["case"])
    monkeypatch.setattr(demo_cases, "_script", lambda *_: script)
    assert demo_cases.add_cases(application) == 1
    seen.append(datetime.now(UTC) - _now(application))
    assert len(seen) > 3
    assert max(abs(one) for one in seen) < timedelta(minutes=5)
    with application.database.reading() as session:
        began, number = session.execute(select(func.min(Case.created_at), func.count())).one()
    assert number == 1
    assert datetime.now(UTC) - began > timedelta(days=300)
