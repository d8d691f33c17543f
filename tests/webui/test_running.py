"""The rules are proved for cases that run, from where each stands and what it has done (L1-L12)."""

from collections.abc import Iterator

import orjson
from sqlalchemy import delete, update

from engine.models import Case, ProcessInstance, StepHistory
from engine.running import Together, prove_running
from engine.running_command import for_machines, told
from tests.webui.site import Site
from tests.webui.story import tell

TO_MONITORING = (
    "intake_to_multi_agency",
    "analysis_to_plan",
    "plan_to_implementation",
    "implementation_to_closure",
    "closure_to_monitoring",
)


def proved(site: Site) -> list[Together]:
    with site.application.database.reading() as session:
        return prove_running(site.application, session)


def broken(site: Site, case: Case) -> Iterator[str]:
    """Yield the rules that can still be broken in a case."""
    for together in proved(site):
        if case.code in together.codes:
            yield from (one.rule.id for one in together.proof.verdicts if not one.holds)


def change(site: Site, case: Case, element: str, **values: object) -> None:
    """Change what is recorded of a step, or take it away: as if it had never been done."""
    with site.application.database.transaction() as session:
        instance = session.query(ProcessInstance.id).filter_by(case_id=case.id)
        mine = (StepHistory.instance_id.in_(instance), StepHistory.element_id == element)
        made = update(StepHistory).values(**values) if values else delete(StepHistory)
        assert session.execute(made.where(*mine)).rowcount  # type: ignore[attr-defined]


def test_cases_that_stand_together_are_looked_at_once_and_keep_every_rule(site: Site) -> None:
    first, second = (tell(site, "intake_to_multi_agency", until="decide_route") for _ in range(2))
    further = tell(site, *TO_MONITORING)
    found = proved(site)
    codes = [sorted(one.codes) for one in found]
    assert sorted([first.code, second.code]) in codes
    assert [further.code] in codes
    assert all(one.proof.holds for one in found)
    route = next(one for one in found if first.code in one.codes)
    assert any("route" in place.lower() for place in route.places)


def test_case_without_the_agreement_on_record_cannot_close_any_more(site: Site) -> None:
    case = tell(site, *TO_MONITORING)
    assert list(broken(site, case)) == []
    change(site, case, "decide_closure")
    assert "L1" in list(broken(site, case))


def test_answer_that_was_not_noted_counts_as_not_given(site: Site) -> None:
    """A history from before the rule was there shows nothing: the need counts as not met."""
    case = tell(site, *TO_MONITORING)
    change(site, case, "decide_closure", told=None)
    assert "L1" in list(broken(site, case))


def test_path_that_breaks_a_rule_begins_where_the_case_stands(site: Site) -> None:
    case = tell(site, *TO_MONITORING)
    change(site, case, "decide_closure")
    together = next(one for one in proved(site) if case.code in one.codes)
    verdict = next(one for one in together.proof.verdicts if one.rule.id == "L1")
    path = verdict.violations[0].edges
    with site.application.database.reading() as session:
        profile = site.application.deployment(session).profile
    lines = told([together], {together.deployment_id: profile}).splitlines()
    assert lines[0].startswith("BROKEN")
    assert sum("Played through in the engine" in line for line in lines) > 0
    assert lines[-1] == "1 case in 1 place: 1 can break a rule."
    assert 0 < len(path) < 12, "the way from the start is longer"
    assert path[0].source == 0
    assert verdict.violations[0].unplayed == ""


def test_command_tells_where_the_running_cases_stand(site: Site) -> None:
    case = tell(site, "intake_to_multi_agency", until="decide_route")
    found = proved(site)
    with site.application.database.reading() as session:
        profile = site.application.deployment(session).profile
    profiles = dict.fromkeys((one.deployment_id for one in found), profile)
    lines = told(found, profiles).splitlines()
    assert lines[-1] == "1 case in 1 place: all rules hold from each."
    assert case.code in lines[0]
    assert lines[0].startswith("holds ")
    assert orjson.loads(for_machines(found))[0]["cases"] == [case.code]


def test_nothing_is_told_where_no_case_runs(site: Site) -> None:
    assert proved(site) == []
    assert told([], {}) == "No case runs."
