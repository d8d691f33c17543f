"""Refuses connections to database, broker, mail relay and scanner that others could read (V12.3).

What runs on the same machine, or behind a socket of it, needs no encryption: whoever reads along
there has the machine. Everything else is encrypted, and the other side has to prove its name.
"""

import ssl
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

OPEN, STARTTLS, TLS = "none", "starttls", "tls"
ENCRYPTIONS = (STARTTLS, TLS, OPEN)
EMBEDDED = frozenset({"filesystem", "memory"})
SOCKETS = frozenset({"redis+socket"})
ENCRYPTED = frozenset({"rediss", "amqps"})
OLDEST = ssl.TLSVersion.TLSv1_2


def is_here(host: str) -> bool:
    """Say whether a host is this machine: a socket, `localhost` or a loopback address."""
    if host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def default_encryption(mail_host: str) -> str:
    """Return how a relay is spoken to where nobody has said it."""
    return OPEN if not mail_host or is_here(mail_host) else STARTTLS


def wrong_with_database(url: str) -> str:
    """Return why a database would be read along, empty when it would not."""
    try:
        address = make_url(url)
    except ArgumentError:
        return "give an address like postgresql+psycopg://casetable@127.0.0.1/casetable"
    query = {name: _all(value) for name, value in address.query.items()}
    if "service" in query:
        return "name the host in the address itself; a service file could lead anywhere"
    # Threat: PostgreSQL's library goes to `host` and `hostaddr` of the query before the address.
    hosts = [address.host or "", *query.get("host", []), *query.get("hostaddr", [])]
    named = [host for host in hosts if host]
    if not named:
        return "name the host, or the folder of the socket as ?host=/var/run/postgresql"
    if all(is_here(_without_port(host)) for host in named):
        return ""
    if query.get("sslmode") == ["verify-full"]:
        return ""
    return (
        "the database is on another machine; add ?sslmode=verify-full&sslrootcert=FILE "
        "with the certificate of whoever signed the server's"
    )


def _without_port(host: str) -> str:
    return host.partition(":")[0] if host.count(":") == 1 else host


def _all(value: str | tuple[str, ...]) -> list[str]:
    parts = (value,) if isinstance(value, str) else value
    return [one for part in parts for one in part.split(",")]


def wrong_with_broker(urls: str) -> str:
    """Return why a broker would be read along, empty when it would not."""
    for url in urls.split(";"):
        address = urlsplit(url)
        loosened = sorted(
            name for name, _ in parse_qsl(address.query) if name.startswith(("ssl", "server_host"))
        )
        if loosened:
            # Threat: such a word in the address switches the look at the certificate off.
            return f"leave {', '.join(loosened)} out; CASETABLE_CA_FILE says who is trusted"
        if address.scheme in EMBEDDED | SOCKETS | ENCRYPTED:
            continue
        if not is_here(address.hostname or ""):
            return "the broker is on another machine; give rediss://... or amqps://..."
    return ""


def wrong_with_relay(host: str, encryption: str) -> str:
    """Return why mails would be read along on the way to the relay, empty when not."""
    if host and encryption == OPEN and not is_here(host):
        return "the mail relay is on another machine; give starttls or tls"
    return ""


def wrong_with_scanner(address: str) -> str:
    """Return why files would be read along on the way to the scanner, empty when not."""
    host = address if address.startswith("/") else address.rpartition(":")[0]
    if not address or is_here(host):
        return ""
    return (
        "ClamAV speaks no encryption; give the path of its socket or an address of this machine, "
        "where a tunnel may begin"
    )


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Return how certificates are looked at: name, chain and days, by the machine's list or ours.

    `ca_file` replaces the machine's list: whoever has an authority of their own trusts no other.
    """
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = OLDEST
    return context
