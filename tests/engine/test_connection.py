"""Nothing goes over a network in the clear, and the other side proves its name (V12.3)."""

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from kombu import pools
from kombu.exceptions import OperationalError
from sqlalchemy import select

from engine import connection, due
from engine.errors import SettingsError
from engine.models import Job
from engine.settings import Settings, load_settings
from tasks.worker import make_ringer
from tests.conftest import make_settings
from tests.engine.authority import Authority
from tests.engine.desk import Desk
from tests.engine.test_mail import Relay

# -- what is refused before anything starts -------------------------------------------------------

VERIFIED = "sslmode=verify-full&sslrootcert=/etc/casetable/authority.pem"


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("casetable@127.0.0.1/casetable", True),
        ("casetable@localhost:5433/casetable", True),
        ("casetable@[::1]/casetable", True),
        ("casetable@/casetable?host=/var/run/postgresql", True),
        (f"casetable@db.example.org/casetable?{VERIFIED}", True),
        (f"casetable@/casetable?host=db1,db2&{VERIFIED}", True),
        ("casetable@db.example.org/casetable", False),
        ("casetable@10.0.0.7/casetable", False),
        ("casetable@db.example.org/casetable?sslmode=require", False),
        ("casetable@db.example.org/casetable?sslmode=verify-ca", False),
        ("casetable@db.example.org/casetable?sslmode=prefer", False),
        (f"casetable@db.example.org/casetable?{VERIFIED}&sslmode=disable", False),
        # What the library believes before the address.
        ("casetable@127.0.0.1/casetable?host=db.example.org", False),
        ("casetable@127.0.0.1/casetable?hostaddr=10.0.0.7", False),
        ("casetable@127.0.0.1/casetable?host=/run/pg,db.example.org", False),
        ("casetable@/casetable?service=elsewhere", False),
        ("casetable@/casetable", False),
        ("casetable@localhost.example.org/casetable", False),
        ("casetable@127.0.0.1.example.org/casetable", False),
    ],
)
def test_database_elsewhere_has_to_prove_its_name(address: str, is_taken: bool) -> None:
    assert (connection.wrong_with_database(f"postgresql+psycopg://{address}") == "") is is_taken


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("filesystem://", True),
        ("redis://127.0.0.1:6379/0", True),
        ("redis://:secret@localhost/1", True),
        ("redis+socket:///run/redis/redis.sock", True),
        ("amqp://guest:guest@[::1]//", True),
        ("rediss://:secret@broker.example.org:6380/0", True),
        ("amqps://name:secret@broker.example.org//", True),
        ("redis://broker.example.org/0", False),
        ("amqp://name:secret@10.0.0.7//", False),
        ("sentinel://10.0.0.7:26379", False),
        ("amqps://broker.example.org//;amqp://broker2.example.org//", False),
        ("rediss://broker.example.org/0?ssl_cert_reqs=none", False),
        ("rediss://127.0.0.1/0?ssl_check_hostname=false", False),
        ("amqps://broker.example.org//?ssl_cert_reqs=CERT_NONE", False),
    ],
)
def test_broker_elsewhere_has_to_be_encrypted(url: str, is_taken: bool) -> None:
    assert (connection.wrong_with_broker(url) == "") is is_taken


@pytest.mark.parametrize(
    ("host", "encryption", "is_taken"),
    [
        ("", "none", True),
        ("127.0.0.1", "none", True),
        ("localhost", "none", True),
        ("mail.example.org", "starttls", True),
        ("mail.example.org", "tls", True),
        ("mail.example.org", "none", False),
        ("10.0.0.7", "none", False),
    ],
)
def test_relay_elsewhere_has_to_be_encrypted(host: str, encryption: str, is_taken: bool) -> None:
    assert (connection.wrong_with_relay(host, encryption) == "") is is_taken


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("", True),
        ("/run/clamav/clamd.ctl", True),
        ("127.0.0.1:3310", True),
        ("[::1]:3310", True),
        ("scanner.example.org:3310", False),
    ],
)
def test_scanner_is_on_this_machine(address: str, is_taken: bool) -> None:
    assert (connection.wrong_with_scanner(address) == "") is is_taken


