"""Certificates of our own making: an authority, and servers that it vouches for."""

import datetime as dt
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass
class Authority:
    """An authority; what it signs lies in files of `folder`."""

    folder: Path
    name: str = "authority of these tests"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.certificate = self._sign(_name(self.name), self.key, None, self._days())
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name.replace(' ', '_')}.pem"

    def vouch(self, host: str, *, over: bool = False) -> tuple[Path, Path]:
        """Return the files of certificate and key of a server; `over`: it ended yesterday."""
        key = ec.generate_private_key(ec.SECP256R1())
        found = self._sign(_name(host), key, host, self._days(over=over))
        stem = self.folder / f"{host}{'-over' if over else ''}-{self.name.replace(' ', '_')}"
        certificate, private = stem.with_suffix(".crt"), stem.with_suffix(".key")
        certificate.write_bytes(found.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, private

    def served(self, host: str, *, over: bool = False) -> ssl.SSLContext:
        """Return how a server with such a certificate speaks."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.vouch(host, over=over))
        return context

    def _days(self, *, over: bool = False) -> tuple[dt.datetime, dt.datetime]:
        now = dt.datetime.now(dt.UTC)
        return (now - 9 * DAY, now - DAY) if over else (now - DAY, now + DAY)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        host: str | None,
        days: tuple[dt.datetime, dt.datetime],
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(days[0])
            .not_valid_after(days[1])
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        if host is not None:
            named = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
            builder = builder.add_extension(x509.SubjectAlternativeName([named]), critical=False)
        return builder.sign(self.key, hashes.SHA256())
