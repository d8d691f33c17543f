"""Loads everything once and forks a process for each line it reads, so that births are cheap.

A line is `worker`, `scheduler`, `web PORT`, `player JOURNAL SEED` or `browser JOURNAL SEED PORT`;
the answer is the process id.
"""

import os
import signal
import sys
import time
import traceback

import tests.torture.process  # noqa: F401 - registers the operators
from engine import due
from engine.application import open_application
from tasks.worker import run_worker
from tests.torture.browser import browse
from tests.torture.player import play
from webui.commandline import web


def _live(words: list[str]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.argv = ["casetable"]
    if words[0] == "worker":
        run_worker()
    elif words[0] == "scheduler":
        _schedule()
    elif words[0] == "web":
        bound = ("--workers", "1", "--threads", "4", "--bind", f"127.0.0.1:{words[1]}")
        web.main(bound, standalone_mode=False)
    elif words[0] == "browser":
        browse(words[1], int(words[2]), int(words[3]))
    else:
        play(words[1], int(words[2]))


def _schedule() -> None:
    """Look for what is due without a pause, as many that poll at the same instant."""
    application = open_application()
    while True:
        due.run_due(application)
        time.sleep(0.01)


def main() -> None:
    """Fork until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    out = os.dup(1)
    os.dup2(2, 1)  # what a process prints is no answer
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                _live(line.split())
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(1)
        os.write(out, f"{child}\n".encode())


if __name__ == "__main__":
    main()