ELSEWHERE = {
    "CASETABLE_DATABASE_URL": "postgresql+psycopg://casetable@db.example.org/casetable",
    "CASETABLE_BROKER_URL": "redis://broker.example.org/0",
    "CASETABLE_MAIL_HOST": "mail.example.org",
    "CASETABLE_MAIL_ENCRYPTION": "none",
    "CASETABLE_VIRUS_SCANNER": "scanner.example.org:3310",
}


def test_production_names_every_connection_that_others_could_read(tmp_path: Path) -> None:
    production = {
        "CASETABLE_PRODUCTION": "yes",
        "CASETABLE_SECRET_KEY": "x" * 48,
        "CASETABLE_MASTER_KEY_FILE": str(tmp_path / "keys"),
        "CASETABLE_DATA_DIR": str(tmp_path),
    }
    with pytest.raises(SettingsError) as found:
        load_settings(production | ELSEWHERE)
    for name in ELSEWHERE.keys() - {"CASETABLE_MAIL_HOST"}:
        assert f"{name}: " in str(found.value)
    mended = ELSEWHERE | {
        "CASETABLE_DATABASE_URL": f"{ELSEWHERE['CASETABLE_DATABASE_URL']}?{VERIFIED}",
        "CASETABLE_BROKER_URL": "rediss://broker.example.org/0",
        "CASETABLE_MAIL_ENCRYPTION": "",
        "CASETABLE_VIRUS_SCANNER": "/run/clamav/clamd.ctl",
    }
    assert load_settings(production | mended).mail_encryption == "starttls"
    # A demonstration may do as it likes.
    assert load_settings({"CASETABLE_DATA_DIR": str(tmp_path)} | ELSEWHERE).mail_host


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_ENCRYPTION", "ssl"),
        ("MAIL_ENCRYPTION", "yes"),
        ("CA_FILE", "/nowhere/authority.pem"),
        ("VIRUS_SCANNER", "clamd"),
        ("VIRUS_SCANNER", "127.0.0.1:clamd"),
    ],
)
def test_setting_of_a_connection_that_is_unclear_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"CASETABLE_{name}: "):
        load_settings({f"CASETABLE_{name}": value})


# -- real servers with certificates of our own ----------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class _WithStartTls(Controller):
    """A relay that begins in the clear and can be asked to go on encrypted."""

    offered: ssl.SSLContext | None = None

    def factory(self) -> SMTP:
        return SMTP(self.handler, tls_context=self.offered, require_starttls=bool(self.offered))


@contextmanager
def relaying(way: str, context: ssl.SSLContext | None) -> Iterator[tuple[Relay, int]]:
    """Serve a relay on loopback: `tls` from the first byte, or `starttls` where it is offered."""
    handler, port = Relay(), _free_port()
    if way == "tls":
        controller: Controller = Controller(handler, "127.0.0.1", port, ssl_context=context)
    else:
        controller = _WithStartTls(handler, "127.0.0.1", port)
        controller.offered = context  # type: ignore[attr-defined]
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop()


def send(desk: Desk, authority: Authority | None, way: str, port: int) -> list[str]:
    """Open a case, of which two people are mailed; return what became of the mails."""
    desk.application.settings = replace(
        desk.application.settings,
        mail_host="localhost",
        mail_port=port,
        mail_encryption=way,
        ca_file=authority.file if authority else None,
    )
    desk.open()
    due.run_due(desk.application)
    with desk.application.database.reading() as session:
        return list(session.scalars(select(Job.state).where(Job.kind == "notice")))


@pytest.mark.parametrize("way", ["starttls", "tls"])
def test_mail_goes_encrypted_to_a_relay_that_proves_its_name(
    desk: Desk, authority: Authority, way: str
) -> None:
    with relaying(way, authority.served("localhost")) as (relay, port):
        assert send(desk, authority, way, port) == ["done"]
        assert len(relay.mails) == 2


