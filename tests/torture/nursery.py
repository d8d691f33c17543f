"""Loads everything once and forks a process for each line it reads, so that births are cheap.

A line is `worker` or `player JOURNAL SEED`; the answer is the process id.
"""

import os
import signal
import sys

import tests.torture.process  # noqa: F401 - registers the operators
from tasks.worker import run_worker
from tests.torture.player import play


def _live(words: list[str]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if words[0] == "worker":
        sys.argv = ["casetable"]
        run_worker()
    else:
        play(words[1], int(words[2]))


def main() -> None:
    """Fork until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                _live(line.split())
            finally:
                os._exit(1)
        os.write(1, f"{child}\n".encode())


if __name__ == "__main__":
    main()
