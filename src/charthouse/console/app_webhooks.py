"""Webhooks of an app: where it is told and of what, whether its receiver has proved itself, what was delivered.

What is delivered shows rows of the record in somebody's name: only that person, and who has every permission, sees the
bodies here.
"""

import secrets
from datetime import datetime
from typing import Any

import msgspec
from django import forms as django
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
from charthouse.console import forms
from charthouse.console.applications import DEVELOPERS, of_practice
from charthouse.console.page import Request, page, show
from charthouse.console.tables import Badge, Choice, Column, Table
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import PERMISSIONS, Application
from charthouse.identity.sealed_secrets import UnsealError

STATES = {"delivered": "green", "waiting": "blue", "failed": "red"}


def state(webhook: Webhook) -> Badge:
    if not webhook.active:
        return Badge("off", "secondary")
    if webhook.kind == "practice":
        return Badge("on", "green")
    return Badge("verified", "green") if webhook.verified_at else Badge("not verified", "orange")


def _narrowed(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    if value == "delivered":
        return rows.exclude(delivered_at=None)
    if value:
        return rows.filter(delivered_at=None, next_try__isnull=value == "failed")
    return rows


def table(view: str) -> Table:
    """Webhooks, each with a link to its page."""
    return Table(
        name="webhooks",
        label="Webhooks",
        columns=(
            Column("Address", "callback_url", sort="callback_url", link=lambda row: reverse(view, args=[row.pk])),
            Column("Events", lambda row: len(row.events), kind="number"),
            Column("State", state),
            Column("Made", "created_at", sort="created_at", kind="wide"),
        ),
        empty="No webhook yet.",
    )  # fmt: skip


def deliveries_table(view: str) -> Table:
    """Deliveries, each with a link to its page."""
    return Table(
        name="deliveries",
        label="Deliveries",
        columns=(
            Column("When", "at", link=lambda row: reverse(view, args=[row.pk])),
            Column("Event", "event"),
            Column("State", lambda row: Badge(row.state, STATES[row.state])),
            Column("Attempts", lambda row: len(row.attempts), kind="number"),
            Column("Last answer", lambda row: _last(row), kind="wide"),
        ),
        choices=(
            Choice(
                name="state",
                label="State",
                options=(("", "Every state"), *((name, name.capitalize()) for name in STATES)),
                narrow=_narrowed,
            ),
        ),
        order="-pk",
        empty="Nothing was delivered yet.",
    )


TABLE = table("webhook")
DELIVERIES = deliveries_table("delivery")


class WebhookForm(django.Form):
    """What an app's developer decides."""

    callback_url = django.CharField(label="Callback address", max_length=2000)
    secret_token = django.CharField(
        max_length=256,
        strip=False,
        help_text="Sent with each delivery, and what your receiver proves itself with. You need it there.",
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


@page(DEVELOPERS)
def listing(request: Request, row: int) -> HttpResponseBase:
    app = _app(request, row)
    values = {
        "title": "Webhooks",
        "about": f"Where {app.name} is told of what happens.",
        "table": TABLE.of(request, Webhook.objects.filter(application=app)),
        "add": reverse("webhook-new", args=[row]),
        "add_words": "Add webhook",
        "back": reverse("app", args=[row]),
        "back_to": app.name,
    }
    return show(request, "list.html", values)


@sensitive_post_parameters()
@page(DEVELOPERS, methods=("GET", "POST"))
def new(request: Request, row: int) -> HttpResponseBase:
    """Add a webhook, and ask its receiver at once."""
    app = _app(request, row)
    form = WebhookForm(request.POST or None, initial={"secret_token": secrets.token_urlsafe(24)})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with transaction.atomic():
                made = actions.create_app_webhook(
                    app, given["callback_url"], given["secret_token"], given["events"]
                )
                _told(request, made, "webhook made")
            _ask(request, made)
            return redirect("webhook", made.pk)
        except Invalid as refusal:
            return _form(request, form, "New webhook", reverse("webhooks", args=[row]), refusal)
    return _form(request, form, "New webhook", reverse("webhooks", args=[row]))


@page(DEVELOPERS)
def one(request: Request, row: int) -> HttpResponseBase:
    """A webhook and its deliveries in the practice, latest first."""
    webhook = _webhook(request, row)
    values = {
        "webhook": webhook,
        "events": webhook.events,
        "state": state(webhook),
        "back": reverse("webhooks", args=[webhook.application_id]),
        "back_to": f"Webhooks of {webhook.application.name}" if webhook.application else "",
        "edit": reverse("webhook-edit", args=[row]),
        "table": DELIVERIES.of(
            request, Delivery.objects.filter(webhook=webhook, practice_id=request.actor.practice)
        ),
    }
    return show(request, "webhook.html", values)


@sensitive_post_parameters()
@page(DEVELOPERS, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    """Change a webhook; a new address has to prove itself anew."""
    webhook = _webhook(request, row)
    initial = {"callback_url": webhook.callback_url, "events": webhook.events, "active": webhook.active}
    form = WebhookForm(request.POST or None, initial=initial)
    form.fields["secret_token"].required = False
    form.fields["secret_token"].help_text = "Empty: it stays as it is."
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
                _told(request, webhook, "webhook changed")
            if webhook.verified_at is None:
                _ask(request, webhook)
            return redirect("webhook", row)
        except Invalid as refusal:
            return _form(request, form, "Change webhook", back, refusal)
    return _form(request, form, "Change webhook", back)


@page(DEVELOPERS, methods=("POST",))
def verify(request: Request, row: int) -> HttpResponseBase:
    webhook = _webhook(request, row)
    _ask(request, webhook)
    return redirect("webhook", row)


@page(DEVELOPERS, methods=("POST",))
def ping(request: Request, row: int) -> HttpResponseBase:
    sent = actions.ping(_webhook(request, row))
    messages.success(request, "A ping is on its way.")
    return redirect("delivery", sent.pk)


@sensitive_variables()
@page(DEVELOPERS, methods=("GET", "POST"))
def delivery(request: Request, row: int) -> HttpResponseBase:
    """What was sent, to whom, and how each attempt ended. A POST sends it again."""
    found = _deliveries(request).filter(pk=row).select_related("webhook").first()
    if found is None:
        raise NotFound()
    return delivered(request, found, reverse("webhook", args=[found.webhook_id]))


@sensitive_variables()
def delivered(request: Request, found: Delivery, back: str) -> HttpResponseBase:
    """The page of a delivery, below its webhook's at ``back``. A POST sends it again."""
    if request.method == "POST":
        actions.redeliver(found.webhook, found.pk)
        messages.success(request, "It will be sent again, the same bytes.")
        return redirect(request.path)
    own = found.user_id in (None, request.user.pk) or set(PERMISSIONS) <= set(request.user.permissions)
    lines = [
        ("Happened", found.at),
        ("To", found.webhook.callback_url),
        ("State", Badge(found.state, STATES[found.state])),
        ("Next attempt", found.next_try),
    ]
    attempts = [one | {"at": datetime.fromisoformat(one["at"])} for one in found.attempts]
    body = _pretty(bytes(found.body)) if own else ""
    called = get_format(found.webhook.kind).label_event(found.event)
    values = {"called": called, "lines": lines, "attempts": attempts, "body": body, "back": back}
    return show(request, "delivery.html", values)


def _ask(request: Request, webhook: Webhook) -> None:
    try:
        problem = actions.verify(webhook)
    except UnsealError:
        raise Conflict("Its secret was sealed with another key of the server. Enter it anew.") from None
    if problem:
        messages.error(
            request, f"The receiver has not proved itself: {problem} Nothing is delivered until it has."
        )
    else:
        messages.success(request, "The receiver has proved itself. Deliveries begin.")


def _form(
    request: Request, form: WebhookForm, title: str, back: str, refusal: Invalid | None = None
) -> HttpResponseBase:
    drawn = forms.of_django(form).told(refusal)
    values = {"title": title, "form": drawn, "back": back, "back_to": "Back"}
    return show(request, "edit.html", values, 400 if form.is_bound else 200)


def _app(request: Request, row: int) -> Application:
    found: Application | None = of_practice(request.actor.practice).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return found


def _webhook(request: Request, row: int) -> Webhook:
    found = Webhook.objects.filter(pk=row, application__in=of_practice(request.actor.practice))
    webhook = found.select_related("application").first()
    if webhook is None:
        raise NotFound()
    return webhook


def _deliveries(request: Request) -> "QuerySet[Delivery]":
    own = of_practice(request.actor.practice)
    return Delivery.objects.filter(practice_id=request.actor.practice, webhook__application__in=own)


def _told(request: Request, webhook: Webhook, what: str) -> None:
    details = {"changed": [what], "webhook": webhook.pk}
    app = webhook.application_id
    emit_audit_event(
        "app changed",
        practice_id=request.actor.practice,
        user_id=request.user.pk,
        app_id=app,
        details=details,
    )


def _last(row: Delivery) -> str:
    if not row.attempts:
        return ""
    last = row.attempts[-1]
    return str(last.get("status") or last.get("error") or "")


def _pretty(body: bytes) -> str:
    try:
        return msgspec.json.format(body, indent=2).decode()
    except msgspec.DecodeError:
        return body.decode("utf-8", "replace")
