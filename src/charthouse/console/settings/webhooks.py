"""Webhooks of the practice: address, custom headers, events and deliveries.

Only the primary user sees them, since a receiver gets whole records in no user's name, as API users do.
"""

from typing import Any

from django import forms as django
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from charthouse.changes import actions, custom_headers
from charthouse.changes.event_catalog import get_format, load_catalog
from charthouse.changes.models import Delivery, Webhook
from charthouse.console.developer import webhooks
from charthouse.console.kit import forms
from charthouse.console.kit.page import Request, page, render_page
from charthouse.engine.errors import Invalid, NotFound
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.form_fields import LineField
from charthouse.identity.models import Practice
from charthouse.identity.sealed_secrets import UnsealError

KIND = "practice"
MASK = "\N{BULLET}" * 8  # shown in the place of a value; no header may have it

TABLE = webhooks.build_webhook_table("practice-webhook")


class PracticeWebhookForm(django.Form):
    """A practice's webhook. ``stored``: its stored headers."""

    callback_url = LineField(
        label="Address", max_length=2000, help_text="https, with a full host name, such as hooks.example.com."
    )
    headers = django.CharField(
        widget=django.Textarea,
        max_length=50_000,
        required=False,
        strip=False,
        help_text="One per line, such as Authorization: Bearer 4f1c. They are sent with each delivery and not shown "
        "again: a line with dots keeps its value.",
    )
    active = django.BooleanField(label="On", required=False, initial=True)

    def __init__(self, data: Any = None, *, webhook: Webhook | None = None) -> None:
        self.stored = _decode_headers(webhook) if webhook else {}
        initial = {
            "callback_url": webhook.callback_url if webhook else "",
            "headers": "\n".join(f"{name}: {MASK}" for name in self.stored),
            "active": webhook.active if webhook else True,
        }
        super().__init__(data, initial=initial)
        chosen = set(webhook.events) if webhook else set()
        for group, choices in _group_events().items():
            self.fields[f"on_{group}"] = django.MultipleChoiceField(
                label=forms.make_label(group),
                widget=django.CheckboxSelectMultiple,
                choices=choices,
                initial=[name for name, _ in choices if name in chosen],
                required=False,
            )

    def clean_headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in filter(str.strip, self.cleaned_data["headers"].splitlines()):
            name, colon, value = (part.strip() for part in line.partition(":"))
            if not colon:
                raise ValidationError("Each line has a name, a colon and a value.")
            if name in found:
                raise ValidationError(f"{name[: custom_headers.MAX_NAME_LENGTH]} is there twice.")
            if value == MASK and name not in self.stored:
                raise ValidationError(f"{name[: custom_headers.MAX_NAME_LENGTH]} has no value to keep.")
            found[name] = self.stored[name] if value == MASK else value
        return found

    @property
    def values(self) -> dict[str, Any]:
        """The values that ``changes.actions`` takes."""
        given = self.cleaned_data
        events = [name for group in _group_events() for name in given[f"on_{group}"]]
        return {name: given[name] for name in ("callback_url", "headers", "active")} | {"events": events}


@page(primary=True)
def show_list(request: Request) -> HttpResponseBase:
    """List the practice's webhooks."""
    values = {
        "title": "Webhooks of the practice",
        "about": "Where events of the practice are sent right away, in Cerbo's format.",
        "table": TABLE.build_page(request, _select_webhooks(request)),
        "add": reverse("practice-webhook-new"),
        "add_words": "Add webhook",
    }
    return render_page(request, "kit/list.html", values)


@sensitive_post_parameters()
@sensitive_variables()
@page(primary=True, methods=("GET", "POST"))
def add(request: Request) -> HttpResponseBase:
    """Add a webhook."""
    form = PracticeWebhookForm(request.POST or None)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                webhook = actions.create_practice_webhook(_get_practice(request), **form.values)
                _audit(request, webhook, "made")
            return redirect("practice-webhook", webhook.pk)
        except Invalid as refused:
            refusal = refused
    return _render_form(request, form, "New webhook", reverse("practice-webhooks"), refusal)


@page(primary=True)
def show_webhook(request: Request, row: int) -> HttpResponseBase:
    """Show a webhook and its deliveries, latest first."""
    webhook = _find_webhook(request, row)
    called = get_format(KIND).label_event
    values = {
        "webhook": webhook,
        "events": [called(name) for name in webhook.events],
        "headers": list(_decode_headers(webhook)),
        "broken": _is_secret_unreadable(webhook),
        "state": webhooks.build_state_badge(webhook),
        "back": reverse("practice-webhooks"),
        "back_to": "Webhooks of the practice",
        "edit": reverse("practice-webhook-edit", args=[row]),
        "remove": reverse("practice-webhook-delete", args=[row]),
        "resend": reverse("practice-webhook-resend", args=[row]),
        "table": webhooks.build_delivery_table("practice-webhook-delivery", "practice").build_page(
            request, _select_deliveries(request).filter(webhook=webhook)
        ),
    }
    return render_page(request, "developer/webhook.html", values)


