"""Checks of the database, of its server and of the worker: ``charthouse check``."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError

from charthouse import clock
from charthouse.backup.clusters import MIN_INCREMENTAL
from charthouse.backup.status import describe, list_warnings
from charthouse.database_server.postgres_settings import LOG_SETTINGS
from charthouse.engine.sql.failures import get_sqlstate
from charthouse.identity import rowsecurity, secret_keys, standby
from charthouse.operation import database_state, health
from charthouse.operation.configuration_checks import LOOPBACK
from charthouse.operation.findings import Finding, Level, accept

MIN_VERSION = 150000
MAX_CLOCK_DIFFERENCE = timedelta(seconds=5)
# Settings of a PostgreSQL server that keep rows of the record out of its log: docs/retention.md.
QUIET = (
    "log_min_messages",
    "log_min_error_statement",
    "log_error_verbosity",
    "log_parameter_max_length",
    "log_parameter_max_length_on_error",
    "log_statement",
    "log_min_duration_statement",
)
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def list_findings() -> list[Finding]:
    """Run all checks of the database. Without one, a single finding says so."""
    try:
        state = database_state.read_state()
        with database_state.connect() as cursor:
            found = [*_check_server(cursor), *_check_roles(cursor), _check_clock(cursor)]
        found += [*_check_state(state), *_check_standby(), *_check_backups(state)]
        if not state.missing:
            found += [_check_secret_key(), _check_protections()]
    except DatabaseError as error:
        why = f"{type(error).__name__} {get_sqlstate(error)}".strip()
        return [
            Finding(
                "database",
                Level.ERROR,
                f"It does not answer ({why}); nothing of it was checked.",
                "See DATABASE_URL, and whether the server runs.",
            )
        ]
    return found


def _check_server(cursor: Any) -> Iterator[Finding]:
    names = ["server_version_num", "server_version", *DURABLE, *QUIET]
    cursor.execute("select name, current_setting(name) from unnest(%s::text[]) as name", [names])
    values = dict(cursor.fetchall())
    if int(values["server_version_num"]) < MIN_VERSION:
        yield Finding("PostgreSQL", Level.ERROR, f"It is {values['server_version']}.", "Use 15 or newer.")
    else:
        yield accept(
            "PostgreSQL", values["server_version"] + _describe_lacks(int(values["server_version_num"]))
        )
    off = [name for name in DURABLE if values[name] == "off"]
    if off:
        level = Level.WARNING if off == ["synchronous_commit"] else Level.ERROR
        detail = f"{', '.join(off)} off: a crash of the machine loses what was written."
        yield Finding("durability", level, detail, f"alter system set {off[0]} = on; restart the server.")
    else:
        yield accept("durability", "a crash loses nothing that was answered")
    loud = [name for name in QUIET if values[name] != LOG_SETTINGS[name]]
    if loud:
        detail = f"Its log may quote rows of the record: {', '.join(loud)}."
        yield Finding("PostgreSQL's log", Level.WARNING, detail, "Set them as docs/retention.md says.")
    else:
        yield accept("PostgreSQL's log", "quotes no rows")


def _describe_lacks(version: int) -> str:
    """Say what this version of PostgreSQL can't do, as far as it is configured here."""
    if version >= MIN_INCREMENTAL or not settings.BACKUP.destination:
        return ""
    return f"; each backup is a full one: incremental ones need {MIN_INCREMENTAL // 10000}"


def _check_roles(cursor: Any) -> Iterator[Finding]:
    cursor.execute(
        "select rolname = %s, rolsuper, rolbypassrls from pg_roles where rolname in (current_user, %s)",
        [settings.WEB_ROLE, settings.WEB_ROLE],
    )
    for is_web, is_superuser, bypasses in cursor.fetchall():
        name = "web role" if is_web else "database user"
        if is_web and (is_superuser or bypasses):
            detail = "The role of the web server is above row security: practices are not kept apart by it."
            mend = f"alter role {settings.WEB_ROLE} nosuperuser nobypassrls;"
            yield Finding(name, Level.ERROR, detail, mend)
        elif is_superuser and not is_embedded():
            detail = "The user of DATABASE_URL is a superuser: whoever learns the password may do anything."
            yield Finding(name, Level.WARNING, detail, "Use one that owns the tables alone (README).")
        else:
            yield accept(name, "no more rights than needed")
    host = str(settings.DATABASES["owner"]["HOST"])
    options: Any = settings.DATABASES["owner"]["OPTIONS"]
    is_local = host.startswith("/") or host in ("", *LOOPBACK)
    if is_local or options.get("sslmode") in ("require", "verify-ca", "verify-full"):
        yield accept("database connection", "on this machine" if is_local else "TLS")
    else:
        detail = "The connection to the database may be without TLS."
        yield Finding(
            "database connection", Level.WARNING, detail, "Add ?sslmode=verify-full to DATABASE_URL."
        )


