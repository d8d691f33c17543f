"""Two files that are kept apart, on the pages: the other body's file is a page that is not there.

Who may what is said by tests/authz/apart.csv; here it is asked for by address, with the lists, the
pages of holds, incidents and readers, and the search of a request for access.
"""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import disclosure, hold
from engine.clock import TestClock
from engine.database import Database
from engine.errors import NotFoundError, OperatorError
from engine.incident import raise_incident
from engine.models import Case, Disclosure, Episode, Incident, Person
from engine.reading.disclosure import to_search
from tests.engine.apart import Bodies, open_application, structure
from tests.webui.site import Site, Visitor
from webui.application import create_app

GROUP, DESK, HEAD, CHAIR, PREFECT = (
    *("security.serge", "intake.anna", "head.greta"),
    *("chair.clara", "mayor.fatima"),
)
OFFICER = "privacy.paula"
NO_CASE = "2222-2222"
OF_CASE = (
    "/cases/{}",
    "/cases/{}/timeline",
    "/cases/{}/plan",
    "/cases/{}/people",
    "/cases/{}/readers",
    "/cases/{}/reporter",
    "/cases/{}/conflict",
    "/cases/{}/diagram",
    "/cases/{}/printing",
    "/cases/{}/definition",
    "/cases/{}/reopening",
    "/cases/{}/people/new",
    "/cases/{}/notes/new",
)
LISTS = (
    "/",
    "/cases",
    "/incidents",
    "/what-i-opened",
    "/emergency/reviews",
    "/agreements",
    "/part",
)
"""Pages of one's own that name cases."""


class Reading:
    """Both files, and the pages as each person gets them."""

    def __init__(self, bodies: Bodies, site: Site) -> None:
        self.bodies, self.site = bodies, site
        first, second = bodies.hand_over()
        with bodies.application.database.transaction() as session:
            self.codes = [session.get_one(Case, one).code for one in (first, second)]
            for case in (first, second):
                episode = session.scalars(select(Episode).where(Episode.case_id == case)).one()
                raise_incident(
                    session,
                    key=f"test:{case}",
                    error=OperatorError("Something failed.", retryable=False),
                    now=bodies.application.now(session),
                    instance_id=episode.instance_id,
                )
        self.ids = [first, second]
        self.names = [one.name for one in structure().profile.files.values()]
        self.visitors: dict[str, Visitor] = {}

    def by(self, name: str) -> Visitor:
        if name not in self.visitors:
            self.visitors[name] = self.site.visit(name)
        return self.visitors[name]

    def id_of(self, name: str) -> UUID:
        with self.bodies.application.database.reading() as session:
            return self.bodies.named(session, name).id

    def told(self, name: str, path: str) -> str:
        answer = self.by(name).client.get(path)
        assert answer.status_code == 200, (name, path)
        return answer.text

    def hold(self, code: str) -> UUID:
        wanted = hold.Request(code, "legal_claim", "A 1", "A court may want it.")
        return hold.ask(self.bodies.application, self.id_of(OFFICER), wanted)


@pytest.fixture
def both(database: Database, tmp_path: Path, clock: TestClock) -> Reading:
    application = open_application(database, tmp_path, clock)
    app = create_app(application)
    app.config["REFUSAL_SECONDS"] = 0
    return Reading(Bodies(application, clock), Site(application, app))


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """On PostgreSQL, where what a page forgets to ask is asked once more by the policies."""
    found: Database = request.getfixturevalue("postgres_only")
    return found


pytestmark = pytest.mark.postgres


def test_other_file_is_answered_like_one_that_is_not_there(both: Reading) -> None:
    for name, other in ((GROUP, 1), (DESK, 1), (HEAD, 1), (CHAIR, 0), ("police.peter", 0)):
        client, code = both.by(name).client, both.codes[other]
        for path in OF_CASE:
            answer, nothing = (client.get(path.format(one)) for one in (code, NO_CASE))
            assert answer.status_code == nothing.status_code == 404, (name, path)
            assert answer.text.replace(code, NO_CASE) == nothing.text, (name, path)


def test_own_pages_and_lists_do_not_say_that_there_is_another_file(both: Reading) -> None:
    for name, own in ((GROUP, 0), (HEAD, 0), (CHAIR, 1)):
        code, other = both.codes[own], both.codes[1 - own]
        pages = [both.told(name, path) for path in LISTS]
        if name != HEAD:  # who leads the desk takes part in a case where a step is owed
            pages += [both.told(name, path.format(code)) for path in OF_CASE[:4]]
        assert not any(other in page or both.names[1 - own] in page for page in pages), name
        assert any(code in page for page in pages), name
    assert both.codes[0] not in both.told(CHAIR, OF_CASE[4].format(both.codes[1]))
    # The officer sees who looked at each, and on neither page that the two belong together.
    for own in (0, 1):
        assert both.codes[1 - own] not in both.told(OFFICER, OF_CASE[4].format(both.codes[own]))


def test_holds_are_those_of_files_of_the_own_body(both: Reading) -> None:
    kept = [both.hold(code) for code in both.codes]
    for name, own in ((HEAD, {0}), (CHAIR, {1}), (PREFECT, {0, 1}), (OFFICER, {0, 1})):
        page = both.told(name, "/holds")
        assert {at for at in (0, 1) if both.codes[at] in page} == own, name
        for at in (0, 1):
            client = both.by(name).client
            assert (client.get(f"/holds/{kept[at]}").status_code == 200) is (at in own), name
    with both.bodies.application.database.reading() as session:
        called = select(Incident.case_id, Incident.owner_role).where(Incident.key.like("hold:%"))
        expected = {both.ids[0]: "desk_head", both.ids[1]: "chair"}
        assert {row[0]: row[1] for row in session.execute(called)} == expected
    for name, other in ((HEAD, 1), (CHAIR, 0)):
        who = both.id_of(name)
        with pytest.raises(NotFoundError):
            hold.agree(both.bodies.application, kept[other], who)
        for code in (both.codes[other], NO_CASE):
            wanted = hold.Request(code, "legal_claim", "A 1", "A court may want it.")
            with pytest.raises(hold.HoldError, match="No case has this code"):
                hold.ask(both.bodies.application, who, wanted)


def test_request_for_access_is_searched_by_who_may_know_of_both_files(both: Reading) -> None:
    application = both.bodies.application
    with application.database.transaction() as session:
        known = session.scalars(select(Person).where(Person.case_id == both.ids[0])).one()
        wanted = disclosure.Request(
            relation="person",
            requester=known.name,
            contact="by letter",
            about_name=known.name,
            about_born=known.birth_date.isoformat() if known.birth_date else "",
            received_on=both.bodies.today.isoformat(),
        )
    asked = disclosure.register(application, both.id_of(OFFICER), wanted)
    means = next(iter(structure().profile.lists["disclosure_means"]))
    disclosure.identify(application, asked, both.id_of(OFFICER), means, "")
    with application.database.reading() as session:
        request = session.get_one(Disclosure, asked)
        for name, files in ((PREFECT, {0, 1}), (DESK, {0}), (CHAIR, {1})):
            me = both.bodies.named(session, name)
            found = {case.id for case in disclosure.matches(session, request, me)}
            assert found == {both.ids[at] for at in files}, name
            waits = bool(to_search(session, me, structure().profile))
            assert waits is (name == PREFECT), name
