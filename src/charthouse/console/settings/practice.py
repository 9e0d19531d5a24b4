"""Settings of the practice, for its primary user: permissions, doctors' sharing, switches."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect

from charthouse.console.kit.page import Request, page, render_page
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import PERMISSIONS, SHARING, Practice, User
from charthouse.identity.permissions import set_permissions, set_sharing

SHARING_LABELS = {
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
MAX_USERS = 100  # in the matrix; the others have a page of their own
IDLE_MINUTES = range(1, 721)  # minutes
NOTICE_HOURS = range(721)
HOURS = range(24)  # of the day
PROXY_END_AGES = range(12, 22)  # years
SIGN_IN_RULES = ("require_second_factor", "idle_minutes")


@page(primary=True, methods=("GET", "POST"))
def edit_settings(request: Request) -> HttpResponseBase:
    """Show the settings; a POST saves them."""
    if request.method == "POST":
        _save(request, request.actor.practice)
        messages.success(request, "Saved.")
        return redirect("settings")
    practice = Practice.objects.get(pk=request.actor.practice)
    people = [_build_row(person) for person in _select_users(request.actor.practice)[: MAX_USERS + 1]]
    return render_page(
        request,
        "settings/practice.html",
        {
            "practice": practice,
            "hours": [(hour, f"{hour % 12 or 12} {'AM' if hour < 12 else 'PM'}") for hour in HOURS],
            "permissions": PERMISSIONS,
            "people": people[:MAX_USERS],
            "more": len(people) > MAX_USERS,
            "sharing": [(name, SHARING_LABELS[name], name in practice.sharing) for name in SHARING],
        },
    )


def _select_users(practice: int) -> Any:
    return User.objects.filter(practice=practice).order_by(
        "-is_active", "-is_primary", "last_name", "first_name", "id"
    )


def _build_row(user: User) -> dict[str, Any]:
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
    """Save the whole form or nothing. Only users whom the form listed are changed."""
    posted = request.POST
    sharing = _require_known(posted.getlist("sharing"), SHARING)
    people = {str(person.pk): person for person in _select_users(practice)}
    shown = _require_known(posted.getlist("person"), tuple(people))
    permissions = {pk: _require_known(posted.getlist(f"may-{pk}"), PERMISSIONS) for pk in shown}
    with transaction.atomic():
        row = Practice.objects.select_for_update().get(pk=practice)
        before = {name: getattr(row, name) for name in SIGN_IN_RULES}
        row.refuse_duplicate_patients = "refuse_duplicate_patients" in posted
        row.require_second_factor = "require_second_factor" in posted
        row.idle_minutes = _parse_number(
            posted.get("idle_minutes", str(row.idle_minutes)), IDLE_MINUTES, "minutes without activity"
        )
        row.portal_notice_hours = _parse_number(
            posted.get("portal_notice_hours", str(row.portal_notice_hours)), NOTICE_HOURS, "hours of notice"
        )
        row.proxy_end_age = _parse_number(
            posted.get("proxy_end_age", str(row.proxy_end_age)), PROXY_END_AGES, "years of age"
        )
        for name in ("quiet_from", "quiet_until"):
            number = _parse_number(posted.get(name, str(getattr(row, name))), HOURS, "as the hour of day")
            setattr(row, name, number)
        changed = (
            *("refuse_duplicate_patients", "portal_notice_hours", "proxy_end_age"),
            *("quiet_from", "quiet_until"),
        )
        row.save(update_fields=[*SIGN_IN_RULES, *changed])
        _record_sign_in_rules(row, before, request.actor.required_user)
        set_sharing(practice, sharing, by=request.actor.required_user)
        for pk, names in permissions.items():
            set_permissions(people[pk], names, by=request.actor.required_user)


def _record_sign_in_rules(practice: Practice, before: dict[str, Any], by: int) -> None:
    """Record the event, where a rule for signing in has changed."""
    now = {name: getattr(practice, name) for name in SIGN_IN_RULES}
    if changed := {name: value for name, value in now.items() if value != before[name]}:
        emit_audit_event("sign-in rules changed", practice_id=practice.pk, user_id=by, details=changed)


def _require_known(given: list[str], names: tuple[str, ...]) -> list[str]:
    """Return the given names in their usual order. Raises BadRequest for an unknown one."""
    if not set(given) <= set(names):
        raise BadRequest("Unknown choice.")
    return [name for name in names if name in given]


def _parse_number(text: str, allowed: range, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and int(text) in allowed):
        raise BadRequest(f"Enter {allowed[0]} to {allowed[-1]} {what}.")
    return int(text)
