"""A process owner compares two versions: words, marks on both drawings, and what follows."""

import json
from datetime import timedelta

import pytest

from engine.application import Application
from engine.deployment import ResolvedDeployment, publish
from engine.models import CurrentDeployment
from tests.webui.site import Site, Visitor
from tests.webui.story import tell

CLOSING = "closure_decision.bpmn"


def _published(application: Application) -> ResolvedDeployment:
    with application.database.reading() as session:
        return application.deployment(session)


def _publish(site: Site, path: str, *edits: tuple[str, str]) -> str:
    """Publish the current files with a text replaced in one of them; return the new id."""
    before = _published(site.application)
    text = before.files[path].decode()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    changed = ResolvedDeployment({**before.files, path: text.encode()})
    with site.application.database.transaction() as session:
        at = site.application.now(session) + timedelta(hours=1)
        return publish(session, changed, at=at, note="tried in a test")


def _marks(visitor: Visitor) -> list[dict[str, dict[str, str]]]:
    assert visitor.page is not None
    return [json.loads(found) for found in visitor.page.xpath("//@data-marks")]


@pytest.fixture
def renamed(site: Site) -> tuple[str, str]:
    before = _published(site.application).id
    return before, _publish(site, CLOSING, ('name="Decide on closing"', 'name="Decide now"'))


def test_owner_is_asked_which_versions_first(site: Site) -> None:
    olga = site.visit("owner.olga")
    assert olga.get("/workshop/compare").status_code == 200
    assert "Compare two versions" in olga.text()
    assert "What changes" not in olga.text()


def test_change_is_told_in_words_and_marked_on_both_drawings(
    site: Site, renamed: tuple[str, str]
) -> None:
    olga = site.visit("owner.olga")
    olga.get("/workshop/compare?before={}&after={}".format(*renamed))
    assert "Decide on closing" in olga.text()
    assert "Decide now" in olga.text()
    assert olga.page is not None
    links = olga.page.xpath("//main//a[@data-element='decide_closure']")
    assert links
    assert "element=decide_closure" in links[0].get("href")
    before, after = _marks(olga)
    assert before["decide_closure"] == after["decide_closure"]
    assert before["decide_closure"]["words"]
    drawings = olga.page.xpath("//@data-drawing-url")
    assert [olga.get(address).status_code for address in drawings] == [200, 200]
    assert b"Decide now" in olga.get(drawings[1]).data
    assert b"Decide now" not in olga.get(drawings[0]).data


def test_step_that_is_gone_is_marked_before_and_not_after(site: Site) -> None:
    before = _published(site.application).id
    after = _publish(
        site,
        CLOSING,
        ('"decide_closure"', '"decide_anew"'),
        (">decide_closure<", ">decide_anew<"),
        ('value="decide_anew"', 'value="decide_closure"'),
    )
    olga = site.visit("owner.olga")
    olga.get(f"/workshop/compare?before={before}&after={after}")
    old, new = _marks(olga)
    assert old["decide_closure"]["mark"] == "removed"
    assert new["decide_anew"]["mark"] == "added"
    assert "decide_anew" not in old
    assert "decide_closure" not in new


def test_same_version_says_that_nothing_changes(site: Site) -> None:
    key = _published(site.application).id
    olga = site.visit("owner.olga")
    olga.get(f"/workshop/compare?before={key}&after={key}")
    assert "No change: both sides say the same" in olga.text()
    assert "running cases" not in olga.text()


def test_rule_that_breaks_is_told_with_its_path(site: Site) -> None:
    before = _published(site.application).id
    lane = "<bpmn:flowNodeRef>care_wanted</bpmn:flowNodeRef>"
    own = "<bpmn:flowNodeRef>decide_closure</bpmn:flowNodeRef>"
    after = _publish(site, CLOSING, (own, ""), (lane, lane + own))
    olga = site.visit("owner.olga")
    address = f"/workshop/compare?before={before}&after={after}"
    olga.get(address)
    assert "BROKEN" not in olga.text()
    olga.get(f"{address}&rules=yes")
    assert "L1: No episode ends as closed" in olga.text()
    assert "This held and is now BROKEN" in olga.text()
    assert "Decide on closing" in " ".join(olga.page.xpath("//*[@class='workshop-path']//text()"))


def test_cases_on_what_changes_are_counted_from_three_on(site: Site) -> None:
    before = _published(site.application).id
    for _ in range(2):
        tell(site, "signal_to_route", until="decide_route")
    after = _publish(site, "signal_intake.bpmn", ("deadline_decide_route", "deadline_urgent"))
    olga = site.visit("owner.olga")
    address = f"/workshop/compare?before={before}&after={after}"
    olga.get(address)
    assert "Fewer than 3 cases run on this version" in olga.text()
    assert "Decide the route changes" not in olga.text()
    with site.application.database.transaction() as session:
        session.merge(CurrentDeployment(profile="base", deployment_id=before))
    tell(site, "signal_to_route", until="decide_route")
    olga.get(address)
    assert "3 cases run on this version" in olga.text()
    assert "Decide the route changes: 3" in olga.text()


def test_others_find_no_workshop(site: Site) -> None:
    key = _published(site.application).id
    for username in ("chair.clara", "operator.otto", "privacy.paula"):
        visitor = site.visit(username)
        missing = visitor.get("/nothing-here").status_code
        for address in ("/workshop/compare", f"/workshop/drawings/{key}/closure_decision.bpmn"):
            assert visitor.get(address).status_code == missing == 404


def test_unknown_version_is_not_found(site: Site) -> None:
    key = _published(site.application).id
    olga = site.visit("owner.olga")
    assert olga.get(f"/workshop/compare?before={key}&after={'0' * 64}").status_code == 404
    assert olga.get(f"/workshop/drawings/{key}/nothing.bpmn").status_code == 404
