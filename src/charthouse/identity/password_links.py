"""Links to set a password: for invited users and for forgotten passwords.

A link is valid once, for a day, and until the password or e-mail address changes. It is sent to the e-mail address of
the account and points to ``BASE_URL``, never to a host that a request names.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from charthouse import clock
from charthouse.identity import origin, tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import User

MIN_LINK_INTERVAL = timedelta(minutes=5)  # between two links to one user requested without signing in


class LinkTokenGenerator(PasswordResetTokenGenerator):
    """Django's token generator on the project's clock."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        """Return what ends a link when it changes: password, e-mail address, sign-in, and the user's generation."""
        hashed: str = super()._make_hash_value(user, timestamp)
        return f"{hashed}{user.sign_in_generation or ''}"

    def _now(self) -> datetime:
        return clock.now().replace(tzinfo=None)


link_tokens = LinkTokenGenerator()


def send_link(user: User, *, invited_by: User | None = None) -> bool:
    """E-mail a link for setting the password to the user. ``invited_by`` makes it an invitation.

    Return False, with nothing sent, if the user is inactive or has no e-mail address or no practice.
    """
    if not user.email or user.practice_id is None or not user.is_active:
        return False
    values = {"user": user, "link": _build_link(user), "invited_by": invited_by}
    words = "Your account at {}" if invited_by else "A new password for {}"
    text = render_to_string("charthouse/mail/set_password.txt", values)
    with tenancy.within(user.practice_id):
        EmailMessage(words.format(user.practice), text, to=[user.email]).send()
        User.objects.filter(pk=user.pk).update(link_sent_at=clock.now())
        by = invited_by.pk if invited_by else None
        emit_audit_event(
            "password link sent", practice_id=user.practice_id, user_id=by, details={"user": user.pk}
        )
    return True


def make_link(user: User) -> str:
    """Return a link for setting the password, for an operator who hands it over. ``user``: active, of a practice."""
    link = _build_link(user)
    with tenancy.within(user.practice_id):
        User.objects.filter(pk=user.pk).update(link_sent_at=clock.now())
        details = {"user": user.pk, "by": "operator"}
        emit_audit_event("password link made", practice_id=user.practice_id, details=details)
    return link


def _build_link(user: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return origin.build_lasting_url(reverse("set-password", args=[uid, link_tokens.make_token(user)]))


def send_requested_links(name: str) -> None:
    """Send links to the users of a username or e-mail address that somebody gave without signing in; at most three, and
    none where one was sent shortly before. Runs in the worker: how long it takes must not reveal who exists."""
    users = User.objects.select_related("practice").filter(
        Q(username=name) | Q(email__iexact=name), is_active=True, practice__isnull=False
    )
    for user in users.filter(Q(link_sent_at=None) | Q(link_sent_at__lt=clock.now() - MIN_LINK_INTERVAL))[:3]:
        send_link(user)
