"""All settings, read once from the environment; all problems are reported together."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from engine import connection
from engine.errors import SettingsError
from engine.masterkey import MasterKeys
from engine.place import place_of

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "CASETABLE_"
T = TypeVar("T")
MIN_KEY_LENGTH = 32
LEAST_JUDGING = 10
OIDC = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")


@dataclass(frozen=True)
class Provider:
    """The organisation's own sign-in (OpenID Connect), where one is set."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    second_factors: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Settings:
    """What an installation can set; the embedded default needs none of it."""

    data_dir: Path
    database_url: str
    broker_url: str
    """Celery's broker; `filesystem://` is the embedded default."""
    processes_dir: Path
    secret_key: str
    """Signs process states, receipts and the CSRF token."""
    production: bool
    demo: bool
    base_url: str
    proxies: int
    """How many reverse proxies stand in front of the pages; their addresses are not visitors."""
    profile: str
    mail_host: str
    """Empty: mails are written to `data_dir`/mail instead of being sent."""
    mail_port: int
    mail_from: str
    poll_seconds: float
    judge_seconds: int = 100
    """After so many seconds a piece of judging a set is ended (engine/workshop/aside.py)."""
    require_second_factor: bool = False
    """Whoever has no second factor is led to setting one up and can do nothing else (S9)."""
    require_security_key: bool = False
    """Codes of an app are not enough: whoever has no security key is led to adding one (S9)."""
    mail_encryption: str = connection.OPEN
    """How the relay is spoken to: `starttls`, `tls` from the first byte, or `none`."""
    ca_file: Path | None = None
    """Whose certificates are believed at relay and broker; empty: those that the machine trusts."""
    virus_scanner: str = ""
    """ClamAV's socket path or `host:port`; empty: files of strangers are not scanned (V5.4.3)."""
    oidc_issuer: str = ""
    """Empty: nobody signs in by the organisation's own directory."""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_name: str = "your organisation"
    oidc_second_factor: frozenset[tuple[str, str]] = frozenset()
    """Claims (`acr` or `amr`, value) that prove a second factor at the provider."""
    owner_database_url: str = field(default="", repr=False)
    """By whom the tables are made and changed; empty: by whoever works (one machine)."""
    backup_database_url: str = field(default="", repr=False)
    """As whom a backup reads all rows, past the policies; empty: as whoever owns the tables."""
    metrics_dir: Path | None = None
    """Where the processes of a machine count for `casetable metrics`; empty: nothing is counted."""
    report_url: str = ""
    """The public page's own address; empty: it is served along with the other pages."""
    report_database_url: str = field(default="", repr=False)
    """As whom the public page adds rows there."""

    @property
    def provider(self) -> Provider | None:
        """The organisation's own sign-in, where one is set."""
        if not self.oidc_issuer:
            return None
        return Provider(
            self.oidc_issuer,
            self.oidc_client_id,
            self.oidc_client_secret,
            self.oidc_name,
            self.oidc_second_factor,
        )

    secret_key_file: Path | None = None
    """Where the secret key is read from, when it does not stand in the variable."""
    master_keys: str = ""
    """Lines `version:key`; empty: they stand in `master_key_file`."""
    master_key_file: Path | None = None
    """Where the master keys are; empty: in the data directory, made at the first start."""

    def open_master_keys(self) -> MasterKeys:
        """Return the keys under which the keys of cases are wrapped (S14)."""
        path = self.master_key_file or self.data_dir / "master_keys"
        return MasterKeys(text=self.master_keys, path=path, make=not self.production)

    @property
    def state_key(self) -> bytes:
        """The key under which process states are signed."""
        return b"state:" + self.secret_key.encode()

    @property
    def audit_key(self) -> bytes:
        """The key under which the audit trail is written; it never enters the database."""
        return b"audit:" + self.secret_key.encode()

    @property
    def index_key(self) -> bytes:
        """The key under which people are found again by name; it never enters the database."""
        return b"index:" + self.secret_key.encode()

    @property
    def account_key(self) -> bytes:
        """The key from which those of second factors, recovery codes and attempts are made."""
        return b"account:" + self.secret_key.encode()

    @property
    def report_key(self) -> bytes:
        """The key of receipt codes and of the challenges of the public page."""
        return b"report:" + self.secret_key.encode()


