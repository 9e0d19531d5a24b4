"""API users: programs that call the Cerbo API in the practice's name. For the primary user, since such a program sees
what the whole practice does unless it is kept from it."""

import re
import secrets
from ipaddress import ip_network
from typing import Any

from django import forms as django
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from charthouse.console import forms
from charthouse.console.page import Request, page, show
from charthouse.console.tables import Badge, Column, Table
from charthouse.engine.errors import NotFound
from charthouse.gateway.cerbo.registry import list_endpoint_groups
from charthouse.identity import api_users
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import ApiUser

MOST_ADDRESSES = 50


def _limits(user: ApiUser) -> str:
    told = {
        "reads only": user.read_only,
        "anonymized": user.anonymize,
        f"{len(user.endpoints)} endpoints": user.endpoints,
        f"{len(user.ips)} addresses": user.ips,
    }
    return ", ".join(words for words, on in told.items() if on)


TABLE = Table(
    name="programs",
    label="API users",
    columns=(
        Column("Name", "nickname", sort="nickname", link=lambda row: reverse("program", args=[row.pk])),
        Column("Username", "username", sort="username"),
        Column("Limits", _limits, kind="wide"),
        Column("Contact", "contact", kind="wide"),
        Column("State", lambda row: Badge("on", "green") if row.enabled else Badge("off", "red")),
    ),
    search=("nickname", "username", "contact"),
    order="nickname",
    empty="No API user yet.",
)


class ProgramForm(django.Form):
    nickname = django.CharField(label="Name", max_length=100)
    contact = django.EmailField(
        label="Contact", help_text="Whom to write to when something is wrong with it."
    )
    description = django.CharField(widget=django.Textarea, max_length=2000, required=False)
    read_only = django.BooleanField(label="It may only read", required=False)
    anonymize = django.BooleanField(
        label="It sees no names, addresses or other marks of people",
        required=False,
        help_text="But questionnaires as they were answered, and the free text of charts: they may name people.",
    )
    endpoints = django.MultipleChoiceField(
        label="Kept to these endpoints",
        widget=django.CheckboxSelectMultiple,
        choices=lambda: [(name, name) for name in list_endpoint_groups()],
        required=False,
        help_text="None: all of them.",
    )
    ips = django.CharField(
        label="Addresses it may call from",
        widget=django.Textarea,
        max_length=3000,
        required=False,
        help_text="Addresses or networks (198.51.100.0/24), one on each line. None: anywhere.",
    )
    enabled = django.BooleanField(label="On", required=False, initial=True)

    def clean_ips(self) -> list[str]:
        given = self.cleaned_data["ips"].split()
        if len(given) > MOST_ADDRESSES:
            raise ValidationError(f"At most {MOST_ADDRESSES} addresses.")
        wrong = [text for text in given if not _network(text)]
        if wrong:
            raise ValidationError(f"{wrong[0][:50]} is no address and no network.")
        return list(dict.fromkeys(given))


@page(primary=True)
def listing(request: Request) -> HttpResponseBase:
    values = {
        "title": "API users",
        "about": "Programs that call the Cerbo API in the practice's name, with a name and a secret of their own.",
        "table": TABLE.of(request, ApiUser.objects.filter(practice=request.actor.practice)),
        "add": reverse("program-new"),
        "add_words": "Add API user",
    }
    return show(request, "list.html", values)


@sensitive_variables()
@page(primary=True, methods=("GET", "POST"))
def new(request: Request) -> HttpResponseBase:
    """Make one; its secret is in the answer and nowhere else."""
    form = ProgramForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = ApiUser(practice_id=request.actor.practice, **form.cleaned_data)
        secret = _make(request, made)
        return show(request, "program_secret.html", {"program": made, "secret": secret, "first": True})
    values = {
        "title": "New API user",
        "form": forms.of_django(form),
        "back": reverse("programs"),
        "back_to": "API users",
    }
    return show(request, "edit.html", values, 400 if form.is_bound else 200)


@page(primary=True, methods=("GET", "POST"))
def one(request: Request, row: int) -> HttpResponseBase:
    """What it may do; switched off, its next call is refused."""
    program = _program(request, row)
    initial = {name: getattr(program, name) for name in ProgramForm.base_fields} | {
        "ips": "\n".join(program.ips)
    }
    form = ProgramForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        changed = [name for name, value in form.cleaned_data.items() if getattr(program, name) != value]
        if changed:
            with transaction.atomic():
                ApiUser.objects.filter(pk=row).update(**{name: form.cleaned_data[name] for name in changed})
                _tell(request, program, changed=sorted(changed))
        messages.success(request, "Saved. It holds from the next call on.")
        return redirect("programs")
    values = {"program": program, "form": forms.of_django(form)}
    return show(request, "program.html", values, 400 if form.is_bound else 200)


@sensitive_variables()
@page(primary=True, methods=("GET", "POST"))
def renew(request: Request, row: int) -> HttpResponseBase:
    """A new secret, shown once."""
    program = _program(request, row)
    if request.method == "POST":
        with transaction.atomic():
            secret = api_users.renew_secret(program)
            _tell(request, program, changed=["secret"])
        return show(request, "program_secret.html", {"program": program, "secret": secret})
    values = {
        "title": "Make a new secret?",
        "text": f"The one that {program.nickname} uses now stops working at once.",
        "button": "Make a new secret",
        "danger": True,
        "back": reverse("program", args=[row]),
    }
    return show(request, "confirm.html", values)


def _make(request: Request, program: ApiUser) -> str:
    """Save it under a name that nobody has; its secret."""
    word = re.sub(r"[^a-z0-9]+", "_", program.nickname.lower()).strip("_")[:30] or "program"
    for _ in range(5):
        program.username = f"pk_{word}_{secrets.token_hex(3)}"
        try:
            with transaction.atomic():
                secret = api_users.renew_secret(program)
                _tell(request, program, changed=["made"])
            return secret
        except IntegrityError:  # taken, perhaps by another practice
            program.pk = None
    raise RuntimeError("no free name for an API user")


def _program(request: Request, row: int) -> ApiUser:
    found = ApiUser.objects.filter(practice=request.actor.practice, pk=row).first()
    if found is None:
        raise NotFound()
    return found


def _tell(request: Request, program: ApiUser, **details: Any) -> None:
    person = {"practice_id": request.actor.practice, "user_id": request.user.pk}
    emit_audit_event("api user changed", **person, api_user_id=program.pk, details=details)


def _network(text: str) -> bool:
    try:
        return bool(ip_network(text, strict=False))
    except ValueError:
        return False
