"""Lets the web server's own words be lines of our log: without them addresses of visitors (S18).

By itself the server writes plain text, and in a warning the address of whoever sent nonsense.
"""

import logging
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]


class Lines(Logger):  # type: ignore[misc]
    """Hands warnings and errors to the log of this process (engine/log.py)."""

    def setup(self, cfg: Any) -> None:
        """Keep no handler and no file of the server's own."""
        del cfg
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)
