"""The commands `casetable web` (production) and `casetable up` (everything on one machine)."""

import logging
import os
import signal
import sys
import time
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import click
import structlog

from engine import metrics, role
from engine.application import Application, open_application, open_letterbox
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError
from engine.inheritance import chain, read_files
from engine.settings import PREFIX, load_settings
from webui.readying import ready
from webui.worker_keeper import WorkerKeeper

LOG = structlog.get_logger()
WORKER = (sys.executable, "-c", "from engine.commandline import main; main()", "worker")


@click.command()
@click.option("--workers", default=2, show_default=True, help="Operating-system processes.")
@click.option("--threads", default=8, show_default=True, help="Threads in each of them.")
@click.option("--bind", default=None, help="Address to listen on; default from CASETABLE_BASE_URL.")
@click.option(
    "--only",
    type=click.Choice(["report"]),
    help="The public page alone, at CASETABLE_REPORT_URL, with the login that only adds reports.",
)
def web(workers: int, threads: int, bind: str | None, only: str | None) -> None:
    """Serve the pages with gunicorn; the settings come from the environment.

    Where CASETABLE_REPORT_URL is set, the public page is served by a process of its own alone.

    Example: CASETABLE_PRODUCTION=yes casetable web --bind 127.0.0.1:8000
    """
    import gunicorn.http.wsgi  # type: ignore[import-untyped]
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    from webui.application import create_app

    opener = open_letterbox if only else open_application
    application = opener()
    role.check(application.database, application.settings)
    metrics.begin(application.settings.metrics_dir)
    options = {
        "bind": bind or address_of(application),
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "accesslog": None,
        "logger_class": "webui.serverlog.Lines",
        # Threat: whoever is the same user on the machine steers the server by it.
        "control_socket_disable": True,
        "forwarded_allow_ips": "127.0.0.1",
        "child_exit": lambda _, worker: metrics.forget(worker.pid),
    }

    # Without this every answer would tell program and version (S7).
    gunicorn.http.wsgi.SERVER = "casetable"

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            # Each worker opens its own connections: they must not be shared across a fork.
            own = opener()
            app = create_app(own, only_report=bool(only))
            if not only:
                ready(app, own)
            return app

    application.database.close()
    Server().run()


@click.command()
@click.option("--port", default=None, type=int, help="Port; default from CASETABLE_BASE_URL.")
@click.option("--profile", default=None, help="The structure to try; it keeps a database apart.")
@click.option("--no-worker", is_flag=True, help="Only the pages: nothing becomes due by itself.")
@click.option("--no-cases", is_flag=True, help="Start without the demonstration cases.")
def up(port: int | None, profile: str | None, *, no_worker: bool, no_cases: bool) -> None:
    """Start everything on this machine: database, demonstration, pages, worker.

    Example: casetable up --port 8080
    """
    if profile:
        _choose(profile)
    # A terminating signal ends like Ctrl-C, so that pages and worker are stopped too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    application = open_application()
    is_new = prepare(application)
    _build_pages()
    listen = int(port or urlsplit(application.settings.base_url).port or 8080)
    server = _serve(application, listen)
    _say_where(application, listen)
    keeper = WorkerKeeper(WORKER)
    try:
        if is_new and not no_cases:
            _add_cases(application)
        if not no_worker:
            keeper.start()
        while True:
            time.sleep(0.5)
            keeper.look()
    except KeyboardInterrupt:
        click.echo("\nStopping.")
    finally:
        server.shutdown()
        keeper.stop()
        application.database.close()


def _choose(profile: str) -> None:
    """Run another profile than the settings name, beside its database: its people differ.

    The settings of this process change, since the worker that it starts reads them again.
    """
    settings = load_settings()
    chain(settings.processes_dir, profile)
    if profile != settings.profile:
        os.environ[f"{PREFIX}PROFILE"] = profile
        os.environ[f"{PREFIX}DATA_DIR"] = str(settings.data_dir / "profiles" / profile)


def prepare(application: Application) -> bool:
    """Bring the database up to date and add what the demonstration needs; say if it was new."""
    from engine.demo import seed
    from engine.migration import upgrade

    if application.settings.production:
        raise CasetableError("`casetable up` is for one machine; use `web` and `worker`.")
    upgrade(application.database)
    return seed(application)


def _add_cases(application: Application) -> None:
    """Play the demonstration cases; the pages are served meanwhile."""
    from engine.demo_cases import add_cases

    click.echo("Adding demonstration cases, this takes a few seconds ...")
    try:
        click.echo(f"{add_cases(application)} cases are there.")
    except CasetableError as error:
        # Somebody was quicker than the play and worked on its cases: then they are as good.
        click.echo(f"Not all demonstration cases could be played: {error}", err=True)


def _build_pages() -> None:
    """Build styles and scripts where the sources are newer; the pages work without them."""
    from webui.frontend_build import FrontendBuildError, build

    try:
        build()
    except FrontendBuildError as error:
        click.echo(f"The pages come without styles: {error}", err=True)


def _serve(application: Application, port: int) -> Any:
    from werkzeug.serving import WSGIRequestHandler, make_server

    from webui.application import create_app

    class Handler(WSGIRequestHandler):
        """Answers without telling which program and version answers (S7)."""

        def version_string(self) -> str:
            return "casetable"

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = create_app(application)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Handler)
    Thread(target=server.serve_forever, name="pages", daemon=True).start()
    return server


def address_of(application: Application) -> str:
    """Return host and port of the base address."""
    address = urlsplit(application.settings.base_url)
    return f"{address.hostname or '127.0.0.1'}:{address.port or 8080}"


def _say_where(application: Application, port: int) -> None:
    from engine.demo import PASSWORD
    from engine.demo_cast import cast_of, what

    click.echo(f"\nCasetable runs at http://127.0.0.1:{port}")
    if application.settings.demo:
        click.echo(f"Demonstration accounts, all with the password: {PASSWORD}")
        settings = application.settings
        files = read_files(settings.processes_dir, settings.profile)
        profile = ResolvedDeployment(files).profile
        for person in cast_of(profile, settings.processes_dir).people:
            click.echo(f"  {person.username:<14} {person.name:<16} {what(person, profile)}")
    click.echo("Stop with Ctrl-C.")
