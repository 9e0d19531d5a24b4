"""Pages for people: signing in and out, and the settings of a practice."""

from typing import Any

from django.conf import settings as configuration
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from charthouse.identity.models import PERMISSIONS, SHARING, Practice, User


class SignIn(AuthenticationForm):
    def clean_username(self) -> str:
        """Nobody has a longer name than its column holds; the table of failed attempts has no room for it either."""
        username: str = self.cleaned_data["username"]
        if len(username) > 150:
            raise self.get_invalid_login_error()
        return username


sign_in = LoginView.as_view(
    template_name="charthouse/sign_in.html", authentication_form=SignIn, redirect_authenticated_user=True
)
sign_out = LogoutView.as_view(next_page="sign-in")

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


def content_policy(response: HttpResponseBase, form_action: str = "") -> None:
    """Let the browser load nothing from elsewhere. ``form_action`` is one more place that forms may lead to."""
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {form_action}".rstrip()
    )


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """The answer to somebody who has failed to sign in too often; the same whether the name exists or not."""
    minutes = int(configuration.AXES_COOLOFF_TIME.total_seconds() // 60)
    return render(request, "charthouse/locked_out.html", {"minutes": minutes}, status=429)


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "charthouse/home.html")


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def settings(request: HttpRequest) -> HttpResponse:
    """Permissions of the people of one's practice, what its doctors share, and its switches. Primary user only."""
    user = request.user
    if not isinstance(user, User) or user.practice_id is None or not user.is_primary:
        raise PermissionDenied("Only the primary user of a practice may open its settings.")
    if request.method == "POST":
        _save(request, user.practice_id)
        messages.success(request, "Saved.")
        return redirect("settings")
    practice = Practice.objects.get(pk=user.practice_id)
    return render(
        request,
        "charthouse/settings.html",
        {
            "practice": practice,
            "permissions": PERMISSIONS,
            "people": [_person(person) for person in _people(user.practice_id)],
            "sharing": [(name, SHARING_WORDS[name], name in practice.sharing) for name in SHARING],
        },
    )


def _people(practice: int) -> Any:
    return User.objects.filter(practice=practice).order_by("-is_primary", "last_name", "first_name", "id")


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


def _save(request: HttpRequest, practice: int) -> None:
    """All of the form or nothing. Only people whom the form has shown are changed."""
    posted = request.POST
    sharing = _known(posted.getlist("sharing"), SHARING)
    people = {str(person.pk): person for person in _people(practice)}
    shown = _known(posted.getlist("person"), tuple(people))
    permissions = {pk: _known(posted.getlist(f"may-{pk}"), PERMISSIONS) for pk in shown}
    with transaction.atomic():
        Practice.objects.filter(pk=practice).update(
            sharing=sharing, refuse_duplicate_patients="refuse_duplicate_patients" in posted
        )
        for pk, names in permissions.items():
            User.objects.filter(pk=people[pk].pk, practice=practice).update(permissions=names)


def _known(given: list[str], names: tuple[str, ...]) -> list[str]:
    """The given names, in their usual order. Raises BadRequest for one that doesn't exist."""
    if not set(given) <= set(names):
        raise BadRequest("Unknown choice.")
    return [name for name in names if name in given]
