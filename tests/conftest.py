"""What all tests share: which services are there, databases, an application on a test clock."""

import gc
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from engine import demo
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import ResolvedDeployment, resolve
from engine.models import Base
from engine.session import WritingSession
from engine.settings import ROOT, Settings
from tests import goal, ground, turn
from tests.goal import figure

__all__ = ["figure"]

POSTGRES = os.environ.get(
    "CASETABLE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
REDIS = os.environ.get("CASETABLE_TEST_REDIS", "redis://127.0.0.1:6379/15")
START = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
SCHEMA = """
SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
    SELECT concat_ws(' ', tgrelid, tgname, tgenabled, tgfoid) FROM pg_trigger
    UNION ALL SELECT concat_ws(' ', polrelid, polname, pg_get_expr(polqual, polrelid))
        FROM pg_policy
    UNION ALL SELECT concat_ws(' ', oid, prosrc) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', attrelid, attname, atttypid, attnotnull)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', oid, relname, relrowsecurity, relforcerowsecurity, relacl)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
) lines (line)
"""
"""A mark of all tables, triggers, functions and policies."""
MARKS: dict[str, str] = {}
"""What it was when the tables of a database were made."""


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def _postgres() -> bool:
    url = make_url(POSTGRES)
    return _answers(url.host or "127.0.0.1", url.port or 5432)


def _redis() -> bool:
    url = make_url(REDIS)
    return _answers(url.host or "127.0.0.1", url.port or 6379)


def _chromium() -> bool:
    return bool(shutil.which("chromium") or shutil.which("chromium-browser"))


def _node() -> bool:
    return bool(shutil.which("node")) and (ROOT / "webui/frontend/node_modules").is_dir()


def _clamav() -> bool:
    return bool(shutil.which("clamd")) or Path("/usr/sbin/clamd").is_file()


SERVICES = {
    "postgres": (_postgres, "PostgreSQL", "apt-get install postgresql"),
    "redis": (_redis, "Redis", "apt-get install redis-server"),
    "browser": (_chromium, "Chromium", "apt-get install chromium"),
    "clamav": (_clamav, "ClamAV", "apt-get install clamav-daemon"),
    "node": (_node, "Node.js and the front-end packages", "apt-get install nodejs npm"),
}
ABSENT: set[str] = set()
LONG = 900
"""Seconds that a walk through a browser may take on a busy machine."""


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what lives as long as the run: libraries and tests.

    It would walk through all of it again and again, an eighth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(100_000, 50, 100)


def pytest_configure(config: pytest.Config) -> None:
    del config
    # Collecting makes no rubbish worth the search for it; see `pytest_collection_finish`.
    gc.disable()
    ground.share_statements()
    ABSENT.update(name for name, (there, _, _) in SERVICES.items() if not there())
    if ABSENT and os.environ.get("CI") == "true":
        names = ", ".join(SERVICES[name][1] for name in sorted(ABSENT))
        pytest.exit(f"CI runs every test, but {names} is missing.", returncode=3)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    goal.leave_out_others(config, items)
    turn.leave_out_others(config, items, ABSENT)
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if "browser" in marks:
            item.add_marker(pytest.mark.timeout(LONG))
        for name in ABSENT & marks:
            item.add_marker(pytest.mark.skip(reason=_reason(name)))


def _reason(name: str) -> str:
    _, label, install = SERVICES[name]
    return f"{label} is missing: {install}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # From the reports, because with several workers this process has collected nothing itself.
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    counts = {name: sum(_reason(name) in text for text in skipped) for name in SERVICES}
    if any(counts.values()):
        terminalreporter.section("not run on this machine")
    for name, count in sorted(counts.items()):
        if count:
            _, label, install = SERVICES[name]
            terminalreporter.line(f"{count} tests need {label}: {install}")
    passed = terminalreporter.stats.get("passed", [])
    figures = goal.lines([*passed, *terminalreporter.stats.get("failed", [])])
    if figures:
        terminalreporter.section("figures")
    for line in figures:
        terminalreporter.line(line)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of this test run alone, with all tables."""
    name = f"casetable_test_{os.getpid()}"
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        # As `not_to_the_disk` does for SQLite.
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    try:
        url = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        _build(url)
        yield url
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        admin.dispose()


def _build(url: str) -> None:
    """Make all tables anew in a PostgreSQL database."""
    made = Database(url)
    with made.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    Base.metadata.create_all(made.engine)
    made.close()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows, made once and copied."""
    file = tmp_path_factory.mktemp("empty") / "test.sqlite"
    made = Database(f"sqlite:///{file}")
    Base.metadata.create_all(made.engine)
    made.close()
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, empty_file: Path
) -> Iterator[Database]:
    """An empty database with all tables, on each of the two systems."""
    if request.param == "sqlite":
        shutil.copyfile(empty_file, tmp_path / "test.sqlite")
        found = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
        for engine in found.engines:
            event.listen(engine, "connect", not_to_the_disk)
        yield ground.hand_out(found)
        found.close()
        return
    yield request.getfixturevalue("postgres_only")


