"""The commands `casetable user`: the accounts of the people who work with the system."""

from typing import Any

import click


def _open() -> Any:
    from engine.application import open_application

    return open_application()


@click.group()
def user() -> None:
    """Look after the accounts of the people who work with the system."""


@user.command("add")
@click.argument("username")
@click.option("--name", required=True, help="How others see this person.")
@click.option("--email", required=True, help="Where notices go; they carry no content.")
@click.option("--organisation", required=True, help="Code of the organisation.")
@click.option("--organisation-name", default=None, help="Adds the organisation if it is new.")
@click.option("--discipline", default=None, help="Discipline of a new organisation.")
@click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")
@click.option("--by", default=None, help="User name of who adds it; not for the first accounts.")
@click.option("--second", default=None, help="User name of the second one.")
@click.password_option(help="At least 15 characters; asked for when not given.")
def user_add(  # noqa: PLR0913, PLR0917 - one option each
    username: str,
    name: str,
    email: str,
    organisation: str,
    organisation_name: str | None,
    discipline: str | None,
    roles: tuple[str, ...],
    by: str | None,
    second: str | None,
    password: str,
) -> None:
    """Add a person who works with the system; two others do it together once there are two.

    Example: casetable user add anna --name "Anna Visser" --email anna@example.org
    --organisation police --organisation-name "Police" --discipline police --role partner
    """
    from engine import accounts, administration, leaving

    application = _open()
    with application.database.transaction() as session:
        leaving.check_roles(session, None, frozenset(roles))
        profile = application.deployment(session).profile
        leaving.check_bodies(session, None, frozenset(roles), profile)
        place = accounts.find_or_add_organisation(
            session, organisation, organisation_name, discipline, profile
        )
        added = accounts.add_account(
            session,
            username=username,
            display_name=name,
            password=password,
            organisation=place,
            roles=accounts.known_roles(roles, profile),
            email=email,
            now=application.now(session),
        )
        administration.note_added(session, added, by, second, application.now(session))
    click.echo(f"{username} can sign in.")


@user.command("disable")
@click.argument("username")
def user_disable(username: str) -> None:
    """Take away a person's access at once; signed-in browsers are closed.

    Example: casetable user disable anna
    """
    from engine import accounts, leaving

    application = _open()
    with application.database.transaction() as session:
        accounts.disable(session, username, application.now(session))
    leaving.end_unheld(application)
    click.echo(f"{username} is signed out and cannot sign in.")


@user.command("list")
def user_list() -> None:
    """List the accounts with organisation and roles, and who is of two bodies.

    Example: casetable user list
    """
    from engine import accounts, leaving
    from engine.separate_file import clash

    application = _open()
    with application.database.reading() as session:
        files = application.deployment(session).profile.files
        for account in accounts.everybody(session):
            state = "disabled" if account.disabled_at else ", ".join(sorted(account.role_codes))
            place = account.organisation.code
            # Threat: roles given before the structure kept files apart open both.
            held = account.role_codes | leaving.roles_beside(session, account)
            both = clash(files, held) if account.disabled_at is None else None
            state += f" (of two bodies: {both[0]} and {both[1]})" if both else ""
            click.echo(f"{account.username:20} {account.display_name:24} {place:18} {state}")


def _two_persons(command: Any) -> Any:
    """Ask for the two persons who are responsible for a change, neither of them concerned."""
    second = click.option("--second", required=True, help="User name of the second one.")
    return click.option("--by", required=True, help="User name of who does this.")(second(command))


@user.command("roles")
@click.argument("username")
@click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")
@_two_persons
def user_roles(username: str, roles: tuple[str, ...], by: str, second: str) -> None:
    """Replace somebody's roles; the person has to sign in again.

    Example: casetable user roles anna --role chair --by greta --second daan
    """
    from engine import accounts, administration, leaving

    application = _open()
    with application.database.transaction() as session:
        profile = application.deployment(session).profile
        wanted = accounts.known_roles(roles, profile)
        leaving.check_bodies(session, accounts.find_account(session, username), wanted, profile)
        now = application.now(session)
        administration.change_roles(session, username, wanted, by, second, now)
    leaving.end_unheld(application)
    click.echo(f"{username} is signed out and has now: {', '.join(sorted(wanted))}.")


@user.command("reset-factor")
@click.argument("username")
@_two_persons
def user_reset_factor(username: str, by: str, second: str) -> None:
    """Take the second factor of somebody whose telephone and recovery codes are gone.

    Example: casetable user reset-factor anna --by greta --second daan
    """
    from engine import administration

    application = _open()
    with application.database.transaction() as session:
        now = application.now(session)
        administration.reset_factor(session, username, by, second, now)
    click.echo(f"{username} is signed out and sets up a new second factor at the next sign-in.")


def _issuer(application: Any) -> str:
    from engine.errors import InputError

    if application.settings.provider is None:
        raise InputError("No provider is set; set CASETABLE_OIDC_ISSUER and what goes with it.")
    return str(application.settings.provider.issuer)


@user.command("link")
@click.argument("username")
@click.option("--subject", required=True, help="The provider's number for the person (sub).")
@_two_persons
def user_link(username: str, subject: str, by: str, second: str) -> None:
    """Let somebody sign in by the organisation's own directory.

    Example: casetable user link anna --subject 8c1f... --by greta --second daan
    """
    from engine import administration

    application = _open()
    issuer = _issuer(application)
    with application.database.transaction() as session:
        now = application.now(session)
        administration.link_provider(session, username, (issuer, subject), by, second, now)
    click.echo(f"{username} is signed out and can sign in by {issuer}.")


@user.command("unlink")
@click.argument("username")
@_two_persons
def user_unlink(username: str, by: str, second: str) -> None:
    """Let somebody sign in by the organisation's own directory no more.

    Example: casetable user unlink anna --by greta --second daan
    """
    from engine import administration

    application = _open()
    issuer = _issuer(application)
    with application.database.transaction() as session:
        now = application.now(session)
        administration.unlink_provider(session, username, issuer, by, second, now)
    click.echo(f"{username} is signed out and can sign in by {issuer} no more.")


@user.command("person")
@click.argument("username")
@click.option("--same-as", default=None, help="Another account of the same human.")
@click.option("--apart", is_flag=True, help="This account is a human of its own.")
@_two_persons
def user_person(username: str, same_as: str | None, apart: bool, by: str, second: str) -> None:
    """Say that two accounts are one human's, so that they never count as two persons.

    Example: casetable user person anna.desk --same-as anna --by greta --second daan
    """
    from engine import accounts, administration, leaving
    from engine.errors import InputError

    if apart == bool(same_as):
        raise InputError("Give either --same-as or --apart.")
    application = _open()
    with application.database.transaction() as session:
        now = application.now(session)
        administration.declare_person(session, username, same_as, by, second, now)
        account = accounts.find_account(session, username)
        profile = application.deployment(session).profile
        if same_as and account.disabled_at is None:
            leaving.check_bodies(session, account, account.role_codes, profile)
    click.echo(f"{username} is {'the same human as ' + same_as if same_as else 'on its own'} now.")


@user.command("reset-password")
@click.argument("username")
@_two_persons
@click.password_option(help="At least 15 characters; asked for when not given.")
def user_reset_password(username: str, by: str, second: str, password: str) -> None:
    """Give somebody who forgot the password a new one, to be changed after signing in.

    Example: casetable user reset-password anna --by greta --second daan
    """
    from engine import administration

    application = _open()
    with application.database.transaction() as session:
        now = application.now(session)
        administration.reset_password(session, username, password, by, second, now)
    click.echo(f"{username} is signed out and signs in with the new password.")
