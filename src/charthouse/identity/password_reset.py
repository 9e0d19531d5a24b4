"""Password links: for invited users and for forgotten passwords.

A link is valid once, for a day, and until the password or e-mail address changes. It is sent to the e-mail address of
the account and points to ``BASE_URL``, never to a host that a request names.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from charthouse import clock
from charthouse.identity import origin, tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import User

MIN_LINK_INTERVAL = timedelta(minutes=5)  # between two links to one user requested without signing in


class LinkTokenGenerator(PasswordResetTokenGenerator):
    """Django's token generator on the project's clock."""

    def _now(self) -> datetime:
        return clock.now().replace(tzinfo=None)


link_tokens = LinkTokenGenerator()


def send_link(user: User, *, invited_by: User | None = None) -> bool:
    """E-mail a link for setting the password to the user. ``invited_by`` makes it an invitation.

    Return False, with nothing sent, if the user is inactive or has no e-mail address or no practice.
    """
    if not user.email or user.practice_id is None or not user.is_active:
        return False
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("set-password", args=[uid, link_tokens.make_token(user)])
    values = {"user": user, "link": origin.build_lasting_url(path), "invited_by": invited_by}
    words = "Your account at {}" if invited_by else "A new password for {}"
    text = render_to_string("charthouse/mail/set_password.txt", values)
    with tenancy.within(user.practice_id):
        EmailMessage(words.format(user.practice), text, to=[user.email]).send()
        User.objects.filter(pk=user.pk).update(link_sent_at=clock.now())
    return True


@never_cache
@require_http_methods(["GET", "POST"])
def request_link(request: HttpRequest) -> HttpResponse:
    """Send a link for a username or e-mail address. The response does not reveal whether an account exists."""
    given = request.POST.get("who", "").strip()[:254].replace("\0", "")
    if request.method != "POST" or not given:
        return render(request, "charthouse/forgotten.html")
    users = User.objects.select_related("practice").filter(
        Q(username=given) | Q(email__iexact=given), is_active=True, practice__isnull=False
    )
    for user in users.filter(Q(link_sent_at=None) | Q(link_sent_at__lt=clock.now() - MIN_LINK_INTERVAL))[:3]:
        send_link(user)
    return render(request, "charthouse/forgotten.html", {"asked": True})


class SetPasswordView(PasswordResetConfirmView):
    """The page on which a link leads to a new password."""

    template_name = "charthouse/set_password.html"
    token_generator = link_tokens

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            user = form.save()
            emit_audit_event(
                "password changed", practice_id=user.practice_id, user_id=user.pk, details={"by": "link"}
            )
        self.request.session.flush()
        messages.success(self.request, "Your password has been set. Sign in with it.")
        return redirect("sign-in")


set_password = SetPasswordView.as_view()
