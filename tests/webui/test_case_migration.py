"""A process owner plans, carries out and brings back a move, and learns nothing of a case."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from engine import due
from engine.commandline import casetable
from engine.demo import PASSWORD
from engine.models import Case, Incident, MigrationRun, WebSession
from tests.engine.moving import House
from tests.webui.site import Site, Visitor
from tests.webui.story import tell
from webui.identity import wall_clock

ANALYSIS = ("intake_to_multi_agency", "analysis_to_plan")
ADDRESS = "/workshop/migration"


@pytest.fixture
def house(site: Site) -> House:
    return House(site.application)


def without_conference(house: House) -> str:
    sheet = house.sheet("case_analysis.bpmn")
    sheet.take_out(sheet.named("plan_case_conference"))
    return house.edited("case_analysis.bpmn", sheet)


def worked(house: House) -> None:
    """Let a worker do what it owes, as it does by itself within seconds."""
    due.run_due(house.application)


def asked(owner: Visitor, old: str, new: str, **places: str) -> str:
    chosen = {f"place:{key}": value for key, value in places.items()}
    answer = owner.post(ADDRESS, {"old": old, "new": new, **chosen})
    assert answer.status_code == 302, owner.text()
    return answer.headers["Location"]


def rows(visitor: Visitor) -> list[str]:
    assert visitor.page is not None
    return [" ".join(row.text_content().split()) for row in visitor.page.xpath("//main//tbody/tr")]


def codes(site: Site) -> list[str]:
    with site.application.database.reading() as session:
        return list(session.scalars(select(Case.code)))


def test_owner_sees_what_would_happen_and_moves_the_cases(site: Site, house: House) -> None:
    going = [tell(site, "intake_to_multi_agency", until="decide_route") for _ in range(3)]
    staying = tell(site, *ANALYSIS, until="plan_case_conference")
    new, owner = without_conference(house), site.visit("owner.olga")
    assert "Plan a move" in (owner.get(ADDRESS), owner.text())[1]
    page = asked(owner, house.shipped.id, new)
    owner.get(page)
    assert "is being planned" in owner.text()
    worked(house)
    owner.get(page)
    plan = rows(owner)
    assert any(row.startswith("Decide the route 3 moves by itself") for row in plan), plan
    assert any("fewer than 3 needs a place" in row for row in plan), plan
    assert "At least 4 in all" in owner.text()
    for code in codes(site):
        assert code not in owner.text()
    owner.post(f"{page}/begin")
    assert house.instance(going[0]).deployment_id == house.shipped.id
    worked(house)
    owner.get(page)
    assert any(row.startswith("Decide the route 3 moved") for row in rows(owner)), rows(owner)
    assert {house.instance(case).deployment_id for case in going} == {new}
    assert house.instance(staying).deployment_id == house.shipped.id
    _case_tells(site, going[0], staying)
    again = asked(owner, house.shipped.id, new, plan_case_conference="hold_case_conference")
    worked(house)
    owner.post(f"{again}/begin")
    worked(house)
    assert "hold_case_conference" in house.items(staying)
    back = owner.post(f"{page}/revert").headers["Location"]
    worked(house)
    owner.get(back)
    assert any(row.startswith("Decide the route 3 moved") for row in rows(owner)), rows(owner)
    assert {house.instance(case).deployment_id for case in going} == {house.shipped.id}


def _case_tells(site: Site, moved: Case, stayed: Case) -> None:
    """A coordinator of the case reads that it was moved; the head of the desk why one was not."""
    chair = site.visit("chair.clara")
    chair.get(f"/cases/{moved.code}/timeline")
    assert "Goes on under another version of the process" in chair.text()
    assert "Olga Prins" in chair.text()
    head = site.visit("head.greta")
    head.get("/incidents")
    assert "This case stays on its version of the process" in head.text()
    with site.application.database.reading() as session:
        incident = session.scalars(select(Incident).where(Incident.case_id == stayed.id)).one()
    assert incident.state != "resolved"


@pytest.mark.parametrize("username", ["chair.clara", "operator.otto", "privacy.paula", None])
def test_page_is_there_for_process_owners_alone(
    site: Site, house: House, username: str | None
) -> None:
    run = asked(site.visit("owner.olga"), house.shipped.id, without_conference(house))
    other = site.visit(username)
    for path in (ADDRESS, run, f"{run}/begin", f"{run}/revert"):
        refused = other.post(path) if path.endswith(("begin", "revert")) else other.get(path)
        assert refused.status_code == (302 if username is None else 404), path
    with site.application.database.reading() as session:
        assert session.scalars(select(MigrationRun)).unique().one().state == "planning"


def test_moving_asks_for_a_fresh_password(site: Site, house: House) -> None:
    owner = site.visit("owner.olga")
    page = asked(owner, house.shipped.id, without_conference(house))
    worked(house)
    with site.application.database.transaction() as session:
        session.execute(update(WebSession).values(confirmed_at=wall_clock() - timedelta(hours=1)))
    for deed in ("begin", "revert"):
        answer = owner.post(f"{page}/{deed}")
        assert answer.headers["Location"] == f"/confirm?next={ADDRESS}"
    assert house.run(UUID(page.rpartition("/")[2])).state == "planned"


def test_wrong_choice_is_told_in_words(site: Site, house: House) -> None:
    owner = site.visit("owner.olga")
    without_conference(house)
    answer = owner.post(ADDRESS, {"old": house.shipped.id, "new": house.shipped.id})
    assert answer.status_code == 422
    assert "already" in owner.text()
    answer = owner.post(ADDRESS, {"old": house.shipped.id, "new": "0" * 64})
    assert answer.status_code == 422
    assert owner.get(f"{ADDRESS}/00000000-0000-4000-8000-000000000000").status_code == 404


def test_run_that_is_over_is_not_begun_again(site: Site, house: House) -> None:
    tell(site, "intake_to_multi_agency", until="decide_route")
    owner = site.visit("owner.olga")
    page = asked(owner, house.shipped.id, without_conference(house))
    for _ in range(2):
        worked(house)
        owner.post(f"{page}/begin")
    owner.get(page)
    assert "under way or over" in owner.text()
    assert "fewer than 3" in rows(owner)[0]


def test_command_plans_moves_and_brings_back(
    site: Site, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = tell(site, "intake_to_multi_agency", until="decide_route")
    new = without_conference(house)
    monkeypatch.setattr("engine.application.open_application", lambda: site.application)

    def said(*arguments: str, code: int = 0) -> str:
        answer = CliRunner().invoke(casetable, ["migrate", *arguments], input=f"{PASSWORD}\n")
        assert answer.exit_code == code, answer.output
        return answer.output

    way = ("--from", house.shipped.id[:10], "--to", new[:10], "--by", "owner.olga")
    assert "moves         1  Decide the route" in said(*way, "--plan")
    assert house.instance(case).deployment_id == house.shipped.id
    done = said(*way, "--run")
    assert "1 case in 1 groups." in done
    assert house.instance(case).deployment_id == new
    assert case.code not in done
    run_id = next(line for line in done.splitlines() if line.startswith("Run "))[4:]
    said("--revert", run_id, "--by", "owner.olga")
    assert house.instance(case).deployment_id == house.shipped.id
    assert _refused(way[:4], "--by", "chair.clara") == "is no process owner"
    assert _refused(("--from", "zzz", "--to", new[:10]), "--by", "owner.olga") == "no version"
    assert _refused(way, typed="somebody else") == "do not fit"


def _refused(way: tuple[str, ...], *more: str, typed: str = PASSWORD) -> str:
    answer: Any = CliRunner().invoke(casetable, ["migrate", *way, *more], input=f"{typed}\n")
    told = str(answer.exception)
    known = ("is no process owner", "no version", "do not fit")
    return next(words for words in known if words in told)
