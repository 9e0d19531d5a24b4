"""Pages of a forgotten password: requesting a link, and setting a password by it (``password_links``)."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from charthouse.identity import attempt_limits, lockout, tasks
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.password_links import link_tokens
from charthouse.identity.sealed_secrets import seal


@never_cache
@require_http_methods(["GET", "POST"])
@lockout.answer_throttled
def request_link(request: HttpRequest) -> HttpResponse:
    """Request a link for a username or e-mail address. Neither the response nor the time it takes reveals whether an
    account exists: the name goes to the worker either way, encrypted, since it may be anything."""
    given = request.POST.get("who", "").strip()[:254].replace("\0", "")
    if request.method != "POST" or not given:
        return render(request, "charthouse/forgotten.html")
    attempt_limits.begin_attempt(request)
    tasks.send_password_links.defer(sealed=seal(given))
    return render(request, "charthouse/forgotten.html", {"is_requested": True})


class SetPasswordView(PasswordResetConfirmView):
    """The page on which a link leads to a new password."""

    template_name = "charthouse/set_password.html"
    token_generator = link_tokens

    def dispatch(self, *args: Any, **values: Any) -> HttpResponseBase:
        """Count the attempt to use a link."""
        attempt = attempt_limits.begin_attempt(self.request)
        response = super().dispatch(*args, **values)
        if getattr(self, "validlink", False):
            attempt.forgive()
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            user = form.save()
            emit_audit_event(
                "password changed", practice_id=user.practice_id, user_id=user.pk, details={"by": "link"}
            )
        self.request.session.flush()
        messages.success(self.request, "Your password has been set. Sign in with it.")
        return redirect("sign-in")


set_password = lockout.answer_throttled(SetPasswordView.as_view())
