"""Files of strangers are shown to ClamAV; what it knows or could not see is refused (V5.4.3)."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import func, select

from engine import health, virus
from engine.attachment import AttachmentError, rewrite_all
from engine.models import ReportAttachment, Signal
from engine.virus import ScannerAwayError, is_harmful
from tests.webui.reporting import WORRY, Desk, Reporter
from tests.webui.scanner import EICAR, Scanner, served
from tests.webui.site import Site
from tests.webui.test_attachment import in_the_open, pdf_with_everything, picture


@pytest.fixture(params=["socket", "port"])
def scanner(request: pytest.FixtureRequest) -> Iterator[Scanner]:
    with served(tcp=request.param == "port") as found:
        yield found


def use(site: Site, address: str) -> None:
    site.application.settings = replace(site.application.settings, virus_scanner=address)


def kept(site: Site) -> tuple[int, int]:
    """Return how many reports and how many files there are."""
    with site.application.database.reading() as session:
        counts = [
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Signal, ReportAttachment)
        ]
    return counts[0], counts[1]


def refusal(files: list[tuple[str, bytes]], address: str) -> str:
    with pytest.raises(AttachmentError) as found:
        rewrite_all(files, address)
    return str(found.value)


# -- the protocol --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, virus.CHUNK - 1, virus.CHUNK, virus.CHUNK + 1, 8_000_000])
def test_scanner_sees_every_byte(scanner: Scanner, size: int) -> None:
    content = os.urandom(size)
    assert not is_harmful(scanner.address, content)
    assert scanner.seen == [content]


def test_scanner_knows_the_test_file_wherever_it_stands(scanner: Scanner) -> None:
    for content in (EICAR, b"words " * 20_000 + EICAR, EICAR + bytes(200_000)):
        assert is_harmful(scanner.address, content)
    assert not is_harmful(scanner.address, EICAR[:-1])


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"\0",
        b"OK\0",
        b"stream: \0",
        b"stream: ok\0",
        b"stream: OK ERROR\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"\xff\xfe\0",
        b"x" * 5000,
    ],
)
def test_word_that_is_not_clear_is_no_leave(says: bytes) -> None:
    with served() as scanner:
        scanner.says = says
        with pytest.raises(ScannerAwayError):
            is_harmful(scanner.address, b"words")
        assert "cannot be looked at for viruses now" in refusal([("a", b"words")], scanner.address)


@pytest.mark.parametrize("address", ["/nowhere/clamd.ctl", "127.0.0.1:9", "no.such.host.invalid:1"])
def test_scanner_that_is_away_lets_nothing_through(address: str) -> None:
    assert not virus.answers(address)
    assert "cannot be looked at for viruses now" in refusal([("a", b"words")], address)


def test_scanner_that_is_silent_is_waited_for_so_long_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(virus._ask, "__defaults__", (0.3,))
    with served() as scanner:
        scanner.slow = Event()
        began = time.monotonic()
        with pytest.raises(ScannerAwayError):
            is_harmful(scanner.address, b"words")
        assert 0.25 < time.monotonic() - began < 5
        scanner.slow.set()


def test_scanner_sees_what_was_sent_and_not_what_is_kept(scanner: Scanner) -> None:
    """What hides beside a picture is taken out by us, and told by the scanner all the same."""
    sent = picture() + EICAR
    assert "carries a harmful program" in refusal([("a.jpg", sent)], scanner.address)
    assert scanner.seen == [sent]
    [clean] = rewrite_all([("a.jpg", sent)])
    assert EICAR not in clean.content


def test_second_file_is_looked_at_too(scanner: Scanner) -> None:
    files = [("a.txt", b"words"), ("b.txt", b"harmless"), ("c.txt", EICAR)]
    assert refusal(files, scanner.address).startswith("File 3 carries a harmful program")
    assert len(scanner.seen) == 3


# -- on the public page ---------------------------------------------------------------------------


def test_report_whose_file_is_harmful_keeps_its_words(
    site: Site, scanner: Scanner, capsys: pytest.CaptureFixture[str]
) -> None:
    use(site, scanner.address)
    reporter = Reporter(site)
    reporter.open("/report")
    harmful = [("holiday.txt", EICAR)]
    assert reporter.send("/report", WORRY, harmful).status_code == 422
    assert "File 1 carries a harmful program. Leave it out" in reporter.visitor.text()
    assert WORRY["text"] in reporter.visitor.text()
    assert kept(site) == (0, 0)
    assert reporter.send("/report", WORRY, [("notes.txt", b"words")]).status_code == 302
    assert kept(site) == (1, 1)
    logged = capsys.readouterr()
    assert "Eicar" not in logged.out + logged.err
    assert "holiday" not in logged.out + logged.err


def test_report_is_taken_without_its_file_while_the_scanner_is_away(site: Site) -> None:
    use(site, "/nowhere/clamd.ctl")
    reporter = Reporter(site)
    reporter.open("/report")
    assert reporter.send("/report", WORRY, [("notes.txt", b"words")]).status_code == 422
    assert "cannot be looked at for viruses now. Leave it out" in reporter.visitor.text()
    assert WORRY["text"] in reporter.visitor.text()
    assert kept(site) == (0, 0)
    assert reporter.send("/report", WORRY).status_code == 302
    assert kept(site) == (1, 0)


def test_file_of_an_answer_to_the_desk_is_looked_at_too(site: Site, scanner: Scanner) -> None:
    use(site, scanner.address)
    reporter = Reporter(site)
    code = reporter.report()
    Desk(site).ask("Do you have a photograph?")
    assert "Do you have a photograph?" in reporter.look(code)
    assert reporter.answer(code, "Here it is.", [("a.txt", EICAR)]).status_code == 422
    assert "carries a harmful program" in reporter.visitor.text()
    assert kept(site) == (1, 0)


def test_health_says_whether_files_can_be_taken(site: Site) -> None:
    assert health.look(site.application)["virus_scanner"] == "not set"
    with served() as scanner:
        use(site, scanner.address)
        assert health.look(site.application)["virus_scanner"] == "answers"
    assert health.look(site.application)["virus_scanner"] == "away"


# -- the real one ---------------------------------------------------------------------------------

CLAMD = shutil.which("clamd") or "/usr/sbin/clamd"


@pytest.mark.clamav
def test_clamd_itself_knows_the_test_file(tmp_path: Path) -> None:
    """The daemon with one signature of our own: its list of real ones comes from a network."""
    signatures = tmp_path / "signatures"
    signatures.mkdir()
    (signatures / "eicar.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
    (tmp_path / "conf").write_text(
        f"LocalSocket {tmp_path}/clamd\nDatabaseDirectory {signatures}\nForeground yes\n"
        f"LogFile {tmp_path}/log\nStreamMaxLength 1M\nUser {os.environ.get('USER', 'root')}\n"
    )
    with subprocess.Popen([CLAMD, "--config-file", str(tmp_path / "conf")]) as daemon:
        try:
            address = str(tmp_path / "clamd")
            ends_at = time.monotonic() + 60
            while not virus.answers(address):
                assert time.monotonic() < ends_at, (tmp_path / "log").read_text()
                time.sleep(0.1)
            assert is_harmful(address, EICAR)
            assert not is_harmful(address, b"words")
            assert not is_harmful(address, in_the_open(pdf_with_everything(picture())))
            with pytest.raises(ScannerAwayError):
                is_harmful(address, bytes(2_000_000))
        finally:
            daemon.terminate()
