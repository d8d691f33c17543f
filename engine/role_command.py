"""The command `casetable db roles`: the logins of PostgreSQL, each with the rights it needs."""

import click


@click.command("roles")
@click.option(
    "--admin",
    envvar="CASETABLE_ADMIN_DATABASE_URL",
    required=True,
    help="Address of somebody who may add roles; better in CASETABLE_ADMIN_DATABASE_URL.",
)
def roles(admin: str) -> None:
    """Make the database roles and the logins that the settings name, and the database.

    Does no harm when it is run again. Afterwards: casetable db upgrade.

    Example: casetable db roles --admin postgresql+psycopg://postgres@127.0.0.1/postgres
    """
    from engine.errors import SettingsError
    from engine.role import set_up
    from engine.settings import load_settings

    settings = load_settings()
    if not settings.owner_database_url or settings.database_url.startswith("sqlite"):
        raise SettingsError(
            "Roles are for PostgreSQL: set CASETABLE_OWNER_DATABASE_URL and CASETABLE_DATABASE_URL."
        )
    for line in set_up(admin, settings):
        click.echo(line)
