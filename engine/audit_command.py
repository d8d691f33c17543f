"""The commands `casetable audit`: verify the trail, write a checkpoint, export its head."""

import sys
from typing import IO, Any

import click

FINDING = 1


@click.group("audit")
def audit() -> None:
    """Look after the audit trail."""


def _open() -> Any:
    from engine.application import open_application

    return open_application()


@audit.command("verify")
@click.option("--head", type=click.File("r"), help="A head that was exported earlier.")
def verify(head: IO[str] | None) -> None:
    """Check every hash chain, every checkpoint and, with --head, that nothing was rolled back.

    Members, decisions, roles and whatever else gives access are compared with what the chains say.

    Example: casetable audit verify --head /media/usb/head.txt
    """
    from engine import checkpoint, verification

    application = _open()
    with application.database.reading() as session:
        kept = head and checkpoint.read_head(application.settings.audit_key, head.read())
        found = verification.verify(session, kept or None)
    for broken in found.breaks:
        click.echo(f"{broken}.", err=True)
    click.echo(
        f"{found.entries} entries, {found.rows} rows that they witness and {found.checkpoints} "
        f"checkpoints checked, {found.speed} entries a second; "
        f"{found.broken_chains} chains broken, {found.broken_rows} rows tampered with"
    )
    if found.breaks:
        sys.exit(FINDING)


@audit.command("checkpoint")
def checkpoint_now() -> None:
    """Seal all chains as they are now; the worker does it every hour.

    Example: casetable audit checkpoint
    """
    from engine import checkpoint

    application = _open()
    with application.database.transaction() as session:
        made = checkpoint.make(session, application.now(session))
    if made is None:
        click.echo("Another process has just written a checkpoint.")
        return
    click.echo(f"Checkpoint {made.sequence} seals {made.entries} entries.")


@audit.command("export-head")
@click.argument("file", type=click.File("w", atomic=True))
def export_head(file: IO[str]) -> None:
    """Write the newest head as one signed line, to be kept where nobody of this machine reaches.

    Example: casetable audit export-head /media/usb/head.txt
    """
    from engine import checkpoint

    application = _open()
    with application.database.transaction() as session:
        line = checkpoint.export(session, application.now(session))
    file.write(f"{line}\n")
