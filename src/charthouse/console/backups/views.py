"""Backups and drills of this installation, as its worker or operator made them by commands. For operators: they are of
all practices."""

from django.conf import settings
from django.db import connection
from django.http import HttpResponseBase

from charthouse.backup import status
from charthouse.backup.models import BackupRun
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table


def _build_state_badge(run: BackupRun) -> Badge:
    return Badge("good", "green") if run.ok else Badge("failed", "red")


def _render_size(run: BackupRun) -> str:
    return f"{run.bytes / 1e6:,.1f} MB" if run.bytes else ""


def _render_duration(run: BackupRun) -> str:
    return status.render_age((run.ended_at - run.started_at).total_seconds())


TABLE = Table(
    name="backups",
    label="Backups and drills",
    columns=(
        Column("Started", "started_at", sort="started_at"),
        Column("Kind", lambda run: "drill" if run.kind == "drill" else f"{run.kind} backup"),
        Column("Duration", _render_duration),
        Column("Stored", _render_size, kind="number"),
        Column("Backup", "backup", kind="wide"),
        Column("State", _build_state_badge),
        Column("Error", lambda run: "" if run.ok else run.detail, kind="wide"),
    ),
    order="-pk",
    empty="Nothing has been backed up yet.",
)


@page(operator=True)
def show_list(request: Request) -> HttpResponseBase:
    """List the backups and drills, latest first, and say what is missing or old."""
    with connection.cursor() as cursor:
        found = status.read_status(cursor)
    warnings = status.list_warnings(found, settings.BACKUP)
    about = " ".join(warnings) if warnings else _describe_stream(found)
    table = TABLE.build_page(request, BackupRun.objects.all())
    return render_page(request, "kit/list.html", {"title": "Backups", "about": about, "table": table})


def _describe_stream(found: status.BackupStatus | None) -> str:
    if found is None or found.stream_age is None:
        return ""
    return f"Everything saved more than {status.render_age(found.stream_age)} ago is in the backup."
