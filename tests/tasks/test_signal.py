"""What the intake records: the source is shielded, the evidence against kept, the route signed."""

from engine.models import (
    Assessment,
    CaseLink,
    Decision,
    InformationGap,
    Person,
    Signal,
    SignalSource,
)
from tests.tasks.casefile import play


def test_source_check_keeps_the_source_out_of_the_case_file() -> None:
    with play("intake_unfounded", until=2) as world:
        [check] = world.rows(Assessment)
        [source] = world.rows(SignalSource)
    assert check.kind == "source"
    assert check.details["conflict_behind"] == "yes"
    assert "A neighbour" not in str(check.details)
    assert "Revenge" not in str(check.details)
    assert source.said["source_identity"] == "A neighbour"


def test_assessment_keeps_what_speaks_against_it() -> None:
    with play("intake_multi_agency") as world:
        found = next(row for row in world.rows(Assessment) if row.kind == "signal")
        [person] = world.rows(Person)
    assert found.evidence_against.startswith("Is a good pupil")
    assert found.by_id is not None
    assert "Person A" not in str(found.details)
    assert (person.name, str(person.birth_date)) == ("Person A", "1998-03-14")


def test_assessment_lets_the_date_of_birth_decide_the_age() -> None:
    with play("intake_child_protection", until=3) as world:
        [person] = world.rows(Person)
    assert person.details["age_group"] == "minor"


def test_route_keeps_the_proposal_beside_the_decision() -> None:
    with play("intake_transfer_refused") as world:
        first, second = sorted(world.rows(Decision), key=lambda row: row.at)
    assert (first.proposed, first.outcome) == ("transferred", "transferred")
    assert (second.proposed, second.outcome) == ("transferred", "multi_agency")
    assert second.reasons


def test_route_is_not_decided_by_whoever_took_in_the_report() -> None:
    with play("intake_multi_agency", until=3) as world:
        chair = world._account("chair.clara")
        with world.application.database.transaction() as session:
            signal = session.get_one(Signal, world.rows(Signal)[0].id)
            signal.received_by_id = chair.id
        problems = world.do(
            {
                "do": "decide_route",
                "as": "chair.clara",
                "answers": {
                    "enough_information": "yes",
                    "route": "unfounded",
                    "deviation": "x",
                    "reasons": "x",
                },
            }
        )
    assert problems == ["You took in this report, so somebody else decides on its route."]


def test_information_records_what_stays_unknown() -> None:
    with play("intake_more_information", until=6) as world:
        gaps = {row.state: row for row in world.rows(InformationGap)}
    assert gaps["answered"].answer == "Comes late since summer."
    assert gaps["not_known"].question == "Why."


def test_assessment_begins_a_further_round_with_the_last_words() -> None:
    with play("intake_more_information", until=6) as world:
        [item] = world._open_items("assess_signal")
        _, filled = world._prepare(item, "intake.anna")
    assert filled["observed"] == "Changed a lot in a few months."
    assert filled["person_name"] == "Person A"


def test_arrival_links_no_case_of_which_one_is_not_a_member() -> None:
    with play("intake_release", until=2) as world:
        first = world.case()
        world.do({"start": "returnee_announced"})
        world.do(
            {
                "do": "check_source",
                "answers": {
                    "first_hand": "yes",
                    "source_reliability": "reliable",
                    "conflict_behind": "no",
                    "source_summary": "x",
                },
            }
        )
        answers = {
            "age_group": "adult",
            "announced_by": "x",
            "announcement_confirmed": "yes",
            "circumstances": "x",
            "consent_possible": "yes",
            "urgency": "normal",
            "linked_cases": f" {first.code.lower()}, XXXX-XXXX",
        }
        assert world.do({"do": "register_arrival", "answers": answers}) == []
        [link] = world.rows(CaseLink)
    assert link.other_case_id == first.id
