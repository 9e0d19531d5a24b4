"""``charthouse doctor``: what support asks for, without names, addresses, ids, secrets or rows."""

import os
import platform
import shutil
from importlib.metadata import version
from typing import Any

import msgspec
from django.conf import settings
from django.db import DatabaseError

from charthouse import logs
from charthouse.operation import checking, database_checks, database_state
from charthouse.operation.findings import render_objects

PACKAGES = (
    "charthouse",
    "django",
    "psycopg",
    "procrastinate",
    "django-oauth-toolkit",
    "cryptography",
)
# Variables whose values are numbers and words of our own. Of any other is said whether it is set.
SHOWN = (
    "CHARTHOUSE_AUDIT_DAYS",
    "CHARTHOUSE_ANCHOR_BUCKET_DAYS",
    "CHARTHOUSE_API_LIMITS",
    "CHARTHOUSE_DRCHRONO",
    "CHARTHOUSE_LOG",
    "CHARTHOUSE_FAILOVER",
    "CHARTHOUSE_LOG_FIRST",
    "CHARTHOUSE_PROXIES",
    "CHARTHOUSE_SANDBOX",
    "CHARTHOUSE_SIGN_IN_LIMIT",
    "CHARTHOUSE_TOKEN_LIMIT",
)
LARGEST = 20  # tables
RECENT = 50  # faults
_TABLES = """
select relname, pg_total_relation_size(oid), greatest(reltuples, 0)::bigint from pg_class
 where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 2 desc, 1 limit %s
"""
_COUNTS = {
    "practices": "select count(*) from identity_practice",
    "users": "select count(*) from identity_user",
    "apps": "select count(*) from identity_application",
    "API users": "select count(*) from identity_apiuser",
    "webhooks": "select count(*) from changes_webhook where deleted_at is null",
    "failed jobs": "select count(*) from procrastinate_jobs where status = 'failed'",
    "waiting jobs": "select count(*) from procrastinate_jobs where status = 'todo'",
    "connections": "select count(*) from pg_stat_activity where datname = current_database()",
}


def make_report() -> dict[str, Any]:
    """Return the report: sections of names and plain values."""
    return {
        "versions": _list_versions(),
        "settings": _list_settings(),
        "disk": _measure_disk(),
        "database": _measure_database(),
        "checks": render_objects(checking.list_findings()),
        "recent faults": _list_faults(),
    }


def _list_versions() -> dict[str, str]:
    packages = {name: version(name) for name in PACKAGES}
    return {
        **packages,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _list_settings() -> dict[str, str]:
    names = sorted(name for name in os.environ if name.startswith("CHARTHOUSE_"))
    shown = {name: os.environ[name] if name in SHOWN else "(set)" for name in names}
    shown["CHARTHOUSE_BASE_URL"] = "https" if settings.TLS else "http"
    shown["DATABASE_URL"] = "(embedded)" if database_checks.is_embedded() else "(set)"
    return shown


def _measure_disk() -> dict[str, int]:
    usage = shutil.disk_usage(settings.DATA)
    return {"bytes": usage.total, "free bytes": usage.free, "processors": os.cpu_count() or 0}


def _measure_database() -> dict[str, Any]:
    """Measure the database; "unavailable" where it does not answer in time or has no tables yet."""
    try:
        with database_state.connect() as cursor:
            cursor.execute("select current_setting('server_version'), pg_database_size(current_database())")
            server, size = cursor.fetchone()
            found: dict[str, Any] = {"server": server, "bytes": size}
            cursor.execute(_TABLES, [LARGEST])
            found["largest tables"] = {
                name: {"bytes": used, "rows, about": rows} for name, used, rows in cursor.fetchall()
            }
            for name, statement in _COUNTS.items():
                cursor.execute(statement)
                found[name] = cursor.fetchone()[0]
    except DatabaseError as error:
        return {"unavailable": type(error).__name__}
    return found


def _list_faults() -> list[dict[str, str]]:
    """List the last errors of web server and worker, oldest first: time, logger and class of the exception."""
    try:
        lines = (settings.DATA / logs.FAULTS_FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines[-RECENT:]:
        try:
            found.append(msgspec.json.decode(line, type=dict[str, str]))
        except msgspec.DecodeError:
            continue
    return found


def render_text(report: dict[str, Any], indent: str = "") -> str:
    """Render a report for a terminal."""
    lines = []
    for name, value in report.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", render_text(value, f"{indent}  ")]
        elif isinstance(value, list):
            lines += [
                f"{indent}{name}",
                *(f"{indent}  {', '.join(map(str, each.values()))}" for each in value),
            ]
        else:
            lines.append(f"{indent}{name}: {value}")
    return "\n".join(lines)
