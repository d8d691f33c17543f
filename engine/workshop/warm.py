"""Fills the small world of plays once, in the process that all plays are copied from.

Reading it does the work, because that process is asked for nothing but modules. It knows the
installation's own processes and no draft: nothing that somebody draws is ever executed there.
"""

import gc
from contextlib import suppress

from engine.errors import CasetableError
from engine.scenario_ground import resolved
from engine.settings import load_settings
from engine.workshop.sandbox import begin


def fill() -> None:
    """Play the beginning of a case, so that tables, people and statements are there already."""
    settings = load_settings()
    sandbox = begin(settings.processes_dir, resolved(settings.processes_dir, settings.profile), {})
    sandbox.take({"start": "signal_received"})
    sandbox.standing()


# Where it does not go, each play says by itself what is lacking.
with suppress(CasetableError):
    fill()
# Copies share the memory of what nobody frees.
gc.freeze()
