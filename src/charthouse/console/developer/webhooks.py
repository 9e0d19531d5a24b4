"""Webhooks of an app: address, events, verification and deliveries.

A delivery's body shows rows as the user in whose name it was sent sees them. Only that user, and users with every
permission, see bodies here.
"""

import secrets
from datetime import datetime
from typing import Any

import msgspec
from django import forms as django
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from charthouse.changes import actions
from charthouse.changes.event_catalog import get_format, load_catalog
from charthouse.changes.models import Delivery, Webhook
from charthouse.console.developer.apps import PERMISSION, select_apps_of_practice
from charthouse.console.kit import forms
from charthouse.console.kit.formats import format_utc
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.engine.errors import Invalid, NotFound
from charthouse.identity import loaded_rows
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.form_fields import LineField
from charthouse.identity.models import PERMISSIONS, Application

STATE_COLORS = {"delivered": "green", "waiting": "blue", "failed": "red"}


def build_state_badge(webhook: Webhook) -> Badge:
    """Build the badge of a webhook's state."""
    if not webhook.active:
        return Badge("off", "secondary")
    if webhook.kind == "practice":
        return Badge("on", "green")
    if webhook.verification_requested_at:
        return Badge("verifying", "blue")
    return Badge("verified", "green") if webhook.verified_at else Badge("not verified", "orange")


