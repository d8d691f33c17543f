"""What the web server itself says is a line of our log, without a visitor's address (S18)."""

import json

import pytest
from gunicorn.config import Config

from engine import log
from webui.serverlog import Lines


def test_server_says_what_is_wrong_and_not_who_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    lines = Lines(Config())
    lines.info("Starting gunicorn %s", "27")
    lines.warning("Invalid request from ip=%s: %s", "192.0.2.7", "GET /report/words")
    [line] = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["level"], told["logger"]) == ("warning", "gunicorn.error")
    assert "192.0.2.7" not in line
    assert "words" not in line
