"""Opens the mail relay of the settings; never in the clear where encryption is asked for (V12.3).

Threat: somebody in between takes the offer of encryption out of the relay's answer. Then nothing
is sent, and the mail waits; there is no falling back.
"""

import smtplib
import ssl

from engine.connection import STARTTLS, TLS, trusting
from engine.errors import OperatorError
from engine.language import gettext
from engine.settings import Settings

TIMEOUT = 20


def open_relay(settings: Settings) -> smtplib.SMTP:
    """Return an open relay; raise OperatorError when it does not prove who it is."""
    try:
        return _open(settings)
    except ssl.SSLError as error:
        raise OperatorError(
            gettext(
                "The mail relay does not prove who it is; see to its certificate and "
                "CASETABLE_CA_FILE."
            )
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise OperatorError(
            gettext("The mail relay offers no encryption; nothing was sent.")
        ) from error


def _open(settings: Settings) -> smtplib.SMTP:
    host, port = settings.mail_host, settings.mail_port
    if settings.mail_encryption == TLS:
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=trusting(settings.ca_file))
    relay = smtplib.SMTP(host, port, timeout=TIMEOUT)
    if settings.mail_encryption == STARTTLS:
        try:
            relay.starttls(context=trusting(settings.ca_file))
        except BaseException:
            relay.close()
            raise
    return relay
