"""A user's own account: password, second factor, and the apps authorized to act in the user's name."""

from base64 import b32encode
from typing import Any

import segno
from django.contrib import messages
from django.contrib.auth import password_validation, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.debug import sensitive_post_parameters

from charthouse.console.kit.forms import Form, Input
from charthouse.console.kit.page import Request, page, render_page
from charthouse.engine.errors import NotFound
from charthouse.identity import attempt_limits, second_factor, sessions, token_pairs
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import RefreshToken
from charthouse.identity.scopes import list_consent_lines


@page()
def show_account(request: Request) -> HttpResponseBase:
    """Show the user's data, second factor and authorized apps."""
    on = second_factor.is_enabled(request.user)
    values = {
        "on": on,
        "left": second_factor.count_recovery_codes(request.user) if on else 0,
        "apps": [
            {"token": token, "asks": list_consent_lines(token.scope.split())}
            for token in RefreshToken.objects.filter(user=request.user, revoked=None)
            .select_related("application")
            .order_by("application__name")[:100]
        ],
    }
    return render_page(request, "account/account.html", values)


# -- password ---------------------------------------------------------------------------------------------------


@sensitive_post_parameters()
@page(methods=("GET", "POST"))
def change_password(request: Request) -> HttpResponseBase:
    """Change the password, after checking the present one, and end the user's other sessions."""
    form = Form(
        [
            _build_password_input("old", "Current password", "current-password"),
            _build_password_input(
                "new", "New password", "new-password", "At least 12 characters, not a common password."
            ),
            _build_password_input("again", "Confirm new password", "new-password"),
        ]
    )
    old, new, again = form.inputs
    if request.method == "POST":
        sent = request.POST
        if not _is_password(request, sent.get("old", "")):
            old.errors.append("That password is incorrect.")
        try:
            password_validation.validate_password(sent.get("new", ""), request.user)
        except ValidationError as error:
            new.errors += error.messages
        if sent.get("new") != sent.get("again"):
            again.errors.append("The passwords don't match.")
        if not form.has_errors:
            with transaction.atomic():
                request.user.set_password(sent["new"])
                request.user.save(update_fields=["password"])
                emit_audit_event(
                    "password changed", practice_id=request.actor.practice, user_id=request.user.pk
                )
            update_session_auth_hash(request, request.user)
            messages.success(
                request,
                "Your password has been changed. Other sessions of yours have ended. Apps with access to your account "
                "keep it: they are listed here, and can be disconnected.",
            )
            return redirect("account")
    values = {"title": "Change your password", "form": form, "back": reverse("account"), "back_to": "Account"}
    return render_page(request, "kit/edit.html", values, 400 if form.has_errors else 200)


def _build_password_input(name: str, label: str, complete: str, hint: str = "") -> Input:
    return Input(
        name=name,
        label=label,
        kind="password",
        help=hint,
        required=True,
        attributes={"autocomplete": complete, "maxlength": 200},
    )


# -- second factor ----------------------------------------------------------------------------------------------


@sensitive_post_parameters()
@page(methods=("GET", "POST"))
def set_up_second_factor(request: Request) -> HttpResponseBase:
    """Show the secret of a new device as QR code and text; a POST confirms it with a first code.

    The answer to a good code shows the recovery codes, once.
    """
    wrong = ""
    if second_factor.is_enabled(request.user):
        return redirect("account")
    if request.method == "POST":
        codes = second_factor.confirm(request.user, request.POST.get("code", "")[:20])
        if codes is not None:
            sessions.mark_verified(request)
            following = request.session.pop(sessions.AFTER_SETUP_KEY, "")
            return render_page(
                request,
                "account/recovery_codes.html",
                {"codes": codes, "first": True, "following": following},
            )
        wrong = "That code is incorrect. Check the time of your phone, and try the next one."
    device = second_factor.get_pending_device(request.user)
    values = {
        "wrong": wrong,
        "qr": mark_safe(segno.make(device.config_url, error="m").svg_inline(scale=5, border=2, light="#fff")),  # noqa: S308
        "secret": _format_secret(device),
        "required": request.user.practice and request.user.practice.require_second_factor,
    }
    return render_page(request, "account/second_factor.html", values, 400 if wrong else 200)


def _format_secret(device: Any) -> str:
    """Format the secret in base 32, in groups of four, for typing."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


@sensitive_post_parameters()
@page(methods=("GET", "POST"))
def renew_recovery_codes(request: Request) -> HttpResponseBase:
    """Replace the recovery codes, after checking the password."""

    def make_codes() -> HttpResponseBase:
        return render_page(
            request,
            "account/recovery_codes.html",
            {"codes": second_factor.create_recovery_codes(request.user)},
        )

    if not second_factor.is_enabled(request.user):
        return redirect("second-factor")
    return (
        confirm_password(request, "New recovery codes", "Your current codes will stop working.")
        or make_codes()
    )


@sensitive_post_parameters()
@page(methods=("GET", "POST"))
def turn_off_second_factor(request: Request) -> HttpResponseBase:
    """Disable the second factor, after checking the password."""
    asked = confirm_password(
        request,
        "Turn off two-factor authentication",
        "Your account will then be protected by your password alone.",
    )
    if asked is not None:
        return asked
    second_factor.disable(request.user)
    request.session[sessions.VERIFIED_KEY] = False
    messages.success(request, "Two-factor authentication is off.")
    return redirect("account")


def confirm_password(
    request: Request, title: str, about: str, back: str = "", back_to: str = "Account"
) -> HttpResponseBase | None:
    """Ask for the user's password: the page to answer with, or None once it was right."""
    form = Form([_build_password_input("password", "Your password", "current-password")])
    if request.method == "POST":
        if _is_password(request, request.POST.get("password", "")):
            return None
        form.inputs[0].errors.append("That password is incorrect.")
    values = {
        "title": title,
        "about": about,
        "form": form,
        "back": back or reverse("account"),
        "back_to": back_to,
    }
    return render_page(
        request, "kit/edit.html", values | {"button": "Continue"}, 400 if form.has_errors else 200
    )


def _is_password(request: Request, given: str) -> bool:
    """Return whether this is the user's password. A wrong one counts as a failed sign-in. Raises Throttled."""
    attempt = attempt_limits.begin_attempt(request, request.user.username)
    right = request.user.check_password(given)
    if right:
        attempt.forgive()
    return right


# -- apps -------------------------------------------------------------------------------------------------------


@page(methods=("GET", "POST"))
def disconnect_app(request: Request, application: int) -> HttpResponseBase:
    """Revoke the tokens that an app has in the user's name. Raises NotFound."""
    token = RefreshToken.objects.filter(user=request.user, application=application, revoked=None)
    found = token.select_related("application").first()
    if found is None:
        raise NotFound()
    if request.method == "POST":
        token_pairs.deauthorize(application, request.user.pk)
        messages.success(request, f"{found.application.name} no longer has access to your account.")
        return redirect("account")
    values = {
        "title": f"Disconnect {found.application.name}?",
        "text": "The app loses access right away. It can ask you again.",
        "button": "Disconnect",
        "danger": True,
        "back": reverse("account"),
    }
    return render_page(request, "kit/confirm.html", values)
