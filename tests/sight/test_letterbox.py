"""The public page in a process of its own, as a login that adds letters and reads none (V3.5.4)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from engine import demo, due
from engine.application import Application, open_letterbox
from engine.clock import TestClock
from engine.errors import SettingsError
from engine.models import ReportAnswer, ReportAttachment, Signal
from engine.settings import load_settings
from tests.conftest import START
from tests.sight.server import Server, served
from tests.webui.reporting import WORRY, Desk, Reporter
from tests.webui.site import Site
from tests.webui.test_attachment import picture
from webui.application import create_app

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]


@dataclass
class Apart(Reporter):
    """Somebody in front of the public page; the worker runs elsewhere, as another login."""

    work: Application

    def taken_up(self) -> None:
        due.run_due(self.work)


@dataclass
class Houses:
    """The pages of those who work, and the public page beside them."""

    work: Site
    public: Site


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("letters")) as found:
        yield found


@pytest.fixture
def houses(server: Server) -> Iterator[Houses]:
    clock, settings = TestClock(START), server.settings
    work = Application(settings, server.open(), clock)
    demo.seed(work)
    opened = open_letterbox(settings)
    opened.database.close()
    public = Application(opened.settings, server.open_letterbox(), clock)
    yield Houses(Site(work, create_app(work)), Site(public, create_app(public, only_report=True)))
    work.database.close()
    public.database.close()


def test_public_page_alone_takes_a_report_a_file_and_an_answer(houses: Houses) -> None:
    reporter = Apart(houses.public, houses.work.application)
    code = reporter.report([("picture.png", picture())], reporter_name="Nadia")
    assert "Received" in reporter.look(code)
    desk = Desk(houses.work)
    assert desk.ask("Since when?").status_code == 302
    assert "Since when?" in reporter.look(code)
    assert reporter.answer(code, "Since Monday.").status_code == 302
    assert "Since Monday." in desk.read()
    with houses.work.application.database.reading() as session:
        assert session.scalars(select(Signal)).one().text == WORRY["text"]
        assert session.scalars(select(ReportAnswer)).one().text == "Since Monday."
        assert session.scalars(select(ReportAttachment)).one().case_id is not None


def test_public_page_alone_has_no_other_page_and_knows_nobody(houses: Houses) -> None:
    token = houses.work.visit("intake.anna").token
    visitor = houses.public.visit()
    with visitor.client.session_transaction() as cookie:
        cookie["_user_id"] = token
    assert visitor.get("/").headers["Location"] == "/report"
    assert visitor.get("/report").status_code == 200
    assert "Sign in" not in visitor.get("/report").get_data(as_text=True)
    for path in ("/cases", "/sign-in", "/health", "/work", "/part", "/data-protection"):
        assert visitor.get(path).status_code == 404, path
    addresses = {rule.endpoint for rule in houses.public.app.url_map.iter_rules()}
    topics = {one.split(".")[0] for one in addresses}
    assert topics == {"language", "probe", "report", "report_home", "static"}
    assert visitor.get("/ready").get_json() == {"status": "ready"}


def test_pages_of_work_lead_to_the_public_page_and_do_not_serve_it(houses: Houses) -> None:
    visitor = houses.work.visit("intake.anna")
    page = visitor.client.get("/").get_data(as_text=True)
    assert 'href="http://report.localhost:8080/report"' in page
    assert visitor.client.get("/report").status_code == 404
    assert visitor.client.post("/report").status_code in {400, 404}


KEPT = {
    "CASETABLE_SECRET_KEY": "x" * 32,
    "CASETABLE_PRODUCTION": "yes",
    "CASETABLE_MASTER_KEY_FILE": "keys",
    "CASETABLE_DATABASE_URL": "postgresql+psycopg://app@127.0.0.1/casetable",
    "CASETABLE_BASE_URL": "https://casetable.example.org",
    "CASETABLE_REPORT_URL": "https://report.example.org/",
    "CASETABLE_REPORT_DATABASE_URL": "postgresql+psycopg://letters@127.0.0.1/casetable",
}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"CASETABLE_REPORT_URL": "https://casetable.example.org"}, "another host name"),
        ({"CASETABLE_REPORT_URL": "http://report.example.org"}, "needs https"),
        ({"CASETABLE_REPORT_URL": "report.example.org"}, "give an address like"),
        ({"CASETABLE_REPORT_URL": ""}, "REPORT_URL: set it too"),
        ({"CASETABLE_REPORT_DATABASE_URL": ""}, "name the login that only adds"),
    ],
)
def test_settings_refuse_half_a_separation(wrong: dict[str, str], says: str) -> None:
    assert load_settings(KEPT).report_url == "https://report.example.org"
    with pytest.raises(SettingsError, match=says):
        load_settings({**KEPT, **wrong})


def test_letterbox_opens_only_with_an_address_of_its_own(server: Server) -> None:
    with pytest.raises(SettingsError, match="CASETABLE_REPORT_URL"):
        open_letterbox(replace(server.settings, report_url=""))
