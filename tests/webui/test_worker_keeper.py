"""The worker beside the pages comes back by itself (P36: nothing waits unseen)."""

import sys
import time
from pathlib import Path

import pytest

from webui.worker_keeper import WorkerKeeper

PATIENCE = 20.0


def _until_lines(keeper: WorkerKeeper, file: Path, wanted: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        keeper.look()
        if file.exists() and len(file.read_text().splitlines()) >= wanted:
            break
        time.sleep(0.02)
    return len(file.read_text().splitlines())


def _worker(file: Path, then: str) -> list[str]:
    code = f"import time\nopen({str(file)!r}, 'a').write('started\\n')\n{then}"
    return [sys.executable, "-c", code]


def test_worker_that_ends_by_itself_is_started_again_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = WorkerKeeper(_worker(tmp_path / "starts", "raise SystemExit(1)"), first_pause=0.05)
    keeper.start()
    assert _until_lines(keeper, tmp_path / "starts", 3) >= 3
    keeper.stop()
    told = capsys.readouterr().err
    assert "started again in 0.05 s" in told
    assert "started again in 0.1 s" in told


def test_worker_that_runs_is_left_alone_and_ends_with_the_pages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = WorkerKeeper(_worker(tmp_path / "starts", "time.sleep(60)"), first_pause=0.01)
    keeper.start()
    assert _until_lines(keeper, tmp_path / "starts", 1) == 1
    for _ in range(20):
        keeper.look()
        time.sleep(0.01)
    keeper.stop()
    keeper.look()
    assert (tmp_path / "starts").read_text() == "started\n"
    assert "started again" in capsys.readouterr().err
