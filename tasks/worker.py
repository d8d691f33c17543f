"""The Celery worker: a door-bell. It looks into the database at each ring and by itself.

Nothing depends on a message arriving: with the broker dead the worker still polls, so the
system is slower and never wrong (R3). No ETA, no result backend, a message is a job id.
"""

import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from celery import Celery, bootsteps
from gunicorn.systemd import sd_notify  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError

from engine import attestation, checkpoint, due, leaving, metrics, reader_notice, role, row_counts
from engine.application import Application, open_application
from engine.connection import OLDEST
from engine.incident import describe
from engine.log import named_run
from engine.outage import is_full
from engine.settings import Settings
from engine.warming import warm
from engine.workshop import play

LOG = structlog.get_logger()
QUEUE = "casetable"


def make_celery(settings: Settings) -> Celery:
    """Return the Celery application for the broker of the settings."""
    embedded = settings.broker_url.startswith("filesystem")
    # Files have no host; without one the library warns at each start.
    app = Celery("casetable", broker="filesystem://localhost" if embedded else settings.broker_url)
    options: dict[str, Any] = {"unacked_restore_interval": 5, "visibility_timeout": 60}
    if embedded:
        folder = settings.data_dir / "broker"
        for name in ("messages", "processed", "control"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        options = {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "processed_folder": str(folder / "processed"),
            "control_folder": str(folder / "control"),
            "store_processed": False,
        }
        app.conf.broker_transport = "tasks.broker:Transport"
    app.conf.update(
        broker_transport_options=options,
        broker_use_ssl=proofs_wanted(settings),
        broker_connection_retry_on_startup=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        result_backend=None,
        task_serializer="json",
        accept_content=["json"],
        task_default_queue=QUEUE,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        task_time_limit=90,
        timezone="UTC",
    )
    return app


def proofs_wanted(settings: Settings) -> dict[str, Any] | bool:
    """Return what an encrypted broker has to prove: its name, by a certificate that we believe.

    Threat: by themselves the libraries look at no name (AMQP), or at whatever the address says.
    """
    authority = str(settings.ca_file) if settings.ca_file else None
    if settings.broker_url.startswith("rediss"):
        wanted: dict[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
        return wanted | ({"ssl_ca_certs": authority} if authority else {})
    if settings.broker_url.startswith("amqps"):
        # Without a name of its own here, the library takes the host of the address.
        wanted = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}
        return wanted | {"ca_certs": authority, "tls_minimum_version": OLDEST}
    return False


def make_ringer(settings: Settings) -> Callable[[], None]:
    """Return the function that rings the workers through the broker (engine/bell.py)."""
    app = make_celery(settings)
    app.conf.update(broker_connection_timeout=1, broker_connection_retry=False)

    def ring() -> None:
        app.send_task("casetable.ring", ignore_result=True, retry=False)

    return ring


class Poller(bootsteps.StartStopStep):  # type: ignore[misc]
    """Looks for what is due every few seconds, whether or not anybody rings."""

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, parent: Any) -> None:
        """Start polling beside the consumer."""
        self._thread = threading.Thread(
            target=_poll, args=(parent.app.casetable, self._stop), name="poller", daemon=True
        )
        self._thread.start()

    def stop(self, parent: Any) -> None:
        """Stop polling; a piece under way is finished first."""
        del parent
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)


def look(application: Application) -> int:
    """Do all that is due now; nothing that one look meets is the worker's end."""
    try:
        done = due.run_due(application)
        with application.database.reading() as session:
            is_due = checkpoint.is_due(session, application.now(session))
        if is_due:
            with application.database.transaction() as session:
                checkpoint.make(session, application.now(session))
            leaving.end_unheld(application)
            # Who was away for long finds thousands of parts unconfirmed: no timer waits for that.
            attestation.sweep(application, pause=partial(due.run_due, application))
            reader_notice.tell(application)
            play.sweep(application)
            row_counts.refresh(application.database)
    except DBAPIError as error:
        kind = "disk full" if is_full(error) else type(error.orig).__name__
        LOG.warning("database_unavailable", kind=kind)
    except Exception as error:  # noqa: BLE001 - the edge: the next look comes by itself
        LOG.error("look_failed", error=str(describe(error)))  # noqa: TRY400 - a trace may quote data
    else:
        metrics.note_look()
        return done
    return 0


def _poll(application: Application, stop: threading.Event) -> None:
    """Look again and again, and tell the supervisor at each look that this process lives.

    A look that never ends is a worker that does nothing: then the supervisor starts another.
    """
    sd_notify("READY=1", LOG)
    while not stop.is_set():
        with named_run():
            look(application)
        sd_notify("WATCHDOG=1", LOG)
        stop.wait(application.settings.poll_seconds)


def make_worker(application: Application) -> Celery:
    """Return the Celery application with its one ring and its poller."""
    app = make_celery(application.settings)
    app.casetable = application

    @app.task(name="casetable.ring")  # type: ignore[untyped-decorator]
    def ring(job: str | None = None) -> None:
        del job
        with named_run():
            look(application)

    app.steps["worker"].add(Poller)
    return app


def run_worker() -> None:
    """Run one worker process until it is told to stop."""
    application = open_application()
    role.check(application.database, application.settings)
    metrics.begin(application.settings.metrics_dir)
    warm(application)
    app = make_worker(application)
    app.worker_main(
        [
            "--quiet",
            "worker",
            "--pool=solo",
            "--loglevel=ERROR",
            "--hostname=casetable@localhost",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )
