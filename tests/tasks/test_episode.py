"""How an episode begins and ends: who still sees the file, and for how long it is kept."""

from engine.models import AuditEntry, CaseMember, Person, ProcessInstance
from tests.tasks.casefile import Play, play


def active(world: Play) -> set[str]:
    return {row.function for row in world.rows(CaseMember) if row.until is None}


def test_open_file_counts_namesakes_and_tells_nothing_else() -> None:
    with play("intake_multi_agency", until=1) as world:
        world.do({"start": "signal_received"})
        opened = [row for row in world.rows(AuditEntry) if row.event == "case:file:open"]
    assert sorted(row.detail["duplicates"] for row in opened) == [0, 1]


def test_open_file_without_a_name_is_not_a_namesake() -> None:
    with play("intake_general_concern", until=1) as world:
        world.do({"start": "signal_received", "signal": {"about": {}}})
        opened = [row for row in world.rows(AuditEntry) if row.event == "case:file:open"]
        names = {row.name for row in world.rows(Person)}
    assert [row.detail["duplicates"] for row in opened] == [0, 0]
    assert names == {"Name not known"}


def test_open_file_survives_a_date_of_birth_that_is_none() -> None:
    with play("intake_general_concern", until=0) as world:
        about = {"name": "Person A", "birth_date": "about twenty", "school": "East"}
        assert world.do({"start": "signal_received", "signal": {"about": about}}) == []
        [person] = world.rows(Person)
    assert person.birth_date is None
    assert person.details == {"school": "East"}


def test_seal_file_ends_every_membership() -> None:
    with play("intake_unfounded", until=6) as world:
        assert world.case().state == "sealed"
        assert active(world) <= {"desk_head"}


def test_release_file_leaves_the_desk_alone_with_it() -> None:
    with play("intake_regular_care", until=5) as world:
        assert world.case().state == "ended"
        assert active(world) <= {"desk_head", "intake_desk"}
        assert str(world.case().erase_after) == "2026-02-14"


def test_end_episode_starts_one_retention_clock() -> None:
    with play("intake_transfer") as world:
        running = [row.process_id for row in world.rows(ProcessInstance) if row.status == "running"]
    assert running == ["retention"]
