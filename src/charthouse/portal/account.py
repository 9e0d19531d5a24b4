"""The patient's own portal login."""

from axes.handlers.proxy import AxesProxyHandler
from django.contrib import messages
from django.contrib.auth.hashers import check_password
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from charthouse.domains.patients import portal_access
from charthouse.identity import attempt_limits
from charthouse.identity.lockout import render_locked_out
from charthouse.portal import sessions
from charthouse.portal.forms import MAX_PASSWORD_LENGTH, PasswordForm
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.sign_in import hash_username


@sensitive_post_parameters()
@page("GET", "POST")
def change_password(request: Request) -> HttpResponseBase:
    """Show the login; a POST changes the password, after checking the present one.

    Wrong passwords count as failed sign-ins. A new password ends the login's other sessions.
    """
    row, patient = request.guest.access, request.guest.person
    if request.method != "POST":
        return render_page(request, "account.html", {"form": PasswordForm(patient=patient)})
    attempt = {"username": hash_username(row.username)}
    if not AxesProxyHandler.is_allowed(request, attempt):
        return render_locked_out(request)
    counted = attempt_limits.begin_attempt(request, attempt["username"])
    form, current = PasswordForm(request.POST, patient=patient, username=row.username), ""
    good, old = form.is_valid(), request.POST.get("current", "")[:MAX_PASSWORD_LENGTH]
    if check_password(old, row.password):
        counted.forgive()
    else:
        current = _("That password is incorrect.")
        AxesProxyHandler.user_login_failed(sender=sessions.COOKIE, credentials=attempt, request=request)
    if current or not good:
        return render_page(
            request, "account.html", {"form": form, "wrong": [current] if current else []}, 400
        )
    portal_access.change_password(row, form.cleaned_data["password"])
    sessions.start_session(request, row)
    messages.success(request, _("Your password has been changed."))
    return redirect("portal-account")
