"""S14: nothing that people type lies open anywhere: every field, every place where bytes lie.

`CASETABLE_CANARIES` sets how many words are planted at least (default 200, a full run 10,000): one
case after the other is led through its life until they are in.
"""

import base64
import logging
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from redis import Redis
from sqlalchemy import select, text

from engine import due
from engine.application import Application
from engine.models import Contribution, WorkItem, WorkItemState
from tests.canary.people import PagePlayer, Planted
from tests.conftest import ABSENT, REDIS, with_all_rights
from tests.goal import Figure
from tests.webui.site import Site
from webui.application import create_app

STORY = (
    "intake_to_multi_agency",
    "analysis_to_plan",
    "plan_to_implementation",
    "implementation_to_closure",
    "closure_to_monitoring",
)


CANARIES = int(os.environ.get("CASETABLE_CANARIES", "200"))
PLAIN = re.compile(rb"(?i:canary)[0-9a-f]{12}x")
HEX = re.compile(rb"63616e617279(?:3[0-9]|6[1-6]){12}78", re.IGNORECASE)
ENCODED = re.compile(rb"(?:Y2FuYXJ5|NhbmFye|jYW5hcn)[A-Za-z0-9+/]{12,}")
"""A word in base 64 begins in one of three ways, by where it lies in its text."""
WIDE = re.compile(rb"c\x00a\x00n\x00a\x00r\x00y\x00(?:[0-9a-f]\x00){12}x", re.IGNORECASE)


@pytest.fixture
def site(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """A site whose temporary files are looked at; on PostgreSQL its messages go by Redis."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    by_redis = not application.database.is_sqlite and "redis" not in ABSENT
    broker = REDIS if by_redis else "filesystem://"
    application.settings = replace(application.settings, broker_url=broker)
    if by_redis:
        Redis.from_url(REDIS).flushdb()
    yield Site(application, create_app(application))
    if by_redis:
        Redis.from_url(REDIS).flushdb()


def planted_in(content: bytes) -> set[str]:
    """Return the planted words in some bytes: plainly, in hexadecimal, in base 64, in UTF-16."""
    found = {one.decode().lower() for one in PLAIN.findall(content)}
    found |= {bytes.fromhex(one.decode()).decode() for one in HEX.findall(content)}
    found |= {one.replace(b"\x00", b"").decode().lower() for one in WIDE.findall(content)}
    for one in ENCODED.findall(content):
        start = {b"Y": b"", b"N": b"AG", b"j": b"AAB"}[one[:1]]
        whole = start + one
        decoded = base64.b64decode(whole[: len(whole) // 4 * 4])
        found |= {word.decode() for word in PLAIN.findall(decoded)}
    return found


@pytest.mark.parametrize("before", range(3))
def test_canary_is_seen_however_it_is_written(before: int) -> None:
    word = b"canary0123456789abx"
    text = b"-" * before + word + b" after"
    for written in (
        text,
        text.hex().encode(),
        base64.b64encode(text),
        text.decode().encode("utf-16"),
    ):
        assert planted_in(b"before " + written) == {word.decode()}, written


@pytest.mark.timeout(7200)
def test_canary_is_found_nowhere_outside_the_sealed_columns(
    site: Site,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    figure: Figure,
) -> None:
    """S14, S18: at least 200 words through the real pages; 0 in files, dump, log of the database,
    broker, mails, temporary files and logs at DEBUG."""
    caplog.set_level(logging.DEBUG)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    planted, begun = Planted(), time.monotonic()
    stored: set[str] = set()
    while len(stored) < CANARIES:
        player = PagePlayer(site, planted)
        player.tell(*STORY[:-1])
        write_beside_the_steps(player)
        player.tell(STORY[-1])
        due.run_due(site.application)
        before, stored = len(stored), planted_and_stored(site, planted)
        assert len(stored) >= before + 200, "the words have to have come in"
    places = everything(site, tmp_path)
    out, err = capfd.readouterr()
    places["log"] = (caplog.text + out + err).encode()
    assert b"casework_case" in places["database"]
    assert len(places["database"]) > 100_000
    for where in ("mail", "broker"):
        assert any(name.startswith(where) for name in places), (where, sorted(places))
    words = set(planted.words)
    found = {
        (name, word) for name, content in places.items() for word in planted_in(content) & words
    }
    figure(
        "S14",
        canaries=len(words),
        stored=len(stored),
        places=len(places),
        megabytes=sum(map(len, places.values())) // 10**6,
        found=len(found),
        seconds=time.monotonic() - begun,
    )
    assert found == set()


def write_beside_the_steps(player: PagePlayer) -> None:
    """Notes, events, an opinion, a change of sharing, a draft that is never sent."""
    code, word = player.case().code, player.planted.word
    coordinator = player.visitor("process.daan")
    for _ in range(3):
        answer = coordinator.post(f"/cases/{code}/notes/new", {"text": word(), "kind": "note"})
        assert answer.status_code == 302, coordinator.text()
    with player.application.database.reading() as session:
        mine = player.case().id
        shared = session.scalars(select(Contribution).where(Contribution.case_id == mine)).all()
        item = session.scalars(
            select(WorkItem).where(
                WorkItem.case_id == mine, WorkItem.state == WorkItemState.OPEN.value
            )
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
    return {word.decode() for word in PLAIN.findall(whole.encode())} & set(planted.words)


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
    return {**files, "database": dump.stdout, **written_ahead(site), **messages()}


def written_ahead(site: Site) -> dict[str, bytes]:
    """The log that PostgreSQL writes ahead, where this machine lets its files be read."""
    with with_all_rights(site.application.database) as session:
        folder = Path(session.scalar(text("SHOW data_directory")) or "") / "pg_wal"
    if not os.access(folder, os.R_OK):
        return {}
    files = [path for path in folder.iterdir() if path.is_file()]
    newest = sorted(files, key=lambda path: path.stat().st_mtime)[-8:]
    return {f"wal/{path.name}": path.read_bytes() for path in newest}


def messages() -> dict[str, bytes]:
    """Whatever lies in Redis, as it dumps each key; its file on the disk holds the same."""
    if "redis" in ABSENT:
        return {}
    client = Redis.from_url(REDIS)
    return {
        f"broker/{key.decode()}": (client.dump(key) or b"") + b"".join(_values(client, key))
        for key in client.scan_iter()
    }


def _values(client: Redis, key: bytes) -> list[bytes]:
    """Return the values of a key as they are: a dump packs long ones."""
    match client.type(key):
        case b"list":
            return list(client.lrange(key, 0, -1))
        case b"hash":
            return [part for pair in client.hgetall(key).items() for part in pair]
        case b"set":
            return list(client.smembers(key))
        case b"zset":
            return list(client.zrange(key, 0, -1))
        case _:
            return [client.get(key) or b""]
