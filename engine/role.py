"""The logins of a PostgreSQL server: who owns the tables, who works, who only takes letters (S3).

The roles that rows are guarded by are in engine/models/sight.py. Here are the logins that may
work as them, as the addresses of the settings name them, and the look at whether a login could
pass the policies by.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from engine.database import PRIVATE, Database
from engine.errors import SettingsError
from engine.models import Base
from engine.models.fence import make_roles
from engine.models.sight import ENGINE, LETTERBOX, READER, is_guarded
from engine.settings import PREFIX, Settings

MEND = "make the logins with `casetable db roles` and set the address of the one that works"
SQLITE = "none: SQLite has no roles; the conditions of the pages stand alone"


@dataclass(frozen=True)
class Login:
    """Somebody who signs in to the server, and the roles that this login may work as."""

    url: URL
    roles: tuple[str, ...]
    does: str
    reads_all: bool = False
    """Reads all rows, past the policies: for backups alone, and it changes nothing."""


def logins(settings: Settings) -> Iterator[Login]:
    """Yield the logins that the settings name; raise SettingsError where two are the same."""
    owner, works = settings.owner_database_url, settings.database_url
    wanted = [
        Login(
            make_url(owner), (ENGINE,), "owns the tables and is for `casetable db upgrade` alone"
        ),
        Login(make_url(works), (READER, ENGINE), "is for pages and workers, and owns nothing"),
    ]
    if settings.report_database_url:
        letters = make_url(settings.report_database_url)
        wanted.append(Login(letters, (LETTERBOX,), "adds public reports and reads no case"))
    if settings.backup_database_url:
        backups = make_url(settings.backup_database_url)
        does = "reads everything and is for `casetable backup create` alone"
        wanted.append(Login(backups, ("pg_read_all_data",), does, reads_all=True))
    names = [login.url.username for login in wanted]
    if len(set(names)) < len(names) or None in names:
        raise SettingsError("Give each database address of the settings a user name of its own.")
    yield from wanted


def set_up(admin: str, settings: Settings) -> Iterator[str]:
    """Make roles, logins and the database where they are missing; yield what was done, in words.

    `admin` is the address of somebody who may add roles and databases. Passwords are those of
    the addresses; the server is sent their verifiers, so that none gets into its log.
    """
    wanted = list(logins(settings))
    engine = create_engine(admin, isolation_level="AUTOCOMMIT", **PRIVATE)
    try:
        with engine.connect() as connection:
            make_roles(connection)
            yield f"{READER}, {ENGINE} and {LETTERBOX} are there; nobody signs in as one of them."
            for login in wanted:
                yield _set_up(connection, login)
            yield _give_database(connection, wanted)
        _give_schema(make_url(admin).set(database=wanted[0].url.database), wanted[0])
    except DBAPIError as error:
        raise SettingsError(
            f"The server refused ({type(error.orig).__name__}): give the address of somebody who "
            "may add roles and databases."
        ) from error
    finally:
        engine.dispose()


def _set_up(connection: Connection, login: Login) -> str:
    name = str(login.url.username)
    found = connection.execute(
        text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = :name"),
        {"name": name},
    ).one_or_none()
    if found is not None and (found.rolsuper or (found.rolbypassrls and not login.reads_all)):
        raise SettingsError(f"{name} is a superuser or bypasses policies: name another login.")
    quoted = connection.dialect.identifier_preparer.quote(name)
    # Inheriting would give all rows of the engine to a statement that works as nobody.
    verb = "ALTER" if found else "CREATE"
    rights = "LOGIN INHERIT BYPASSRLS" if login.reads_all else "LOGIN NOINHERIT"
    connection.exec_driver_sql(f"{verb} ROLE {quoted} {rights}{_password(connection, login)}")
    connection.exec_driver_sql(f"GRANT {', '.join(login.roles)} TO {quoted}")
    return f"{name} {'was there' if found else 'is new'}: it {login.does}."


def _password(connection: Connection, login: Login) -> str:
    if not login.url.password:
        return ""
    raw = connection.connection.driver_connection
    plain, name = str(login.url.password).encode(), str(login.url.username).encode()
    verifier = raw.pgconn.encrypt_password(plain, name, b"scram-sha-256")  # type: ignore[union-attr]
    return f" PASSWORD '{verifier.decode()}'"


def _give_database(connection: Connection, wanted: list[Login]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    owner, names = quote(str(wanted[0].url.username)), {login.url.database for login in wanted}
    if len(names) > 1:
        raise SettingsError("The database addresses of the settings name different databases.")
    name = str(names.pop())
    there = text("SELECT 1 FROM pg_database WHERE datname = :name")
    is_new = connection.scalar(there, {"name": name}) is None
    verb = (
        f"CREATE DATABASE {quote(name)} OWNER"
        if is_new
        else f"ALTER DATABASE {quote(name)} OWNER TO"
    )
    connection.exec_driver_sql(f"{verb} {owner}")
    connection.exec_driver_sql(f"REVOKE ALL ON DATABASE {quote(name)} FROM PUBLIC")
    for login in wanted:
        user = quote(str(login.url.username))
        connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {quote(name)} TO {user}")
    return (
        f"The database {name} belongs to {wanted[0].url.username}; nobody else but these enters it."
    )


def _give_schema(admin: URL, owner: Login) -> None:
    """Let the owner alone make tables: a login that inherits nothing needs the schema itself."""
    engine = create_engine(admin, isolation_level="AUTOCOMMIT", **PRIVATE)
    with engine.connect() as connection:
        quoted = connection.dialect.identifier_preparer.quote(str(owner.url.username))
        connection.exec_driver_sql(f"ALTER SCHEMA public OWNER TO {quoted}")
        connection.exec_driver_sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    engine.dispose()


@contextmanager
def scratch_database(admin: str, settings: Settings, name: str) -> Iterator[Settings]:
    """Give settings that name an empty database, which is dropped afterwards.

    Its owner and who works in it are those of `settings`, who alone may enter it; `admin` is the
    address of somebody who may add databases.
    """
    owner = make_url(settings.owner_database_url or settings.database_url).set(database=name)
    works = make_url(settings.database_url).set(database=name)
    engine = create_engine(admin, isolation_level="AUTOCOMMIT", **PRIVATE)
    quote = engine.dialect.identifier_preparer.quote
    try:
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(
                    f"CREATE DATABASE {quote(name)} OWNER {quote(str(owner.username))}"
                )
                connection.exec_driver_sql(f"REVOKE ALL ON DATABASE {quote(name)} FROM PUBLIC")
                connection.exec_driver_sql(
                    f"GRANT CONNECT ON DATABASE {quote(name)} TO {quote(str(works.username))}"
                )
            _give_schema(make_url(admin).set(database=name), Login(owner, (), ""))
        except DBAPIError as error:
            raise SettingsError(
                f"The server refused ({type(error.orig).__name__}): give the address of somebody "
                "who may add databases."
            ) from error
        owns = owner.render_as_string(hide_password=False) if settings.owner_database_url else ""
        yield replace(
            settings,
            database_url=works.render_as_string(hide_password=False),
            owner_database_url=owns,
        )
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(name)} WITH (FORCE)")
        engine.dispose()


_LOGIN = text(
    """
    SELECT session_user AS name, rolsuper AS super, rolbypassrls AS bypasses,
        EXISTS (SELECT 1 FROM pg_class
                WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND pg_has_role(session_user, relowner, 'MEMBER')) AS owns,
        ARRAY(SELECT rolname::text FROM pg_roles works
              WHERE works.rolname = ANY (:roles)
              AND pg_has_role(session_user, works.oid, 'MEMBER')) AS roles
    FROM pg_roles WHERE rolname = session_user
    """
)


def wrong_with(database: Database) -> str:
    """Return in a sentence how the login of a database could pass policies by, or nothing."""
    if database.is_sqlite:
        return ""
    roles = [READER, ENGINE, LETTERBOX]
    with database.engine.connect() as connection:
        found = connection.execute(_LOGIN, {"roles": roles}).one()
    wanted = {LETTERBOX} if database.is_letterbox else {READER, ENGINE}
    for wrong, is_wrong in (
        ("is a superuser", found.super),
        ("bypasses row-level security", found.bypasses),
        ("owns tables", found.owns),
        ("may not work as " + " and ".join(sorted(wanted)), not wanted <= set(found.roles)),
        ("may read cases", database.is_letterbox and set(found.roles) - wanted),
    ):
        if is_wrong:
            return f"The database user {found.name} {wrong}; {MEND}."
    open_tables = unguarded(database)
    if open_tables:
        return (
            f"{len(open_tables)} tables have no forced row-level security, {open_tables[0]} the "
            "first of them; run `casetable db upgrade`."
        )
    return ""


def check(database: Database, settings: Settings) -> None:
    """Raise SettingsError in production when the database user could pass policies by (S3)."""
    wrong = wrong_with(database) if settings.production else ""
    if wrong:
        setting = "REPORT_DATABASE_URL" if database.is_letterbox else "DATABASE_URL"
        raise SettingsError(f"{PREFIX}{setting}: {wrong}")


def unguarded(database: Database) -> list[str]:
    """Return the tables with rows of cases that no policy is forced on."""
    wanted = {table.name for table in Base.metadata.sorted_tables if is_guarded(table)}
    forced = text(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity "
        "AND relforcerowsecurity AND relnamespace = 'public'::regnamespace"
    )
    with database.engine.connect() as connection:
        return sorted(wanted - set(connection.scalars(forced)))


def state(database: Database) -> str:
    """Return in words whether the database itself guards the rows of cases."""
    return SQLITE if database.is_sqlite else wrong_with(database) or "forced"
