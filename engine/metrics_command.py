"""The command `casetable metrics`: figures for Prometheus, to this machine alone."""

from ipaddress import ip_address

import click


@click.command("metrics")
@click.option("--bind", default="127.0.0.1:9464", show_default=True, help="A loopback address.")
def metrics(bind: str) -> None:
    """Serve what the processes of this machine count, and what the database says, at /metrics.

    Counts and ages alone, nothing about a case or a person. Needs CASETABLE_METRICS_DIR.

    Example: casetable metrics --bind 127.0.0.1:9464
    """
    from prometheus_client import start_http_server

    from engine import metrics as counted
    from engine import role
    from engine.application import open_application
    from engine.errors import SettingsError
    from engine.figures import Figures

    host, port = _address(bind)
    application = open_application()
    role.check(application.database, application.settings)
    folder = application.settings.metrics_dir
    if folder is None:
        raise SettingsError("Set CASETABLE_METRICS_DIR, where the processes count.")
    registry = counted.gather(folder)
    registry.register(Figures(application))
    _, thread = start_http_server(port, host, registry)
    click.echo(f"Figures at http://{bind}/metrics")
    thread.join()


def _address(bind: str) -> tuple[str, int]:
    """Read the address; refuse one that others reach, because nobody is asked who they are."""
    host, _, port = bind.rpartition(":")
    try:
        is_here, number = ip_address(host.strip("[]")).is_loopback, int(port)
    except ValueError as error:
        raise click.UsageError("Give --bind an address and a port, like 127.0.0.1:9464.") from error
    if not is_here:
        raise click.UsageError(
            "The figures are for this machine: bind to 127.0.0.1, and let a web server that asks "
            "who it is pass them on."
        )
    return host.strip("[]"), number
