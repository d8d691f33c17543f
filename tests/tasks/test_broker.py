"""The embedded broker: whole messages or none, whatever two processes do at once (R3)."""

import subprocess
import sys
import time
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

TRANSPORT = "tasks.broker:Transport"


def _connection(folder: Path) -> Connection:
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder)}
    options |= {"control_folder": str(folder / "control")}
    (folder / "control").mkdir(exist_ok=True)
    return Connection("filesystem://", transport=TRANSPORT, transport_options=options)


def _take(connection: Connection) -> Any:
    return connection.default_channel._get("ring")


def test_message_arrives_once_and_in_order(tmp_path: Path) -> None:
    with _connection(tmp_path) as connection:
        for number in range(5):
            connection.default_channel._put("ring", {"body": number})
        assert [_take(connection)["body"] for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(Empty):
            _take(connection)
    assert [path.name for path in tmp_path.iterdir()] == ["control"]


def test_message_of_another_queue_stays(tmp_path: Path) -> None:
    with _connection(tmp_path) as connection:
        connection.default_channel._put("other", {"body": 1})
        with pytest.raises(Empty):
            _take(connection)
        assert connection.default_channel._get("other") == {"body": 1}


@pytest.mark.parametrize("left", [b"", b'{"body": ', b"\xff\xfe\x00"])
def test_unreadable_message_is_passed_over(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "1_x.ring.msg").write_bytes(left)
    with _connection(tmp_path) as connection:
        connection.default_channel._put("ring", {"body": "whole"})
        assert _take(connection) == {"body": "whole"}
        with pytest.raises(Empty):
            _take(connection)


def test_table_that_is_just_being_written_is_an_empty_one(tmp_path: Path) -> None:
    with _connection(tmp_path) as connection:
        (tmp_path / "control" / "casetable.exchange").write_text("")
        assert connection.default_channel.get_table("casetable") == []


SENDER = """
import sys
from pathlib import Path
from tests.tasks.test_broker import _connection
with _connection(Path(sys.argv[1])) as connection:
    for number in range(400):
        connection.default_channel._put("ring", {"body": sys.argv[2] + "-" + str(number)})
"""


def test_reader_beside_two_writers_meets_only_whole_messages(tmp_path: Path) -> None:
    senders = [
        subprocess.Popen([sys.executable, "-c", SENDER, str(tmp_path), name]) for name in "ab"
    ]
    seen: list[str] = []
    with _connection(tmp_path) as connection:
        deadline = time.monotonic() + 60
        while len(seen) < 800 and time.monotonic() < deadline:
            try:
                seen.append(_take(connection)["body"])
            except Empty:
                time.sleep(0.001)
    assert [sender.wait() for sender in senders] == [0, 0]
    assert sorted(seen) == sorted(f"{name}-{number}" for name in "ab" for number in range(400))
