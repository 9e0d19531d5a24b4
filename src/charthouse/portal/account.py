"""A patient's own log-in: its name, and another password for who knows the old one."""

from axes.handlers.proxy import AxesProxyHandler
from django.contrib import messages
from django.contrib.auth.hashers import check_password
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters

from charthouse.domains.patients import portal_access
from charthouse.identity.lockout import render_locked_out
from charthouse.portal import sessions
from charthouse.portal.forms import PASSWORD_MOST, Password
from charthouse.portal.page import Request, page, show
from charthouse.portal.sign_in import counted


@sensitive_post_parameters()
@page("GET", "POST")
def account(request: Request) -> HttpResponseBase:
    """Wrong passwords count as they do at signing in. A new one ends every other session."""
    row, patient = request.guest.access, request.guest.patient
    if request.method != "POST":
        return show(request, "account.html", {"form": Password(patient=patient)})
    attempt = {"username": counted(row.username)}
    if not AxesProxyHandler.is_allowed(request, attempt):
        return render_locked_out(request)
    form, current = Password(request.POST, patient=patient, username=row.username), ""
    good, old = form.is_valid(), request.POST.get("current", "")[:PASSWORD_MOST]
    if not check_password(old, row.password):
        current = "This is not your password."
        AxesProxyHandler.user_login_failed(sender=sessions.COOKIE, credentials=attempt, request=request)
    if current or not good:
        return show(request, "account.html", {"form": form, "wrong": [current] if current else []}, 400)
    portal_access.change_password(row, form.cleaned_data["password"])
    sessions.begin(request, row)
    messages.success(request, "Your password has been changed.")
    return redirect("portal-account")
