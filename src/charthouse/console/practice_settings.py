"""Settings of the practice, for its primary user: who may do what at a glance, what its doctors share, its switches."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect

from charthouse.console.page import Request, page, show
from charthouse.identity.models import PERMISSIONS, SHARING, Practice, User
from charthouse.identity.permissions import set_permissions, set_sharing

SHARING_WORDS = {
    "share_patients": "Patients",
    "share_clinical_templates": "Clinical templates",
    "share_appointment_profiles": "Appointment profiles",
    "share_billing_profiles": "Billing profiles",
    "share_consent_forms": "Consent forms",
    "custom_insurance_plan_name": "Custom insurance plan names",
    "share_faxes": "Faxes",
    "share_reminder_profile": "Reminder profiles",
    "share_fee_schedule": "Fee schedules",
    "share_inventory": "Inventory",
}
MOST_PEOPLE = 100  # in the matrix; the others have a page of their own
IDLE = range(1, 721)  # minutes


@page(primary=True, methods=("GET", "POST"))
def settings(request: Request) -> HttpResponseBase:
    """Permissions of the people of one's practice, what its doctors share, and its switches. Primary user only."""
    if request.method == "POST":
        _save(request, request.actor.practice)
        messages.success(request, "Saved.")
        return redirect("settings")
    practice = Practice.objects.get(pk=request.actor.practice)
    people = [_person(person) for person in _people(request.actor.practice)[: MOST_PEOPLE + 1]]
    return show(
        request,
        "settings.html",
        {
            "practice": practice,
            "permissions": PERMISSIONS,
            "people": people[:MOST_PEOPLE],
            "more": len(people) > MOST_PEOPLE,
            "sharing": [(name, SHARING_WORDS[name], name in practice.sharing) for name in SHARING],
        },
    )


def _people(practice: int) -> Any:
    return User.objects.filter(practice=practice).order_by(
        "-is_active", "-is_primary", "last_name", "first_name", "id"
    )


def _person(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "name": f"{user.first_name} {user.last_name}".strip() or user.username,
        "username": user.username,
        "role": user.role,
        "primary": user.is_primary,
        "active": user.is_active,
        "may": [(name, name in user.permissions) for name in PERMISSIONS],
    }


def _save(request: Request, practice: int) -> None:
    """All of the form or nothing. Only people whom the form has shown are changed."""
    posted = request.POST
    sharing = _known(posted.getlist("sharing"), SHARING)
    people = {str(person.pk): person for person in _people(practice)}
    shown = _known(posted.getlist("person"), tuple(people))
    permissions = {pk: _known(posted.getlist(f"may-{pk}"), PERMISSIONS) for pk in shown}
    with transaction.atomic():
        row = Practice.objects.select_for_update().get(pk=practice)
        row.refuse_duplicate_patients = "refuse_duplicate_patients" in posted
        row.require_second_factor = "require_second_factor" in posted
        row.idle_minutes = _minutes(posted.get("idle_minutes", str(row.idle_minutes)))
        row.save(update_fields=["refuse_duplicate_patients", "require_second_factor", "idle_minutes"])
        set_sharing(practice, sharing, by=request.actor.required_user)
        for pk, names in permissions.items():
            set_permissions(people[pk], names, by=request.actor.required_user)


def _known(given: list[str], names: tuple[str, ...]) -> list[str]:
    """The given names, in their usual order. Raises BadRequest for one that doesn't exist."""
    if not set(given) <= set(names):
        raise BadRequest("Unknown choice.")
    return [name for name in names if name in given]


def _minutes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and int(text) in IDLE):
        raise BadRequest(f"People are signed out after {IDLE[0]} to {IDLE[-1]} idle minutes.")
    return int(text)