def is_embedded() -> bool:
    """Return whether the database is the one of the data directory."""
    return (settings.DATA / "postgres" / "PG_VERSION").exists() and str(
        settings.DATABASES["owner"]["HOST"]
    ).startswith("/")


def _check_clock(cursor: Any) -> Finding:
    cursor.execute("select clock_timestamp()")
    apart = abs(cursor.fetchone()[0] - (clock.now() - clock.get_offset()))
    if apart > MAX_CLOCK_DIFFERENCE:
        return Finding(
            "time of the database",
            Level.WARNING,
            f"Its clock and this machine's differ by {round(apart.total_seconds())} s.",
            "Let both follow the same time server (NTP).",
        )
    return accept("time of the database", "that of this machine")


def _check_state(state: database_state.DatabaseState) -> Iterator[Finding]:
    if state.is_read_only:
        yield Finding("writes", Level.ERROR, "The database is read-only.", "Connect to the primary server.")
    else:
        yield accept("writes", "accepted")
    if state.is_copy:
        detail = "This is a restored copy: no webhook, e-mail, text message or reminder is sent from it."
        mend = "Once the former server has ended: charthouse resume."
        yield Finding("sending", Level.WARNING, detail, mend)
    else:
        yield accept("sending", "on")
    if state.missing:
        detail = f"{state.missing} migrations have not been applied."
        yield Finding("migrations", Level.ERROR, detail, "Run charthouse migrate.")
    elif state.unknown:
        detail = f"The database has {state.unknown} migrations of a newer version."
        yield Finding("migrations", Level.ERROR, detail, "Install that version.")
    else:
        yield accept("migrations", "those of this version")
    age = state.heartbeat_age
    if age is None or age >= health.HEARTBEAT_LIMIT:
        detail = "No worker is running: no reminder, webhook or seal is made."
        yield Finding("worker", Level.ERROR, detail, "Run charthouse worker as well as charthouse serve.")
    else:
        yield accept("worker", "running")


def _check_backups(state: database_state.DatabaseState) -> Iterator[Finding]:
    warnings = list_warnings(state.backup, settings.BACKUP)
    mend = "Set CHARTHOUSE_BACKUP and CHARTHOUSE_BACKUP_PASSPHRASE_FILE (docs/backup.md)."
    if settings.BACKUP.destination:
        mend = "Run charthouse worker, which makes and verifies backups; see charthouse backup list (docs/backup.md)."
    for detail in warnings:
        yield Finding("backup", Level.WARNING, detail, mend)
    if not warnings:
        yield accept("backup", describe(state.backup, settings.BACKUP))


def _check_standby() -> Iterator[Finding]:
    if not settings.READ_URL:
        return
    try:
        age = standby.measure_age()
    except (psycopg.Error, DatabaseError) as error:
        detail = f"It does not answer ({type(error).__name__}): the primary reads all lists."
        yield Finding("standby", Level.WARNING, detail, "See CHARTHOUSE_READ_URL, and whether it runs.")
        return
    if age is None:
        detail = "The server is no standby, or is reached through a pooler: the primary reads all lists."
        yield Finding("standby", Level.WARNING, detail, "Name a standby in CHARTHOUSE_READ_URL.")
    else:
        yield accept("standby", f"its last transaction is {age:.0f} s old")


def _check_secret_key() -> Finding:
    known = secret_keys.get_fingerprint()
    if known in (None, secret_keys.compute_fingerprint(settings.SECRET_KEY)):
        return accept("secret key", "that of the database")
    return Finding(
        "secret key",
        Level.ERROR,
        "It is not the one that this database was set up with: the server does not start.",
        "Put the former key back, or see charthouse rotatekeys --help.",
    )


def _check_protections() -> Finding:
    lacks = rowsecurity.list_missing_protections(using="owner")
    if not lacks:
        return accept("row security", "complete")
    return Finding("row security", Level.ERROR, f"{len(lacks)} protections lack.", "Run charthouse migrate.")