def _flag(text: str) -> bool:
    if text.lower() not in {"1", "0", "true", "false", "yes", "no"}:
        raise ValueError("give yes or no")
    return text.lower() in {"1", "true", "yes"}


def _judging(text: str) -> int:
    if not text.isdigit() or int(text) < LEAST_JUDGING:
        raise ValueError(f"give a number of seconds, at least {LEAST_JUDGING}")
    return int(text)


def _encryption(text: str) -> str:
    if text not in connection.ENCRYPTIONS:
        raise ValueError(f"give {', '.join(connection.ENCRYPTIONS[:-1])} or {connection.OPEN}")
    return text


def _scanner(text: str) -> str:
    if not text.startswith("/") and not text.rpartition(":")[2].isdecimal():
        raise ValueError("give the path of ClamAV's socket, or HOST:PORT")
    return text


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise ValueError("there is no such file")
    return Path(text)


def _content(file: Path | None) -> str:
    return file.read_text(encoding="utf-8").strip() if file else ""


def _claims(text: str) -> frozenset[tuple[str, str]]:
    found = [part.partition(":") for part in text.split()]
    if not all(kind in {"acr", "amr"} and value for kind, _, value in found):
        raise ValueError("give acr:VALUE or amr:VALUE, several with spaces between")
    return frozenset((kind, value) for kind, _, value in found)


def _wrong_with_provider(settings: Settings) -> list[str]:
    """Return what is wrong with the provider: half of what it needs is a mistake."""
    needed = {name: getattr(settings, name) for name in OIDC}
    if not any(needed.values()):
        return []
    missing = ", ".join(PREFIX + name.upper() for name, value in needed.items() if not value)
    problems = [f"{missing}: set it too, or leave out all of {PREFIX}OIDC_..."] if missing else []
    address = urlsplit(settings.oidc_issuer)
    if address.scheme != "https" and address.hostname not in {"127.0.0.1", "localhost"}:
        # Threat: whoever sits in between would say who signs in.
        problems.append(f"{PREFIX}OIDC_ISSUER: give an https address")
    return problems


def _wrong_with_connections(settings: Settings) -> list[str]:
    """Return which connections would be read along, or answered by somebody in between (V12.3)."""
    found = {
        "DATABASE_URL": connection.wrong_with_database(settings.database_url),
        "BROKER_URL": connection.wrong_with_broker(settings.broker_url),
        "MAIL_ENCRYPTION": connection.wrong_with_relay(
            settings.mail_host, settings.mail_encryption
        ),
        "VIRUS_SCANNER": connection.wrong_with_scanner(settings.virus_scanner),
    }
    if settings.backup_database_url:
        backups = connection.wrong_with_database(settings.backup_database_url)
        found["BACKUP_DATABASE_URL"] = backups
    return [f"{PREFIX}{name}: {wrong}" for name, wrong in found.items() if wrong]


