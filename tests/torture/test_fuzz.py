"""S6, S7: whatever is sent to whichever address by whomever, nothing breaks and nothing is told.

`CASETABLE_REQUESTS` sets how many requests are sent (default 5,000, a full run 200,000), each
5,000 of them to an installation of their own; the seed is printed and `CASETABLE_SEED` repeats it.
"""

import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from argon2 import PasswordHasher
from sqlalchemy import event
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from engine import accounts, demo, migration, verification
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.models import Base
from engine.settings import ROOT
from tests.conftest import START, make_settings, not_to_the_disk
from tests.goal import Figure
from tests.torture.fuzzer import Fuzzer, Sent, signed_out
from tests.torture.garbage import MARK
from tests.webui.rules import check_response
from tests.webui.site import Site
from tests.webui.story import tell
from webui.application import create_app

REQUESTS = int(os.environ.get("CASETABLE_REQUESTS", "5000"))
SEED = int(os.environ.get("CASETABLE_SEED", str(random.randrange(10**6))))
AT_ONCE = 5000
SAID_BY_MISTAKE = (
    r"traceback|file &#34;|file \"|\.py[\"':]\d",
    r"site-packages|/usr/lib/|" + re.escape(str(ROOT).lower()),
    r"sqlalchemy|psycopg|sqlite3|werkzeug|jinja2|flask\.|spiffworkflow",
    r"select .{1,200} from |insert into ",
)
TOLD = re.compile("|".join(SAID_BY_MISTAKE), re.DOTALL)
"""What a page in small letters never says: traces, statements, paths, names of libraries."""
RAISED = re.compile(r"\b[A-Z]\w*Exception\b")
"""The name of what a program raised; the plain word stands on pages about rules."""
NO_PAGE = {"HEAD"}
REACHED = {"pages": 0.1, "redirects": 0.02, "refusals": 0.1}
"""Which part of all requests at least is answered how; to be sent to the sign-in is a refusal."""
PAGES_READ = 10
"""The markup of every tenth page is checked, the headers of each."""


def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords in a moment: their cost is measured elsewhere (S11)."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(accounts, "HASHER", hasher)
    monkeypatch.setattr(accounts, "_NOBODY", hasher.hash("nobody"))


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site with cases in four stages of their life."""
    quick_passwords(monkeypatch)
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
    event.listen(database.engine, "connect", not_to_the_disk)
    Base.metadata.create_all(database.engine)
    command.stamp(migration.config(database), "head")  # else the pages say that they are not ready
    url = database.url.render_as_string(hide_password=False)
    application = Application(make_settings(tmp_path, url), database, TestClock(START))
    demo.seed(application)
    app = create_app(application)
    app.config["REFUSAL_SECONDS"] = 0  # half of a run would be waiting; what it is for is S2
    site = Site(application, app)
    site.report()
    tell(site, "intake_to_multi_agency")
    tell(site, "intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
    tell(
        site,
        "intake_to_multi_agency",
        "analysis_to_plan",
        "plan_to_implementation",
        "implementation_to_closure",
    )
    yield site
    database.close()


def wrong(sent: Sent, answer: TestResponse, number: int) -> str:
    """Say what is wrong with an answer; nothing when it is right."""
    if answer.status_code >= 500:
        return f"answers {answer.status_code} {answer.get_data(as_text=True)[-1500:]}"
    text = answer.get_data().decode("utf-8", "replace")  # some are files
    built = sent.path.startswith("/static/") or answer.mimetype == "application/xml"
    if not built and (told := TOLD.search(text.lower()) or RAISED.search(text)):
        return f"tells {told.group()[:80]!r}"
    if MARK in text and answer.mimetype == "text/html":
        return "shows a tag that was typed"
    page = answer.mimetype == "text/html" and sent.method not in NO_PAGE
    if page and number % PAGES_READ:
        answer.headers["Content-Type"] = "text/plain; charset=utf-8"
    elif not page:
        answer.headers["Content-Type"] = "application/octet-stream"
    try:
        check_response(answer)
    except (AssertionError, KeyError) as error:
        return f"breaks a rule of all answers: {error}"
    return ""


# A multipart body that breaks off in a file leaves its buffer to the garbage collector.
@pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.Spooled:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(max(1, REQUESTS // AT_ONCE)))
def test_no_request_breaks_a_page_or_makes_it_tell_what_it_should_not(
    part: int, busy: Site, figure: Figure
) -> None:
    print(f"seed {SEED}")  # noqa: T201 - to be repeated with CASETABLE_SEED
    site = busy
    fuzzer = Fuzzer(site, random.Random(f"{SEED}:{part}"))
    begun, found, answers, sent_away = time.monotonic(), [], Counter[int](), 0
    with capture_logs() as logs:
        for number, (sent, answer) in enumerate(fuzzer.send(min(REQUESTS, AT_ONCE))):
            answers[answer.status_code // 100] += 1
            sent_away += signed_out(answer)
            if complaint := wrong(sent, answer, number):
                found.append(f"{complaint}: {sent}\n    {logs[-1:]}")
    seconds = time.monotonic() - begun
    with site.application.database.reading() as session:
        broken = verification.verify(session).breaks
    within = answers[3] - sent_away
    figure(
        "S6",
        requests=answers.total(),
        answers_2xx=answers[2],
        answers_3xx=within,
        sent_to_sign_in=sent_away,
        answers_4xx=answers[4],
        answers_5xx=answers[5],
        other_faults=len(found) - answers[5],
        reached=answers[2] + within,
        seconds=seconds,
    )
    assert found == [], f"seed {SEED}: {len(found)}\n" + "\n".join(found[:20])
    assert broken == [], "the audit trail holds under all of it"
    reached = {"pages": answers[2], "redirects": within, "refusals": answers[4] + sent_away}
    too_few = [kind for kind, part in REACHED.items() if reached[kind] < part * answers.total()]
    assert too_few == [], f"what is refused at the door shows nothing: {reached}"
