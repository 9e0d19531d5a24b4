"""Outgoing messages and their failures. In a sandbox nothing is sent, and messages are read here."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.engine.errors import NotFound
from charthouse.outbox.models import Outgoing


def _build_state_badge(message: Outgoing) -> Badge:
    if message.failed_at:
        return Badge("failed", "red")
    if message.sent_at:
        return Badge("not sent" if settings.SANDBOX else "sent", "green")
    return Badge("waiting", "orange" if message.error else "blue")


def _filter_by_state(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    if value == "failed":
        return rows.exclude(failed_at=None)
    if value == "waiting":
        return rows.filter(sent_at=None, failed_at=None)
    return rows


TABLE = Table(
    name="outbox",
    label="Messages",
    columns=(
        Column(
            "When", "created_at", sort="created_at", link=lambda row: reverse("outbox-message", args=[row.pk])
        ),
        Column("To", "recipient"),
        Column("Subject", lambda row: row.subject or row.get_kind_display(), kind="wide"),
        Column("About", "purpose", kind="wide"),
        Column("State", _build_state_badge),
    ),
    search=("recipient", "subject"),
    filters=(
        TableFilter(
            name="state",
            label="State",
            options=(("", "All"), ("waiting", "Waiting"), ("failed", "Failed")),
            apply=_filter_by_state,
        ),
    ),
    order="-pk",
    empty="No messages yet.",
)


@page(primary=True)
def show_list(request: Request) -> HttpResponseBase:
    """List the practice's messages, latest first."""
    rows = Outgoing.objects.filter(practice=request.actor.practice, archived=False)
    about = (
        "This is a sandbox: messages are not sent."
        if settings.SANDBOX
        else "Texts are deleted once they are sent."
    )
    return render_page(
        request,
        "kit/list.html",
        {"title": "Outbox", "about": about, "table": TABLE.build_page(request, rows)},
    )


@page(primary=True)
def show_message(request: Request, row: int) -> HttpResponseBase:
    """Show one message. Raises NotFound."""
    message = Outgoing.objects.filter(practice=request.actor.practice, archived=False, pk=row).first()
    if message is None:
        raise NotFound()
    lines: list[tuple[str, Any]] = [
        ("To", message.recipient),
        ("Kind", message.get_kind_display()),
        ("About", message.purpose),
        ("Written", message.created_at),
        ("State", _build_state_badge(message)),
        ("Attempts", message.attempts),
    ]
    if message.error:
        lines.append(("Error", message.error))
    return render_page(request, "outbox/message.html", {"message": message, "lines": lines})