@pytest.mark.parametrize("way", ["starttls", "tls"])
@pytest.mark.parametrize("lie", ["another name", "over", "unknown authority", "machine's list"])
def test_mail_waits_while_the_relay_does_not_prove_its_name(
    desk: Desk, authority: Authority, tmp_path: Path, way: str, lie: str
) -> None:
    stranger = Authority(tmp_path, "somebody else")
    served = {
        "another name": lambda: authority.served("relay.example.org"),
        "over": lambda: authority.served("localhost", over=True),
        "unknown authority": lambda: stranger.served("localhost"),
        "machine's list": lambda: authority.served("localhost"),
    }[lie]()
    believed = None if lie == "machine's list" else authority
    with relaying(way, served) as (relay, port):
        assert send(desk, believed, way, port) == ["waiting"]
        assert relay.mails == []


def test_mail_is_never_sent_in_the_clear_when_encryption_is_not_offered(
    desk: Desk, authority: Authority
) -> None:
    """Whoever sits in between takes the offer out of the relay's answer."""
    with relaying("starttls", None) as (relay, port):
        assert send(desk, authority, "starttls", port) == ["waiting"]
        assert relay.mails == []
    with relaying("starttls", authority.served("localhost")) as (relay, port):
        assert relay.mails == []
        desk.application.settings = replace(desk.application.settings, mail_port=port)
        desk.pass_time(minutes=2)
        assert len(relay.mails) == 2


# -- brokers -------------------------------------------------------------------------------------


def broker(tmp_path: Path, url: str, authority: Authority | None) -> Settings:
    found = make_settings(tmp_path, "sqlite://")
    return replace(found, broker_url=url, ca_file=authority.file if authority else None)


@contextmanager
def redis_with(certificate: tuple[Path, Path], folder: Path) -> Iterator[int]:
    """Run Redis with nothing but an encrypted port."""
    port = _free_port()
    options = {
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": str(certificate[0]),
        "tls-key-file": str(certificate[1]),
        "tls-auth-clients": "no",
        "bind": "127.0.0.1",
        "save": "",
        "dir": str(folder),
    }
    words = [part for name, value in options.items() for part in (f"--{name}", value)]
    with subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    ends_at = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < ends_at
            time.sleep(0.05)
        else:
            return


@pytest.mark.redis
@pytest.mark.skipif(not shutil.which("redis-server"), reason="Redis runs on another machine")
def test_bell_is_rung_through_an_encrypted_redis_that_proves_its_name(
    tmp_path: Path, authority: Authority
) -> None:
    with redis_with(authority.vouch("localhost"), tmp_path) as port:
        make_ringer(broker(tmp_path, f"rediss://localhost:{port}/0", authority))()
        # The library would give what is open already to whoever asks for the same address.
        pools.reset()
        for host, believed in (("localhost", None), ("127.0.0.1", authority)):
            ring = make_ringer(broker(tmp_path, f"rediss://{host}:{port}/0", believed))
            with pytest.raises(OperationalError):
                ring()


@contextmanager
def listening(context: ssl.SSLContext) -> Iterator[tuple[int, list[bytes]]]:
    """Take encrypted callers and write down the first words of each that goes on."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(line, server_side=True) as safe:
                        heard.append(safe.recv(8))
                except OSError:
                    heard.append(b"")

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1]), heard
        server.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=10)


def _ring_rabbit(settings: Settings) -> None:
    with pytest.raises(OperationalError):
        make_ringer(settings)()


def test_bell_is_not_rung_at_a_rabbit_of_another_name(tmp_path: Path, authority: Authority) -> None:
    """By itself the library would look at no name, and at no certificate of Redis at all."""
    amqp = b"AMQP\x00\x00\x09\x01"
    believed: tuple[Authority | None, ...] = (authority, None)
    for name, one, first_words in (
        ("127.0.0.1", believed[0], amqp),
        ("relay.example.org", believed[0], b""),
        ("127.0.0.1", believed[1], b""),
    ):
        with listening(authority.served(name)) as (port, heard):
            _ring_rabbit(broker(tmp_path, f"amqps://127.0.0.1:{port}//", one))
            assert heard[0] == first_words, (name, one)