@pytest.fixture(scope="session")
def postgres_kept(postgres_url: str) -> Iterator[Database]:
    """The connections of this run to PostgreSQL: a test opens no new ones."""
    kept = Database(postgres_url)
    MARKS[postgres_url] = _mark(kept)
    yield kept
    kept.close()


def _mark(database: Database) -> str:
    with database.engine.connect() as connection:
        return str(connection.scalar(text(SCHEMA)))


@pytest.fixture
def postgres_only(postgres_kept: Database) -> Iterator[Database]:
    """An empty database on PostgreSQL; its sessions work as the roles of production."""
    # A copy, because applications tell their database which keys and which clock are theirs.
    found = copy(postgres_kept)
    url = found.url.render_as_string(hide_password=False)
    yield ground.hand_out(found)
    ground.empty(found)
    # Tests of tampering take triggers away: the next test must find them again.
    if _mark(found) != MARKS[url]:
        found.close()
        _build(url)
        MARKS[url] = _mark(found)


def not_to_the_disk(connection: Any, record: Any) -> None:
    """Let commits end before the disk has them: a test need not outlive the machine."""
    del record
    connection.execute("PRAGMA synchronous=OFF")


@contextmanager
def with_all_rights(database: Database) -> Iterator[Session]:
    """Give a session of who administers the server: no policy and no missing right stops it."""
    bind = database.engine.execution_options(casetable_write=True)
    with bind.connect() as connection, WritingSession(connection) as session:
        database._equip(session)
        yield session
        session.commit()


@contextmanager
def listening(database: Database, **listeners: Callable[..., None]) -> Iterator[None]:
    """Call listeners by the name of their event, on all connections of a database."""
    pairs = [(engine, *one) for engine in database.engines for one in listeners.items()]
    for pair in pairs:
        event.listen(*pair)
    try:
        yield
    finally:
        for pair in pairs:
            event.remove(*pair)


@contextmanager
def hearing(database: Database) -> Iterator[list[str]]:
    """Note each statement that is sent, but for the beginning of a transaction."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    with listening(database, before_cursor_execute=note):
        yield sent


def make_settings(tmp_path: Path, url: str) -> Settings:
    return Settings(
        data_dir=tmp_path,
        database_url=url,
        broker_url="memory://",
        processes_dir=ROOT / "processes",
        secret_key="a key that only the tests use, long enough",
        production=False,
        demo=True,
        base_url="http://127.0.0.1:8080",
        proxies=0,
        profile="base",
        mail_host="",
        mail_port=0,
        mail_from="test@localhost",
        poll_seconds=0.1,
    )


@pytest.fixture
def clock() -> TestClock:
    return TestClock(START)


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let all applications of this run share the compiled templates."""
    cache = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": cache}


@pytest.fixture(scope="session", autouse=True)
def _addresses_compiled_once() -> None:
    """Let all applications of this run share the functions that make addresses of pages.

    Werkzeug writes and compiles one for each address, and an application has hundreds.
    """
    made: dict[tuple[Any, ...], Any] = {}
    compiled: Callable[..., Any] = Rule._compile_builder  # takes the rule as its argument

    def compile_once(rule: Rule, append_unknown: bool = True) -> Any:
        parts = (tuple(rule._trace), str(rule.defaults), append_unknown)
        if parts not in made:
            made[parts] = compiled(rule, append_unknown)
        return made[parts]

    Rule._compile_builder = compile_once  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def shipped_processes() -> ResolvedDeployment:
    """The shipped processes, read and compiled once: nothing changes them."""
    return resolve(ROOT / "processes", "base")


@pytest.fixture(scope="session")
def small_processes(tmp_path_factory: pytest.TempPathFactory) -> ResolvedDeployment:
    """The small processes of the engine's tests, likewise."""
    from tests.engine import small

    return resolve(small.write_processes(tmp_path_factory.mktemp("small") / "processes"), "base")


@pytest.fixture
def application(
    database: Database, tmp_path: Path, clock: TestClock, shipped_processes: ResolvedDeployment
) -> Application:
    """An application with the shipped processes and the demo people."""
    url = database.url.render_as_string(hide_password=False)
    found = Application(make_settings(tmp_path, url), database, clock)
    seeded(found, shipped_processes)
    return found


def seeded(application: Application, processes: ResolvedDeployment) -> None:
    """Publish processes and add the demo people to an application that nobody has used."""
    application.deployments.remember(processes)
    ground.once(application, "seed", lambda: demo.seed(application, processes))
    ground.hand_out(application.database)
