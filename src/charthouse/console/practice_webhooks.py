"""Webhooks of the practice: where it is told of what happens in it, with which headers, and what was delivered. For the
primary user, as API users are: a receiver gets whole records, in nobody's name."""

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
from charthouse.console import app_webhooks, forms
from charthouse.console.page import Request, page, show
from charthouse.engine.errors import Invalid, NotFound
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Practice
from charthouse.identity.sealed_secrets import UnsealError

KIND = "practice"
KEPT = "\N{BULLET}" * 8  # stands for a value that is not shown; no header can have it

TABLE = app_webhooks.table("endpoint")
DELIVERIES = app_webhooks.deliveries_table("endpoint-delivery")


class EndpointForm(django.Form):
    """``kept``: the headers that it has."""

    callback_url = django.CharField(
        label="Address", max_length=2000, help_text="https, with a full host name, such as hooks.example.com."
    )
    headers = django.CharField(
        widget=django.Textarea,
        max_length=50_000,
        required=False,
        strip=False,
        help_text="One on each line, such as Authorization: Bearer 4f1c. They go with each delivery and are not shown "
        "again: a line with dots keeps its value.",
    )
    active = django.BooleanField(label="On", required=False, initial=True)

    def __init__(self, data: Any = None, *, webhook: Webhook | None = None) -> None:
        self.kept = _headers(webhook) if webhook else {}
        initial = {
            "callback_url": webhook.callback_url if webhook else "",
            "headers": "\n".join(f"{name}: {KEPT}" for name in self.kept),
            "active": webhook.active if webhook else True,
        }
        super().__init__(data, initial=initial)
        chosen = set(webhook.events) if webhook else set()
        for group, choices in _groups().items():
            self.fields[f"on_{group}"] = django.MultipleChoiceField(
                label=forms.label(group),
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
            if value == KEPT and name not in self.kept:
                raise ValidationError(f"{name[: custom_headers.MAX_NAME_LENGTH]} has no value to keep.")
            found[name] = self.kept[name] if value == KEPT else value
        return found

    @property
    def values(self) -> dict[str, Any]:
        """What ``actions`` takes."""
        given = self.cleaned_data
        events = [name for group in _groups() for name in given[f"on_{group}"]]
        return {name: given[name] for name in ("callback_url", "headers", "active")} | {"events": events}


@page(primary=True)
def listing(request: Request) -> HttpResponseBase:
    values = {
        "title": "Webhooks of the practice",
        "about": "Where others are told at once of what happens in the practice, as Cerbo tells it.",
        "table": TABLE.of(request, _own(request)),
        "add": reverse("endpoint-new"),
        "add_words": "Add webhook",
    }
    return show(request, "list.html", values)


@sensitive_post_parameters()
@sensitive_variables()
@page(primary=True, methods=("GET", "POST"))
def new(request: Request) -> HttpResponseBase:
    form = EndpointForm(request.POST or None)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                made = actions.create_practice_webhook(_practice(request), **form.values)
                _tell(request, made, "made")
            return redirect("endpoint", made.pk)
        except Invalid as refused:
            refusal = refused
    return _form(request, form, "New webhook", reverse("endpoints"), refusal)


@page(primary=True)
def one(request: Request, row: int) -> HttpResponseBase:
    """An endpoint and its deliveries, latest first."""
    webhook = _webhook(request, row)
    called = get_format(KIND).label_event
    values = {
        "webhook": webhook,
        "events": [called(name) for name in webhook.events],
        "headers": list(_headers(webhook)),
        "broken": _broken(webhook),
        "state": app_webhooks.state(webhook),
        "back": reverse("endpoints"),
        "back_to": "Webhooks of the practice",
        "edit": reverse("endpoint-edit", args=[row]),
        "remove": reverse("endpoint-delete", args=[row]),
        "table": DELIVERIES.of(request, _deliveries(request).filter(webhook=webhook)),
    }
    return show(request, "webhook.html", values)


@sensitive_post_parameters()
@sensitive_variables()
@page(primary=True, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    webhook = _webhook(request, row)
    form = EndpointForm(request.POST or None, webhook=webhook)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                actions.update(webhook, **form.values)
                _tell(request, webhook, "changed")
            messages.success(request, "Saved.")
            return redirect("endpoint", row)
        except Invalid as refused:
            refusal = refused
    return _form(request, form, "Change webhook", reverse("endpoint", args=[row]), refusal)


@page(primary=True, methods=("GET", "POST"))
def delete(request: Request, row: int) -> HttpResponseBase:
    webhook = _webhook(request, row)
    if request.method == "POST":
        with transaction.atomic():
            actions.delete(webhook)
            _tell(request, webhook, "deleted")
        messages.success(request, "It is told of nothing more.")
        return redirect("endpoints")
    values = {
        "title": "Delete this webhook?",
        "text": f"{webhook.callback_url} is told of nothing more, and its headers are forgotten.",
        "button": "Delete",
        "danger": True,
        "back": reverse("endpoint", args=[row]),
    }
    return show(request, "confirm.html", values)


@page(primary=True, methods=("GET", "POST"))
def delivery(request: Request, row: int) -> HttpResponseBase:
    """What was sent and how each attempt ended. A POST sends it again."""
    found = _deliveries(request).filter(pk=row).select_related("webhook").first()
    if found is None:
        raise NotFound()
    return app_webhooks.delivered(request, found, reverse("endpoint", args=[found.webhook_id]))


def _form(
    request: Request, form: EndpointForm, title: str, back: str, refusal: Invalid | None
) -> HttpResponseBase:
    values = {
        "title": title,
        "about": "Names marked with * were never seen at the hosted API; they are formed like those that were.",
        "form": forms.of_django(form).told(refusal),
        "back": back,
        "back_to": "Back",
    }
    return show(request, "edit.html", values, 400 if form.is_bound else 200)


def _groups() -> dict[str, list[tuple[str, str]]]:
    """(name, what is shown of it) of the events, by what they are about."""
    called, found = get_format(KIND).label_event, dict[str, list[tuple[str, str]]]()
    for name, inferred in load_catalog().events[KIND].items():
        exchanged = called(name) != name
        shown = f"{called(name)} *" if inferred and not exchanged else called(name)
        found.setdefault(name.partition(".")[0], []).append((name, shown))
    return found


def _headers(webhook: Webhook) -> dict[str, str]:
    """None where they can't be opened; ``_broken`` says so."""
    try:
        return custom_headers.decode(webhook.secret)
    except UnsealError:
        return {}


def _broken(webhook: Webhook) -> bool:
    try:
        return not webhook.secret
    except UnsealError:
        return True


def _practice(request: Request) -> Practice:
    practice = request.user.practice
    assert practice is not None
    return practice


def _own(request: Request) -> "QuerySet[Webhook]":
    return Webhook.objects.filter(practice=request.actor.practice, deleted_at=None)


def _webhook(request: Request, row: int) -> Webhook:
    found = _own(request).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return found


def _deliveries(request: Request) -> "QuerySet[Delivery]":
    return Delivery.objects.filter(practice_id=request.actor.practice, webhook__in=_own(request))


def _tell(request: Request, webhook: Webhook, what: str) -> None:
    person = {"practice_id": request.actor.practice, "user_id": request.user.pk}
    emit_audit_event("webhook changed", **person, details={"changed": [what], "webhook": webhook.pk})
