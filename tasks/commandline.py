"""The command `casetable worker`."""

import click


@click.command()
def worker() -> None:
    """Run a background worker: timers, reminders, mails.

    Example: casetable worker
    """
    from tasks.worker import run_worker

    run_worker()
