"""A real browser before the pages alone, or before everything that `casetable up` starts."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import event
from werkzeug.serving import make_server

from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import ResolvedDeployment
from tests.browser.house import House, started
from tests.browser.person import Album
from tests.conftest import START, make_settings, not_to_the_disk, seeded
from tests.webui.site import Site
from webui.application import create_app

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
PATIENCE = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for each module: a second playwright may not start while one is open."""
    expect.set_options(timeout=PATIENCE)
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield found
        found.close()


# -- everything, as a user starts it ---------------------------------------------------------


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with started(tmp_path_factory.mktemp("house"), "--no-cases") as found:
        yield found


@pytest.fixture
def album(tmp_path: Path, request: pytest.FixtureRequest) -> Album:
    """Pictures go to the directory CASETABLE_SCREENSHOTS where somebody wants to look at them."""
    folder = Path(os.environ.get("CASETABLE_SCREENSHOTS") or tmp_path)
    return Album(folder / request.node.name.removeprefix("test_"))


# -- the pages alone, on a test clock --------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, empty_file: Path, shipped_processes: ResolvedDeployment) -> Iterator[Site]:
    shutil.copyfile(empty_file, tmp_path / "browser.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'browser.sqlite'}")
    event.listen(database.engine, "connect", not_to_the_disk)
    settings = make_settings(tmp_path, str(database.url))
    application = Application(settings, database, TestClock(START))
    seeded(application, shipped_processes)
    yield Site(application, create_app(application))
    database.close()


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A tab in which nothing may complain: no script error, nothing that the policy refused."""
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert complaints == []
