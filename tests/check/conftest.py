"""A good small deployment, and the surroundings that it needs."""

from pathlib import Path

import pytest

from engine.check import CheckContext, OperatorFacts

GOOD = Path(__file__).parent / "good"


@pytest.fixture(scope="session", name="good_files")
def _good_files() -> dict[str, bytes]:
    return {
        path.relative_to(GOOD).as_posix(): path.read_bytes()
        for path in sorted(GOOD.rglob("*.*"))
        if path.is_file()
    }


@pytest.fixture(scope="session", name="context")
def _context() -> CheckContext:
    open_file = OperatorFacts(
        name="case/open_file",
        inputs={"source_reliable": "bool", "case_type": "str", "note": "str"},
        required=frozenset({"source_reliable", "case_type"}),
        outputs={"case_id": "str"},
    )
    record_check = OperatorFacts(
        name="source/record_check",
        inputs={"reliable": "bool", "source_note": "str"},
        required=frozenset({"reliable", "source_note"}),
        records_form=True,
    )
    record_answers = OperatorFacts(name="file/record_answers", records_form=True)
    return CheckContext(
        operators={facts.name: facts for facts in (open_file, record_check, record_answers)},
        roles=frozenset({"coordinator", "accountable"}),
        profile_values={"deadline_decide_route": "str"},
        start_data={"partners": "dict"},
    )
