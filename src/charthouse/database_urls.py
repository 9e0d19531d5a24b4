"""The databases of the settings, from the URLs in the environment. Without Django."""

from collections.abc import Mapping, MutableMapping

import psycopg
from psycopg.conninfo import conninfo_to_dict

from charthouse.datadir import CommandError

WEB_ROLE = "charthouse_web"
APPLICATION_NAME = "charthouse"  # of database sessions of web servers and workers
CONNECT_TIMEOUT = "5"  # seconds to reach the database
READ_CONNECT_TIMEOUT = "2"  # seconds to reach a standby
# Of several hosts one may be cut off: it is given up after seconds, before and after it was connected to.
SEVERAL_HOSTS = {
    "connect_timeout": "2",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
# Other ways to the database of DATABASE_URL.
OTHER_URLS = ("CHARTHOUSE_POOLER_URL", "CHARTHOUSE_READ_URL")
Database = dict[str, object]


def use_own_database(url: str, environment: MutableMapping[str, str]) -> None:
    """Name a database of this command's own, and no way to another one."""
    for name in OTHER_URLS:
        environment.pop(name, None)
    environment["DATABASE_URL"] = url


def describe_databases(environment: Mapping[str, str]) -> dict[str, Database]:
    """Return Django's databases by alias. "default" is what requests use; "owner" runs migrations and bulk loads, and
    listens; "queue", where "default" is a pooler, has the sessions that the queue of jobs needs; "standby" is what
    lists are read from. Raises CommandError."""
    url = environment.get("DATABASE_URL", "postgresql:///charthouse")
    query = _parse_url(url, "DATABASE_URL")
    direct = _describe(query, WEB_ROLE)
    found = {"default": direct, "owner": _describe(query, None)}
    if pooler := environment.get("CHARTHOUSE_POOLER_URL"):
        pooled = _describe(_parse_url(pooler, "CHARTHOUSE_POOLER_URL"), WEB_ROLE, "pooled_database")
        found |= {"queue": direct, "default": pooled | {"DISABLE_SERVER_SIDE_CURSORS": True}}
    if standby := environment.get("CHARTHOUSE_READ_URL"):
        query = _parse_url(standby, "CHARTHOUSE_READ_URL", "standby")
        # It is not waited for.
        query |= {"connect_timeout": READ_CONNECT_TIMEOUT, "tcp_user_timeout": "10000"}
        found["standby"] = _describe(query, WEB_ROLE)
    return found


def _parse_url(url: str, variable: str, wanted: str = "read-write") -> dict[str, str]:
    """Parse the URL of a database as libpq does, with one host or several. Of several, connections are to the one that
    can be written to, as the others are standbys, or to the one that ``wanted`` says."""
    try:
        found = conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # whose text may quote the password
        raise CommandError(
            f"{variable} can't be read. It is as in postgresql://user:password@db.example:5432/charthouse"
        ) from None
    if "," in str(found.get("host", "")):
        found = {**SEVERAL_HOSTS, "target_session_attrs": wanted, **found}
    return {name: str(value) for name, value in found.items() if value is not None}


def _describe(query: Mapping[str, str], role: str | None, engine: str = "database") -> Database:
    options = dict(query)
    session = {"jit": "off"}
    if role:  # bounds statements and lock waits of requests
        options["application_name"] = APPLICATION_NAME
        session |= {"role": role, "statement_timeout": "30s", "lock_timeout": "10s"}
    return {
        "ENGINE": f"charthouse.identity.{engine}",
        "NAME": options.pop("dbname", "charthouse"),
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": options.pop("port", ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": CONNECT_TIMEOUT,
            **options,
            "session": session,
            "server_side_binding": True,
        },
    }
