"""Log lines: one JSON object each, listed keys alone, an id and an instant in UTC (S18)."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from engine import log
from engine.application import Application
from webui.application import create_app

CANARY = "Canary-8d1f"


@pytest.fixture(autouse=True)
def _configured() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    log.configure()
    yield
    logging.root.handlers[:], logging.root.level = handlers, level
    structlog.reset_defaults()


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.split("\n") if line]


def test_line_that_is_logged_is_one_line_whatever_it_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @given(st.text())
    def say(text: str) -> None:
        structlog.get_logger().error(text, error=text, id=text)
        lines = [line for line in _lines(capsys) if "logger" not in line]
        assert [line["event"] for line in lines] == [text]

    say()


def test_line_has_an_instant_in_utc_and_listed_keys_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    structlog.get_logger().warning("job_failed", job="7", answer=CANARY, person=CANARY)
    (line,) = _lines(capsys)
    assert set(line) == {"event", "job", "level", "request_id", "time"}
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta()


def test_message_of_a_library_is_kept_without_its_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    library = logging.getLogger("some.library")
    library.warning("cannot read %s", CANARY)
    library.error(f"cannot read {CANARY}")
    try:
        int(CANARY)
    except ValueError:
        library.exception("it failed for %s", CANARY)
    first, second, third = _lines(capsys)
    assert first["event"] == "cannot read %s"
    assert second["event"] == "library message"
    assert third["error"] == "ValueError"
    assert CANARY not in json.dumps([first, second, third])


def _failing(application: Application) -> Flask:
    from webui import guard

    app = create_app(application)

    def fail() -> str:
        raise RuntimeError(CANARY)

    app.add_url_rule("/fail", "fail", guard.public(fail))
    return app


def test_failed_request_is_logged_with_the_id_that_the_person_sees(
    application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    client = _failing(application).test_client()
    answers = [client.get(f"/fail?q={CANARY}%0d%0aforged", headers={"X-A": CANARY}) for _ in "ab"]
    lines = _lines(capsys)
    assert [line["event"] for line in lines] == ["request failed"] * 2
    assert [line["request_id"] for line in lines] == [
        answer.headers["X-Request-Id"] for answer in answers
    ]
    assert CANARY not in json.dumps(lines)


def test_background_work_has_an_id_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with log.named_run():
            structlog.get_logger().warning("one")
            structlog.get_logger().warning("two")
    ids = [line["request_id"] for line in _lines(capsys)]
    assert ids[0] == ids[1] != ids[2] == ids[3]
