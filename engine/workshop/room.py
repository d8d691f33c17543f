"""Holds each play in an operating-system process of its own, which is ended when it takes too much.

Threat: what is played was drawn by somebody and is not proved. A drawing that never ends, or that
fills the memory, must cost whoever plays it one step, and nobody else a page.
"""

import logging
import os
import resource
from collections.abc import Callable, Mapping
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import RLock
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError, InputError
from engine.language import Speech, current_speech, speaking
from engine.language.telling import told
from engine.workshop.sandbox import Sandbox, Standing, Step, begin

PROCESSOR_SECONDS: Final = 10
"""For one act or one look; a step of the shipped drawings takes a tenth of a second."""
BEGIN_SECONDS: Final = 30
"""Of processor time for filling the small world; the program does so, and not the draft."""
PATIENCE_SECONDS: Final = 120
"""By the clock: whoever plays on a busy machine waits, and a thread of the web no longer."""
MEMORY: Final = 400_000_000
"""Bytes above what the process has before it reads the draft; a whole play takes a tenth."""
LATE: Final = "no answer in time"
STATUS: Final = Path("/proc/self/status")
PREFIX: Final = "CASETABLE_"

P = ParamSpec("P")
R = TypeVar("R")
logger = logging.getLogger(__name__)
# Neither a copy of the web process, whose threads and connections must not be copied, nor one that
# begins with nothing: a process that has read the program waits, and plays are copies of it.
_CONTEXT = get_context("forkserver")
_READY: Final = [__name__, "engine.workshop.warm"]


def make_ready(module: str) -> None:
    """Let every play begin with a module read, whose functions it will be asked for."""
    _READY.append(module)


class PlayEndedError(InputError):
    """A step of a play took too much and was ended; the acts before it are kept."""

    is_late = False
    """Whether it was only late by the clock, as on a busy machine: it may go another time."""


class Room:
    """One play: the process in which its world is, and the acts that were done there."""

    def __init__(self, processes_dir: Path, deployment: ResolvedDeployment) -> None:
        self.deployment = deployment
        self.done: list[Step] = []
        self.lock = RLock()
        self.stuck: tuple[tuple[Step, ...], str] | None = None
        """The acts of which the last one was ended, and what was said then."""
        self.is_left = False
        """Whether nobody comes back to it: whoever is in it closes it."""
        self._processes_dir = processes_dir
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def ask(
        self, function: Callable[Concatenate[Sandbox, P], R], *given: P.args, **named: P.kwargs
    ) -> R:
        """Return what a function finds in the sandbox; it and what it takes and gives are pickled.

        Raise PlayEndedError when it took too much: the world is gone then, and `done` is empty.
        """
        speech = current_speech()
        if self._connection is None:
            self._open()
        return self._answer((speech, function, given, named))  # type: ignore[no-any-return]

    def take(self, step: Step) -> list[str]:
        """Do one act; return what speaks against it, in a sentence each."""
        problems = self.ask(Sandbox.take, step)
        if not problems:
            self.done.append(step)
        return problems

    def standing(self) -> Standing:
        """Return where the play stands; raise NotFoundError before it has begun."""
        return self.ask(Sandbox.standing)

    def marks(self, process_id: str) -> dict[str, dict[str, str]]:
        """Return for the drawing of a process where the tokens are and what was gone over."""
        return self.ask(Sandbox.marks, process_id)

    def until(self, target: datetime) -> str:
        """Return the duration from now until an instant, whole days of the calendar first."""
        return self.ask(Sandbox.until, target)

    @property
    def now(self) -> datetime:
        """Return the instant of the play's clock."""
        return self.ask(_now)

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the draft's profile."""
        return self.deployment.profile.zone

    @property
    def pid(self) -> int | None:
        """Return the number of its process; None while there is none."""
        return self._process.pid if self._process is not None else None

    def leave(self) -> None:
        """Let the world go, at once or as soon as nobody is in it any more."""
        self.is_left = True
        if self.lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self.lock.release()

    def close(self) -> None:
        """End the process; the next question begins another one, in which nothing is done yet."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        self._process = self._connection = None
        self.done.clear()

    def _open(self) -> None:
        _CONTEXT.set_forkserver_preload(list(dict.fromkeys(_READY)))
        here, there = _CONTEXT.Pipe()
        limits = (PROCESSOR_SECONDS, MEMORY)
        given = (there, self._processes_dir, dict(self.deployment.files), limits)
        self._process = _CONTEXT.Process(target=_serve, args=given, daemon=True)
        self._process.start()
        there.close()
        self._connection = here

    def _answer(self, question: Any) -> Any:
        connection = self._connection
        if connection is None:
            raise PlayEndedError(_ended())
        try:
            connection.send(question)
            came = connection.poll(PATIENCE_SECONDS)
            is_good, found = connection.recv() if came else (False, LATE)
        except (EOFError, OSError) as error:
            self.close()
            raise PlayEndedError(_ended()) from error
        except BaseException:
            # Half an answer may be left in the pipe.
            self.close()
            raise
        if is_good:
            return found
        if isinstance(found, CasetableError):
            raise found
        logger.warning("A step of a play was ended: %s", found)
        self.close()
        ended = PlayEndedError(_ended())
        ended.is_late = found == LATE
        raise ended


def _ended() -> str:
    return told(
        "This took more processor time or memory than a step of a play may take, and was ended. "
        "The play is as it was before. Look for what goes on and on in the drawing: a timer that "
        "comes every minute, a loop, a list that grows."
    )


# -- in the other process --------------------------------------------------------------------------


def _now(sandbox: Sandbox) -> datetime:
    return sandbox.now


def _serve(
    connection: Connection,
    processes_dir: Path,
    files: Mapping[str, bytes],
    limits: tuple[int, int],
) -> None:
    """Answer questions about one play until nobody asks any more."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    seconds, memory = limits
    _limit_memory(memory)
    _allow(BEGIN_SECONDS)
    try:
        sandbox = begin(processes_dir, ResolvedDeployment(files), {})
    except CasetableError as error:
        connection.recv()
        connection.send((False, error))
        return
    while True:
        try:
            speech, function, given, named = connection.recv()
        except EOFError:
            return
        _allow(seconds)
        answer = _found(sandbox, speech, function, given, named)
        connection.send(answer)


def _found(
    sandbox: Sandbox, speech: Speech, function: Callable[..., Any], given: Any, named: Any
) -> tuple[bool, Any]:
    try:
        with speaking(speech.language, speech.terms):
            return True, function(sandbox, *given, **named)
    except CasetableError as error:
        return False, error
    except Exception as error:  # noqa: BLE001 - whatever it was, the world is not what it was
        return False, type(error).__name__


def _limit_memory(more: int) -> None:
    has = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmData:"))
    most = int(has.split()[1]) * 1024 + more
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow(seconds: int) -> None:
    """Let the kernel end this process after so much more processor time."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
