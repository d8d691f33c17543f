"""Nothing that people type lies open anywhere: every field, every place where bytes lie (S14)."""

import logging
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select

from engine import due
from engine.application import Application
from engine.models import Contribution, WorkItem, WorkItemState
from tests.canary.people import PagePlayer, Planted
from tests.webui.site import Site
from webui.application import create_app

STORY = (
    "intake_to_multi_agency",
    "analysis_to_plan",
    "plan_to_implementation",
    "implementation_to_closure",
    "closure_to_monitoring",
)


@pytest.fixture
def site(application: Application) -> Site:
    application.settings = replace(application.settings, broker_url="filesystem://")
    return Site(application, create_app(application))


def test_canary_is_found_nowhere_outside_the_sealed_columns(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """S14: at least 200 words through the real pages; 0 in files, dump, log of the database,
    broker, mails and logs at DEBUG."""
    caplog.set_level(logging.DEBUG)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    planted = Planted()
    player = PagePlayer(site, planted)
    player.tell(*STORY[:-1])
    write_beside_the_steps(player)
    player.tell(STORY[-1])
    due.run_due(site.application)
    assert len(planted.words) >= 200
    stored = planted_and_stored(site, planted)
    assert len(stored) >= 200, "the words have to have come in"
    places = everything(site, tmp_path)
    out, err = capfd.readouterr()
    places["log"] = (caplog.text + out + err).encode()
    assert b"casework_case" in places["database"]
    assert len(places["database"]) > 100_000
    for where in ("mail", "broker"):
        assert any(name.startswith(where) for name in places), (where, sorted(places))
    found = {
        (name, word)
        for name, content in places.items()
        for word in planted.words
        if word.encode() in content or word.encode().hex().encode() in content
    }
    assert found == set()


def write_beside_the_steps(player: PagePlayer) -> None:
    """Notes, events, an opinion, a change of sharing, a draft that is never sent."""
    code, word = player.case().code, player.planted.word
    coordinator = player.visitor("process.daan")
    for _ in range(3):
        answer = coordinator.post(f"/cases/{code}/notes/new", {"text": word(), "kind": "note"})
        assert answer.status_code == 302, coordinator.text()
    with player.application.database.reading() as session:
        shared = session.scalars(select(Contribution)).all()
        item = session.scalars(
            select(WorkItem).where(WorkItem.state == WorkItemState.OPEN.value)
        ).first()
    assert shared
    for one in shared:
        partner = player.visitor(user_of(player, one))
        answer = partner.post(
            f"/cases/{code}/contributions/{one.id}/sharing",
            {"level": "summary", "audience": "table", "summary": word(), "legal_basis": word()},
        )
        assert answer.status_code in {302, 422}
    assert item is not None
    coordinator.post(f"/work/{item.id}/draft", {"what_happened": word(), "summary": word()})


def user_of(player: PagePlayer, contribution: Contribution) -> str:
    from tests.canary.people import account_of

    assert contribution.by_id is not None
    return account_of(player.site, contribution.by_id).username


def planted_and_stored(site: Site, planted: Planted) -> set[str]:
    """The words that are in the file of the case, as its rows show them."""
    from tests.engine.test_migration import every_word

    whole = "".join(str(value) for value in every_word(site.application).values())
    return {word for word in planted.words if word in whole}


def everything(site: Site, tmp_path: Path) -> dict[str, bytes]:
    """Every byte that the installation has written, by place."""
    database = site.application.database
    files = {
        str(path.relative_to(tmp_path)): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    if database.is_sqlite:
        parts = [content for name, content in files.items() if name.startswith("test.sqlite")]
        return {**files, "database": b"".join(parts)}
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    dump = subprocess.run(["pg_dump", url], check=True, capture_output=True)
    return {**files, "database": dump.stdout}