@sensitive_post_parameters()
@sensitive_variables()
@page(primary=True, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    """Change a webhook."""
    webhook = _find_webhook(request, row)
    form = PracticeWebhookForm(request.POST or None, webhook=webhook)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                actions.update(webhook, **form.values)
                _audit(request, webhook, "changed")
            messages.success(request, "Saved.")
            return redirect("practice-webhook", row)
        except Invalid as refused:
            refusal = refused
    return _render_form(request, form, "Edit webhook", reverse("practice-webhook", args=[row]), refusal)


@page(primary=True, methods=("GET", "POST"))
def delete(request: Request, row: int) -> HttpResponseBase:
    """Ask for confirmation, then delete the webhook."""
    webhook = _find_webhook(request, row)
    if request.method == "POST":
        with transaction.atomic():
            actions.delete(webhook)
            _audit(request, webhook, "deleted")
        messages.success(request, "No more events are sent to it.")
        return redirect("practice-webhooks")
    values = {
        "title": "Delete this webhook?",
        "text": f"No more events are sent to {webhook.callback_url}, and its headers are deleted.",
        "button": "Delete",
        "danger": True,
        "back": reverse("practice-webhook", args=[row]),
    }
    return render_page(request, "kit/confirm.html", values)


@page(primary=True, methods=("POST",))
def resend(request: Request, row: int) -> HttpResponseBase:
    """Queue deliveries again: those that were chosen, or those that have failed for good."""
    webhooks.resend_deliveries(request, _find_webhook(request, row), _select_deliveries(request))
    return redirect("practice-webhook", row)


@page(primary=True, methods=("GET", "POST"))
def show_delivery(request: Request, row: int) -> HttpResponseBase:
    """Show what was sent and each attempt; a POST queues it again."""
    found = _select_deliveries(request).filter(pk=row).select_related("webhook").first()
    if found is None:
        raise NotFound()
    return webhooks.render_delivery(request, found, reverse("practice-webhook", args=[found.webhook_id]))


def _render_form(
    request: Request, form: PracticeWebhookForm, title: str, back: str, refusal: Invalid | None
) -> HttpResponseBase:
    values = {
        "title": title,
        "about": "Names marked with * have not been seen at the hosted API; they follow the same pattern.",
        "form": forms.convert_django_form(form).with_errors(refusal),
        "back": back,
        "back_to": "Back",
    }
    return render_page(request, "kit/edit.html", values, 400 if form.is_bound else 200)


def _group_events() -> dict[str, list[tuple[str, str]]]:
    """Group the events by their first part: (name, label) of each."""
    called, found = get_format(KIND).label_event, dict[str, list[tuple[str, str]]]()
    for name, inferred in load_catalog().events[KIND].items():
        exchanged = called(name) != name
        shown = f"{called(name)} *" if inferred and not exchanged else called(name)
        found.setdefault(name.partition(".")[0], []).append((name, shown))
    return found


def _decode_headers(webhook: Webhook) -> dict[str, str]:
    """Decode the custom headers; empty if they cannot be unsealed."""
    try:
        return custom_headers.decode(webhook.secret)
    except UnsealError:
        return {}


def _is_secret_unreadable(webhook: Webhook) -> bool:
    """Say whether the sealed headers cannot be unsealed with the server's keys."""
    try:
        return not webhook.secret
    except UnsealError:
        return True


def _get_practice(request: Request) -> Practice:
    practice = request.user.practice
    assert practice is not None
    return practice


def _select_webhooks(request: Request) -> "QuerySet[Webhook]":
    return Webhook.objects.filter(practice=request.actor.practice, deleted_at=None)


def _find_webhook(request: Request, row: int) -> Webhook:
    found = _select_webhooks(request).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return found


def _select_deliveries(request: Request) -> "QuerySet[Delivery]":
    return Delivery.objects.filter(practice_id=request.actor.practice, webhook__in=_select_webhooks(request))


def _audit(request: Request, webhook: Webhook, what: str) -> None:
    person = {"practice_id": request.actor.practice, "user_id": request.user.pk}
    emit_audit_event("webhook changed", **person, details={"changed": [what], "webhook": webhook.pk})
