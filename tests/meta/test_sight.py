"""Who looks across cases, past the policies of the database, is a short list (S3)."""

import ast
import inspect

import pytest

from engine.models.fence import NEVER_DELEGATED, WATCHING
from engine.policy import NOT_DELEGATED, WATCHES_EMERGENCIES
from engine.settings import ROOT
from tests.meta.house import trees
from webui import views

ENGINE = {
    "engine/adaptation/fetching.py": "the command line; published profiles, no cases",
    "engine/agreement.py": "which case a request belongs to, before its deed is opened",
    "engine/attestation.py": "which case a part belongs to, before its deed is opened; the sweep",
    "engine/audit_command.py": "command line: verifying all chains",
    "engine/backup/proving.py": "command line: all chains, keys and states that came back",
    "engine/backup_command.py": "command line: how many mails wait since a restore",
    "engine/comparison_command.py": "command line: counts of cases that a change touches",
    "engine/demo.py": "command line: the demonstration",
    "engine/demo_cases.py": "command line: the demonstration",
    "engine/due.py": "worker: what is due",
    "engine/figures.py": "counts and ages for monitoring",
    "engine/health.py": "counts for the operator",
    "engine/invitation.py": "which case an invitation belongs to, before its deed is opened",
    "engine/job.py": "worker: jobs",
    "engine/key_command.py": "command line: the keys of all cases",
    "engine/leaving.py": "worker: parts of people whose account is gone",
    "engine/migrating/moving.py": "worker: proving a case before its lock is taken",
    "engine/migrating/run.py": "worker: which cases run on a version",
    "engine/printing.py": "which case a printing belongs to, before its deed is opened",
    "engine/reader_notice.py": "worker: the weekly word to each lead",
    "engine/running_command.py": "command line: where the running cases stand, by code alone",
    "engine/scenario_player.py": "scenarios, on a database of their own",
    "engine/second_person.py": "worker: whether what waits has somebody to agree now",
    "engine/staffing.py": "worker: whether each queue has two people",
    "engine/user_command.py": "command line: accounts",
    "engine/workshop/whereabouts.py": "process owners: counts of cases, small ones kept back",
    "tasks/worker.py": "worker: whether the chains are due to be sealed",
}
PAGES = {
    "webui/context.py": "the one door: by account, or across where a view says why",
    "webui/guard.py": "what was refused is recorded in its own case",
    "webui/views/protection.py": "the data-protection officer verifies all chains",
}
VIEWS = {
    "reader_report.show": "the lead of an organisation counts what its people opened",
    "attestation.show": "the lead of an organisation confirms parts in cases not read",
    "readership.mine": "the own trail names cases that one reads no longer",
}
TOPICS = {
    "agreement": "the lead of an organisation agrees in cases not read",
    "disclosure": "a request for access reaches all cases of one person",
    "hold": "who sets holds does not read the files",
}


def _reads_across(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "reading"
        for node in ast.walk(tree)
    )


def test_modules_that_read_across_cases_are_named_with_their_reason() -> None:
    found = {name for name, tree in trees().items() if _reads_across(tree)}
    assert found == {*ENGINE, *PAGES}, (
        "a page reads by webui.context.reading(); what has to look across cases gets a reason here"
    )


def test_views_that_read_across_cases_are_few() -> None:
    found = {
        f"{topic.pages.name}.{name}"
        for topic in views.TOPICS
        for name, view in inspect.getmembers(topic, inspect.isfunction)
        if getattr(getattr(view, "casetable_permission", None), "across", "")
    }
    assert {name for name in found if name.partition(".")[0] not in TOPICS} == set(VIEWS)
    assert {name.partition(".")[0] for name in found} >= set(TOPICS)
    assert len(VIEWS) + len(PAGES) + len(TOPICS) <= 9


@pytest.mark.parametrize("source", ["database.reading()", "application().database.reading()"])
def test_watch_over_reading_sees_it_however_it_is_written(source: str) -> None:
    assert _reads_across(ast.parse(source))
    assert not _reads_across(ast.parse("database.reading_as(me); reading()"))


def test_rule_in_sql_names_the_roles_that_the_policy_names() -> None:
    assert set(NEVER_DELEGATED) == NOT_DELEGATED
    assert set(WATCHING) == WATCHES_EMERGENCIES
    source = (ROOT / "engine/models/sight.sql").read_text(encoding="utf-8")
    for name in ("{outside}", "{barring}", "{never}", "{watches}"):
        assert name in source
