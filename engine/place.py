"""Says where security keys belong to: the name they are bound to, and the address of our pages."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Place:
    """Where keys belong to: the name they are bound to, and the address of our pages."""

    rp_id: str
    origin: str


def place_of(base_url: str) -> Place | None:
    """Return the place of an installation; None where browsers offer no keys.

    They want a name instead of a number, and https everywhere but on the own machine.
    """
    address = urlsplit(base_url)
    host = address.hostname or ""
    is_safe = address.scheme == "https" or host == "localhost"
    if not host or not is_safe or _is_number(host):
        return None
    return Place(host, f"{address.scheme}://{address.netloc}".lower())


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