def _filter_by_state(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    if value == "delivered":
        return rows.exclude(delivered_at=None)
    if value:
        return rows.filter(delivered_at=None, next_try__isnull=value == "failed")
    return rows


def build_webhook_table(view: str) -> Table:
    """Build the table of webhooks. ``view``: name of the URL of a row."""
    return Table(
        name="webhooks",
        label="Webhooks",
        columns=(
            Column("Address", "callback_url", sort="callback_url", link=lambda row: reverse(view, args=[row.pk])),
            Column("Events", lambda row: len(row.events), kind="number"),
            Column("State", build_state_badge),
            Column("Made (UTC)", lambda row: format_utc(row.created_at), sort="created_at", kind="wide"),
        ),
        empty="No webhooks yet.",
    )  # fmt: skip


def build_delivery_table(view: str, kind: str) -> Table:
    """Build the table of deliveries. ``view``: name of the URL of a row; ``kind``: of their webhooks."""
    return Table(
        name="deliveries",
        label="Deliveries",
        columns=(
            Column(
                "When (UTC)", lambda row: format_utc(row.at), link=lambda row: reverse(view, args=[row.pk])
            ),
            Column("Event", "event"),
            Column("State", lambda row: Badge(row.state, STATE_COLORS[row.state])),
            Column("Attempts", lambda row: len(row.attempts), kind="number"),
            Column("Last answer", lambda row: _summarize_last_attempt(row), kind="wide"),
        ),
        filters=(
            TableFilter(
                name="event",
                label="Event",
                options=(("", "All events"), *((name, name) for name in load_catalog().events[kind])),
                apply=lambda rows, value: rows.filter(event=value) if value else rows,
            ),
            TableFilter(
                name="state",
                label="State",
                options=(("", "All states"), *((name, name.capitalize()) for name in STATE_COLORS)),
                apply=_filter_by_state,
            ),
        ),
        order="-pk",
        empty="No deliveries yet.",
        chooser=RESENDING,
    )


TABLE = build_webhook_table("webhook")
MAX_RESENT = 100  # deliveries at once
RESENDING = "resending"  # id of the form that sends chosen deliveries again


class AppWebhookForm(django.Form):
    """A webhook as an app's developer enters it."""

    callback_url = LineField(label="Callback address", max_length=2000)
    secret_token = django.CharField(
        max_length=256,
        strip=False,
        help_text="Sent with each delivery, and used to verify the receiver, which needs it too.",
    )
    events = django.MultipleChoiceField(widget=django.CheckboxSelectMultiple, required=False)
    active = django.BooleanField(required=False, initial=True)

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        choices = [
            (name, f"{name} (only here)" if ours else name)
            for name, ours in load_catalog().events["app"].items()
        ]
        self.fields["events"].choices = choices  # type: ignore[attr-defined]


@page(PERMISSION)
def show_list(request: Request, row: int) -> HttpResponseBase:
    """List the webhooks of an app."""
    app = _find_app(request, row)
    values = {
        "title": "Webhooks",
        "about": f"Where events are sent to {app.name}.",
        "table": TABLE.build_page(request, Webhook.objects.filter(application=app, deleted_at=None)),
        "add": reverse("webhook-new", args=[row]),
        "add_words": "Add webhook",
        "back": reverse("app", args=[row]),
        "back_to": app.name,
    }
    return render_page(request, "kit/list.html", values)


@sensitive_post_parameters()
@page(PERMISSION, methods=("GET", "POST"))
def add(request: Request, row: int) -> HttpResponseBase:
    """Add a webhook and have its receiver verified."""
    app = _find_app(request, row)
    form = AppWebhookForm(request.POST or None, initial={"secret_token": secrets.token_urlsafe(24)})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with transaction.atomic():
                webhook = actions.create_app_webhook(
                    app, given["callback_url"], given["secret_token"], given["events"]
                )
                _audit(request, webhook, "webhook made")
            _verify(request, webhook)
            return redirect("webhook", webhook.pk)
        except Invalid as refusal:
            return _render_form(request, form, "New webhook", reverse("webhooks", args=[row]), refusal)
    return _render_form(request, form, "New webhook", reverse("webhooks", args=[row]))


@page(PERMISSION)
def show_webhook(request: Request, row: int) -> HttpResponseBase:
    """Show a webhook and its deliveries in the practice, latest first."""
    webhook = _find_webhook(request, row)
    values = {
        "webhook": webhook,
        "events": webhook.events,
        "state": build_state_badge(webhook),
        "back": reverse("webhooks", args=[webhook.application_id]),
        "back_to": f"Webhooks of {webhook.application.name}" if webhook.application else "",
        "edit": reverse("webhook-edit", args=[row]),
        "remove": reverse("webhook-delete", args=[row]),
        "resend": reverse("webhook-resend", args=[row]),
        "may_ping": webhook.active and (webhook.verified_at or settings.SANDBOX),
        "table": build_delivery_table("delivery", "app").build_page(
            request, Delivery.objects.filter(webhook=webhook, practice_id=request.actor.practice)
        ),
    }
    return render_page(request, "developer/webhook.html", values)


@sensitive_post_parameters()
@page(PERMISSION, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    """Change a webhook; a new address is verified again."""
    webhook = _find_webhook(request, row)
    initial = {"callback_url": webhook.callback_url, "events": webhook.events, "active": webhook.active}
    form = AppWebhookForm(request.POST or None, initial=initial)
    form.fields["secret_token"].required = False
    form.fields["secret_token"].help_text = "Leave empty to keep it."
    back = reverse("webhook", args=[row])
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with transaction.atomic():
                actions.update(
                    webhook,
                    callback_url=given["callback_url"],
                    secret=given["secret_token"] or None,
                    events=given["events"],
                    active=given["active"],
                )
                _audit(request, webhook, "webhook changed")
            if webhook.verified_at is None:
                _verify(request, webhook)
            return redirect("webhook", row)
        except Invalid as refusal:
            return _render_form(request, form, "Edit webhook", back, refusal)
    return _render_form(request, form, "Edit webhook", back)


@page(PERMISSION, methods=("POST",))
def verify_receiver(request: Request, row: int) -> HttpResponseBase:
    """Verify the receiver."""
    webhook = _find_webhook(request, row)
    _verify(request, webhook)
    return redirect("webhook", row)


@page(PERMISSION, methods=("GET", "POST"))
def delete(request: Request, row: int) -> HttpResponseBase:
    """Ask for confirmation, then delete the webhook."""
    webhook = _find_webhook(request, row)
    if request.method == "POST":
        with transaction.atomic():
            actions.delete(webhook)
            _audit(request, webhook, "webhook deleted")
        messages.success(request, "No more events are sent to it.")
        return redirect("webhooks", webhook.application_id or 0)
    values = {
        "title": "Delete this webhook?",
        "text": f"No more events are sent to {webhook.callback_url}, and its secret is deleted.",
        "button": "Delete",
        "danger": True,
        "back": reverse("webhook", args=[row]),
    }
    return render_page(request, "kit/confirm.html", values)


@page(PERMISSION, methods=("POST",))
def resend(request: Request, row: int) -> HttpResponseBase:
    """Queue deliveries again: those that were chosen, or those that have failed for good."""
    webhook = _find_webhook(request, row)
    resend_deliveries(request, webhook, _select_deliveries(request))
    return redirect("webhook", row)


def resend_deliveries(request: Request, webhook: Webhook, rows: "QuerySet[Delivery]") -> None:
    """Queue deliveries to a webhook again, the latest first, at most MAX_RESENT: those with the ids ``row`` in the
    form, or with ``failed`` those that have failed for good."""
    rows = rows.filter(webhook=webhook)
    if "failed" in request.POST:
        rows = _filter_by_state(rows, "failed")
    else:
        rows = rows.filter(pk__in=[int(text) for text in request.POST.getlist("row") if _is_id(text)])
    numbers = list(rows.order_by("-pk").values_list("pk", flat=True)[:MAX_RESENT])
    sent = sum(actions.redeliver(webhook, number) for number in numbers)
    if sent:
        messages.success(request, f"{sent} will be resent unchanged.")
    else:
        messages.error(request, "There is nothing to send again: choose deliveries first.")


def _is_id(text: str) -> bool:
    """Tell whether a text is an id."""
    return text.isascii() and text.isdigit() and len(text) < 19


@page(PERMISSION, methods=("POST",))
def send_ping(request: Request, row: int) -> HttpResponseBase:
    """Queue a ping."""
    sent = actions.ping(_find_webhook(request, row))
    messages.success(request, "A ping will be sent shortly.")
    return redirect("delivery", sent.pk)


@sensitive_variables()
@page(PERMISSION, methods=("GET", "POST"))
def show_delivery(request: Request, row: int) -> HttpResponseBase:
    """Show what was sent, to whom, and each attempt; a POST queues it again."""
    found = _select_deliveries(request).filter(pk=row).select_related("webhook").first()
    if found is None:
        raise NotFound()
    return render_delivery(request, found, reverse("webhook", args=[found.webhook_id]))


@sensitive_variables()
def render_delivery(request: Request, found: Delivery, back: str) -> HttpResponseBase:
    """Render the page of a delivery; a POST queues it again. ``back``: URL of its webhook."""
    if request.method == "POST":
        actions.redeliver(found.webhook, found.pk)
        messages.success(request, "It will be resent unchanged.")
        return redirect(request.path)
    own = found.user_id in (None, request.user.pk) or set(PERMISSIONS) <= set(request.user.permissions)
    lines = [
        ("Happened", f"{format_utc(found.at)} UTC"),
        ("To", found.webhook.callback_url),
        ("State", Badge(found.state, STATE_COLORS[found.state])),
        ("Next attempt", found.next_try and f"{format_utc(found.next_try)} UTC"),
    ]
    attempts = [one | {"at": datetime.fromisoformat(one["at"])} for one in found.attempts]
    body = _format_body(bytes(found.body)) if own else ""
    model = load_catalog().find_model(found.webhook.kind, found.event)
    if own and model is not None and found.row_id is not None:
        loaded_rows.note(model._meta.db_table, (found.row_id,))
    called = get_format(found.webhook.kind).label_event(found.event)
    values = {"called": called, "lines": lines, "attempts": attempts, "body": body, "back": back}
    values["headers"] = list(found.attempts[-1].get("headers", {}).items()) if found.attempts else []
    return render_page(request, "developer/delivery.html", values)


def _verify(request: Request, webhook: Webhook) -> None:
    actions.request_verification(webhook)
    messages.success(request, "The receiver is being verified.")


def _render_form(
    request: Request, form: AppWebhookForm, title: str, back: str, refusal: Invalid | None = None
) -> HttpResponseBase:
    rendered_form = forms.convert_django_form(form).with_errors(refusal)
    values = {"title": title, "form": rendered_form, "back": back, "back_to": "Back"}
    return render_page(request, "kit/edit.html", values, 400 if form.is_bound else 200)


def _find_app(request: Request, row: int) -> Application:
    found: Application | None = select_apps_of_practice(request.actor.practice).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return found


def _find_webhook(request: Request, row: int) -> Webhook:
    own = select_apps_of_practice(request.actor.practice)
    found = Webhook.objects.filter(pk=row, application__in=own, deleted_at=None)
    webhook = found.select_related("application").first()
    if webhook is None:
        raise NotFound()
    return webhook


def _select_deliveries(request: Request) -> "QuerySet[Delivery]":
    own = select_apps_of_practice(request.actor.practice)
    return Delivery.objects.filter(practice_id=request.actor.practice, webhook__application__in=own)


def _audit(request: Request, webhook: Webhook, what: str) -> None:
    details = {"changed": [what], "webhook": webhook.pk}
    app = webhook.application_id
    emit_audit_event(
        "app changed",
        practice_id=request.actor.practice,
        user_id=request.user.pk,
        app_id=app,
        details=details,
    )


def _summarize_last_attempt(row: Delivery) -> str:
    if not row.attempts:
        return ""
    last = row.attempts[-1]
    return str(last.get("status") or last.get("error") or "")


def _format_body(body: bytes) -> str:
    try:
        return msgspec.json.format(body, indent=2).decode()
    except msgspec.DecodeError:
        return body.decode("utf-8", "replace")