def _wrong_with_report(settings: Settings) -> list[str]:
    """Return what is wrong with a public page of its own: half a separation is none (V3.5.4)."""
    if not settings.report_url:
        alone = settings.report_database_url
        return [f"{PREFIX}REPORT_URL: set it too, or leave out the other"] if alone else []
    problems = []
    own, others = urlsplit(settings.report_url), urlsplit(settings.base_url)
    if not own.hostname or own.scheme not in {"http", "https"}:
        problems.append(f"{PREFIX}REPORT_URL: give an address like https://report.example.org")
    elif own.hostname == others.hostname:
        # Threat: pages of one host read each other's cookies and send each other's requests.
        problems.append(f"{PREFIX}REPORT_URL: give another host name than that of BASE_URL")
    if settings.production and own.scheme != "https":
        problems.append(f"{PREFIX}REPORT_URL: production needs https")
    if settings.production and not settings.report_database_url:
        problems.append(f"{PREFIX}REPORT_DATABASE_URL: name the login that only adds reports")
    return problems


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raise SettingsError that lists every missing or wrong value."""
    given = dict(os.environ if environ is None else environ)
    problems: list[str] = []

    def read(name: str, convert: Callable[[str], T], default: T) -> T:
        text = given.get(PREFIX + name, "").strip()
        if not text:
            return default
        try:
            return convert(text)
        except ValueError as error:
            problems.append(f"{PREFIX}{name}: {error}")
            return default

    data_dir = read("DATA_DIR", Path, ROOT / "var")
    production = read("PRODUCTION", _flag, default=False)
    secret_key_file = read("SECRET_KEY_FILE", _file, None)
    secret_key = read("SECRET_KEY", str, "") or _content(secret_key_file)
    if production and len(secret_key) < MIN_KEY_LENGTH:
        problems.append(
            f"{PREFIX}SECRET_KEY: set at least {MIN_KEY_LENGTH} random characters for production"
        )
    database_url = read("DATABASE_URL", str, f"sqlite:///{data_dir / 'casetable.sqlite'}")
    if production and database_url.startswith("sqlite"):
        problems.append(f"{PREFIX}DATABASE_URL: production needs postgresql+psycopg://...")
    demo = read("DEMO", _flag, default=not production)
    keys_only = read("REQUIRE_SECURITY_KEY", _flag, default=False)
    mail_host = read("MAIL_HOST", str, "")
    settings = Settings(
        data_dir=data_dir,
        database_url=database_url,
        broker_url=read("BROKER_URL", str, "filesystem://"),
        processes_dir=read("PROCESSES_DIR", Path, ROOT / "processes"),
        secret_key=secret_key,
        secret_key_file=secret_key_file,
        production=production,
        demo=demo,
        base_url=read("BASE_URL", str, "http://127.0.0.1:8080"),
        proxies=read("PROXIES", int, 0),
        profile=read("PROFILE", str, "base"),
        mail_host=mail_host,
        mail_port=read("MAIL_PORT", int, 25),
        mail_from=read("MAIL_FROM", str, "casetable@localhost"),
        poll_seconds=read("POLL_SECONDS", float, 2.0),
        judge_seconds=read("JUDGE_SECONDS", _judging, 100),
        master_keys=read("MASTER_KEYS", str, ""),
        master_key_file=read("MASTER_KEY_FILE", Path, None),
        require_second_factor=read("REQUIRE_SECOND_FACTOR", _flag, default=not demo) or keys_only,
        require_security_key=keys_only,
        mail_encryption=read(
            "MAIL_ENCRYPTION", _encryption, connection.default_encryption(mail_host)
        ),
        ca_file=read("CA_FILE", _file, None),
        virus_scanner=read("VIRUS_SCANNER", _scanner, ""),
        oidc_issuer=read("OIDC_ISSUER", str, ""),
        oidc_client_id=read("OIDC_CLIENT_ID", str, ""),
        oidc_client_secret=read("OIDC_CLIENT_SECRET", str, ""),
        oidc_name=read("OIDC_NAME", str, "your organisation"),
        oidc_second_factor=read("OIDC_SECOND_FACTOR", _claims, frozenset()),
        owner_database_url=read("OWNER_DATABASE_URL", str, ""),
        backup_database_url=read("BACKUP_DATABASE_URL", str, ""),
        metrics_dir=read("METRICS_DIR", Path, None),
        report_url=read("REPORT_URL", str, "").rstrip("/"),
        report_database_url=read("REPORT_DATABASE_URL", str, ""),
    )
    problems += _wrong_with_provider(settings) + _wrong_with_report(settings)
    if settings.require_security_key and place_of(settings.base_url) is None:
        problems.append(
            f"{PREFIX}BASE_URL: security keys need https and a name instead of a number"
        )
    if production and not database_url.startswith("sqlite"):
        problems += _wrong_with_connections(settings)
    if production and not (settings.master_keys or settings.master_key_file):
        problems.append(
            f"{PREFIX}MASTER_KEY_FILE: name the file of master keys; "
            "`casetable key generate FILE` makes it"
        )
    if problems:
        raise SettingsError("Settings to mend: " + "; ".join(problems) + ".")
    return settings if secret_key else _with_kept_key(settings)


def _with_kept_key(settings: Settings) -> Settings:
    """Make a random key for the embedded default once and keep it beside the database.

    Without it every restart would refuse the stored process states.
    """
    from dataclasses import replace

    path = settings.data_dir / "secret_key"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass  # another process of the same installation was first
    return replace(settings, secret_key=path.read_text().strip())
