"""Process owners look at profiles, compare them, and begin a new one."""

import csv
import io
import tomllib
import zipfile
from uuid import UUID

import pytest

from engine.adaptation import selfcheck
from engine.adaptation.outline import outline
from engine.deployment import ResolvedDeployment, resolve
from engine.settings import ROOT
from engine.workshop import draft as drafts
from tests.meta.house import shipped
from tests.webui.site import Site

NEW = {
    "inherits": "base",
    "code": "rivertown",
    "name": "Rivertown",
    "language": "en",
    "time_zone": "UTC",
    "role-accountable_person": "Prefect",
    "terms": "action plan = support plan",
    "value-consent": "before_support",
    "value-age_of_majority": "21",
    "value-monitoring_interval": "P3M",
    "source": "Council decision 7",
}


def test_profile_shows_its_sixteen_answers_before_its_values(site: Site) -> None:
    olga = site.visit("owner.olga")
    olga.get("/profiles")
    assert "in force" in olga.text()
    olga.get("/profiles/base")
    told = olga.text()
    assert told.index("Who receives a concern") < told.index("monitoring_interval")
    assert olga.page is not None
    assert not olga.page.xpath("//*[@id='different']"), "nothing lies under the base"
    assert olga.get("/profiles/..").status_code == 404
    assert olga.get("/profiles/nowhere").status_code == 404


def test_profile_tells_first_what_is_different_and_leads_to_each_section(site: Site) -> None:
    olga = site.visit("owner.olga")
    olga.get("/profiles/nl")
    assert olga.page is not None
    different = olga.page.xpath("//section[@aria-labelledby='different']")[0].text_content()
    for words in ("Follow the advice or not", "Weighing team", "weighing_rhythm", "P21D"):
        assert words in different
    assert "retention_prolongation" not in different
    told = olga.text()
    assert told.index("Steps of its own") < told.index("monitoring_interval")
    places = olga.page.xpath("//nav[@aria-labelledby='contents']//a/@href")
    assert len(places) > 10
    for place in places:
        assert olga.page.xpath(f"//*[@id='{place[1:]}']"), place


def test_every_value_stands_in_one_subject() -> None:
    deployment = resolve(ROOT / "processes", "nl")
    found = outline(deployment, deployment.profile, None, str)
    names = [value.name for subject in found.subjects for value in subject.values]
    assert sorted(names) == sorted(deployment.profile.parameters)
    places = {value.name: one.code for one in found.subjects for value in one.values}
    assert (places["retention_duration"], places["disclosure_retention"]) == ("files", "access")
    assert (places["opinion_deadline"], places["contribution_deadline"]) == ("closing", "deadlines")
    assert dict(found.own_sources + found.inherited_sources).keys() == {
        entry.source
        for entries in (deployment.profile.parameters, deployment.profile.structure)
        for entry in entries.values()
    }


def test_self_check_answers_every_wish_and_is_there_as_a_file(site: Site) -> None:
    greta = site.visit("head.greta")
    greta.get("/profiles/base/self-check")
    assert greta.page is not None
    assert len(greta.page.xpath("//main//tbody/tr")) == 105
    greta.get("/profiles/base/self-check?status=leaves_out")
    left_out = greta.page.xpath("//main//tbody/tr/th/text()")
    assert 0 < len(left_out) < 105
    sent = greta.get("/profiles/base/self-check.csv").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(sent)))
    assert [row["code"] for row in rows] == [f"P{number}" for number in range(1, 106)]
    assert sum(row["status"] == "leaves_out" for row in rows) == len(left_out)


def test_table_for_a_spreadsheet_holds_no_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """V1.2.10: a profile comes from elsewhere, and a spreadsheet runs what begins like that."""
    cells = ('=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\t=1", 'a "quoted", one')
    hostile = [selfcheck.Row("P1", text, "fulfils", text, (text,), "base") for text in cells]
    monkeypatch.setattr(selfcheck, "rows", lambda _: hostile)
    found = list(csv.DictReader(io.StringIO(selfcheck.as_csv(shipped()))))
    assert [row["reason"] for row in found] == [*(f"'{text}" for text in cells[:-1]), cells[-1]]
    assert all(row["wish"] == row["by"] == row["reason"] for row in found)


@pytest.mark.parametrize("username", ["intake.anna", "police.peter", "operator.otto"])
def test_profiles_are_for_process_owners_and_the_head_of_the_desk(
    site: Site, username: str
) -> None:
    assert site.visit(username).get("/profiles").status_code == 404
    assert site.visit(username).get("/glossary").status_code == 200
    assert site.visit("head.greta").get("/profiles/new").status_code == 404


def test_new_profile_begins_as_a_draft_that_says_only_what_differs(site: Site) -> None:
    olga = site.visit("owner.olga")
    olga.get("/profiles/new")
    answer = olga.post("/profiles/new", NEW | {"do": "draft"})
    assert answer.status_code == 302
    draft_id = UUID(answer.location.rpartition("/")[2])
    with site.application.database.reading() as session:
        found = drafts.files(session, drafts.load(session, draft_id))
    own = tomllib.loads(found["profile.toml"].decode())
    assert own["values"] == {
        "consent": {"value": "before_support", "source": "Council decision 7"},
        "age_of_majority": {"value": 21, "source": "Council decision 7"},
    }
    profile = ResolvedDeployment(found).profile
    assert profile.role_name("accountable_person") == "Prefect"
    assert profile.values["monitoring_duration"] == "P1Y"
    olga.get(f"/workshop/drafts/{draft_id}")
    assert "Rivertown" in olga.text()


def test_new_profile_comes_as_a_folder(site: Site) -> None:
    sent = site.visit("owner.olga").post("/profiles/new", NEW | {"do": "folder"})
    with zipfile.ZipFile(io.BytesIO(sent.get_data())) as archive:
        assert archive.namelist() == ["rivertown/profile.toml"]
        assert tomllib.loads(archive.read("rivertown/profile.toml").decode())["terms"] == {
            "en": {"action plan": "support plan"}
        }


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("code", "base", "already"),
        ("code", "../base", "short name"),
        ("name", "", "profile a name"),
        ("time_zone", "Nowhere", "time zone"),
        ("value-age_of_majority", "many", "whole number"),
        ("value-monitoring_interval", "three months", "duration"),
        ("value-consent", "before-support", "no drawing, table or form knows"),
        ("terms", "no sign", "usual word = own word"),
    ],
)
def test_new_profile_says_which_answer_to_mend(
    site: Site, field: str, typed: str, says: str
) -> None:
    olga = site.visit("owner.olga")
    answer = olga.post("/profiles/new", NEW | {field: typed, "do": "draft"})
    assert answer.status_code == 422
    assert says in olga.text()
    assert olga.page is not None
    assert olga.page.xpath(f"//main//a[@href='#{field}']")


def test_two_profiles_stand_side_by_side(site: Site) -> None:
    olga = site.visit("owner.olga")
    olga.get("/profiles/compare?first=base&second=base")
    assert "are the same" in olga.text()


def test_glossary_stands_at_the_step_that_needs_it(site: Site) -> None:
    case = site.report()
    item = site.item(case, "check_source")
    anna = site.visit("intake.anna")
    anna.get(f"/work/{item.id}")
    assert "Do not overpromise" in anna.text()
    assert "Push factors" not in anna.text()
    anna.get("/glossary")
    assert "Push factors" in anna.text()
