"""API users: programs that call the Cerbo API in the practice's name, for the primary user.

An API user sees what the whole practice sees, unless it is limited.
"""

import re
import secrets
from typing import Any

from django import forms as django
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from charthouse.console.kit import forms
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table
from charthouse.engine.errors import NotFound
from charthouse.gateway.cerbo.registry import list_endpoint_groups
from charthouse.identity import api_users
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.client_ip import is_network
from charthouse.identity.form_fields import LineField, LinesField
from charthouse.identity.models import ApiUser

MAX_ADDRESSES = 50


def _describe_limits(user: ApiUser) -> str:
    limits = {
        "reads only": user.read_only,
        "anonymized": user.anonymize,
        f"{len(user.endpoints)} endpoints": user.endpoints,
        f"{len(user.ips)} addresses": user.ips,
    }
    return ", ".join(words for words, on in limits.items() if on)


TABLE = Table(
    name="programs",
    label="API users",
    columns=(
        Column("Name", "nickname", sort="nickname", link=lambda row: reverse("api-user", args=[row.pk])),
        Column("Username", "username", sort="username"),
        Column("Limits", _describe_limits, kind="wide"),
        Column("Contact", "contact", kind="wide"),
        Column("State", lambda row: Badge("on", "green") if row.enabled else Badge("off", "red")),
    ),
    search=("nickname", "username", "contact"),
    order="nickname",
    empty="No API users yet.",
)


class ApiUserForm(django.Form):
    """The values of an API user."""

    nickname = LineField(label="Name", max_length=100)
    contact = django.EmailField(label="Contact", help_text="Whom to contact about problems with it.")
    description = LinesField(max_length=2000, required=False)
    read_only = django.BooleanField(label="It may only read", required=False)
    anonymize = django.BooleanField(
        label="De-identified: no names, addresses or other identifiers",
        required=False,
        help_text="Answers to questionnaires and free text in charts are shown as they are and may name people.",
    )
    endpoints = django.MultipleChoiceField(
        label="Limited to these endpoints",
        widget=django.CheckboxSelectMultiple,
        choices=lambda: [(name, name) for name in list_endpoint_groups()],
        required=False,
        help_text="Leave empty for all.",
    )
    ips = LinesField(
        label="Allowed IP addresses",
        max_length=3000,
        required=False,
        help_text="Addresses or networks (198.51.100.0/24), one per line. Leave empty to allow any.",
    )
    enabled = django.BooleanField(label="On", required=False, initial=True)

    def clean_ips(self) -> list[str]:
        given = self.cleaned_data["ips"].split()
        if len(given) > MAX_ADDRESSES:
            raise ValidationError(f"At most {MAX_ADDRESSES} addresses.")
        wrong = [text for text in given if not is_network(text)]
        if wrong:
            raise ValidationError(f"{wrong[0][:50]} is no address and no network.")
        return list(dict.fromkeys(given))


@page(primary=True)
def show_list(request: Request) -> HttpResponseBase:
    """List the practice's API users."""
    values = {
        "title": "API users",
        "about": "Programs that call the Cerbo API for the practice, each with its own username and secret.",
        "table": TABLE.build_page(request, ApiUser.objects.filter(practice=request.actor.practice)),
        "add": reverse("api-user-new"),
        "add_words": "Add API user",
    }
    return render_page(request, "kit/list.html", values)


@sensitive_variables()
@page(primary=True, methods=("GET", "POST"))
def add(request: Request) -> HttpResponseBase:
    """Add an API user; its secret is in the answer and stored only as a digest."""
    form = ApiUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        api_user = ApiUser(practice_id=request.actor.practice, **form.cleaned_data)
        secret = _save_with_free_username(request, api_user)
        return render_page(
            request, "settings/api_user_secret.html", {"api_user": api_user, "secret": secret, "first": True}
        )
    values = {
        "title": "New API user",
        "form": forms.convert_django_form(form),
        "back": reverse("api-users"),
        "back_to": "API users",
    }
    return render_page(request, "kit/edit.html", values, 400 if form.is_bound else 200)


@page(primary=True, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    """Change an API user; a disabled one is refused from its next call on."""
    api_user = _find_api_user(request, row)
    initial = {name: getattr(api_user, name) for name in ApiUserForm.base_fields} | {
        "ips": "\n".join(api_user.ips)
    }
    form = ApiUserForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        changed = [name for name, value in form.cleaned_data.items() if getattr(api_user, name) != value]
        if changed:
            with transaction.atomic():
                ApiUser.objects.filter(pk=row).update(**{name: form.cleaned_data[name] for name in changed})
                _audit(request, api_user, changed=sorted(changed))
        messages.success(request, "Saved. It applies from the next call on.")
        return redirect("api-users")
    values = {"api_user": api_user, "form": forms.convert_django_form(form)}
    return render_page(request, "settings/api_user.html", values, 400 if form.is_bound else 200)


@sensitive_variables()
@page(primary=True, methods=("GET", "POST"))
def renew_secret(request: Request, row: int) -> HttpResponseBase:
    """Replace the secret and show the new one, once."""
    api_user = _find_api_user(request, row)
    if request.method == "POST":
        with transaction.atomic():
            secret = api_users.renew_secret(api_user)
            _audit(request, api_user, changed=["secret"])
        return render_page(request, "settings/api_user_secret.html", {"api_user": api_user, "secret": secret})
    values = {
        "title": "Rotate the secret?",
        "text": f"The current secret of {api_user.nickname} stops working right away.",
        "button": "Rotate secret",
        "danger": True,
        "back": reverse("api-user", args=[row]),
    }
    return render_page(request, "kit/confirm.html", values)


def _save_with_free_username(request: Request, api_user: ApiUser) -> str:
    """Save the API user under a free username and return its secret."""
    word = re.sub(r"[^a-z0-9]+", "_", api_user.nickname.lower()).strip("_")[:30] or "program"
    for _ in range(5):
        api_user.username = f"pk_{word}_{secrets.token_hex(3)}"
        try:
            with transaction.atomic():
                secret = api_users.renew_secret(api_user)
                _audit(request, api_user, changed=["made"])
            return secret
        except IntegrityError:  # taken, perhaps by another practice
            api_user.pk = None
    raise RuntimeError("no free name for an API user")


def _find_api_user(request: Request, row: int) -> ApiUser:
    found = ApiUser.objects.filter(practice=request.actor.practice, pk=row).first()
    if found is None:
        raise NotFound()
    return found


def _audit(request: Request, api_user: ApiUser, **details: Any) -> None:
    person = {"practice_id": request.actor.practice, "user_id": request.user.pk}
    emit_audit_event("api user changed", **person, api_user_id=api_user.pk, details=details)
