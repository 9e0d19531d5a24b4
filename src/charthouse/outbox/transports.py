"""Transports of messages: SMTP for e-mail, an HTTP gateway for text messages, none in a sandbox."""

import json
from email.utils import parseaddr
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from charthouse.outbox.models import Outgoing

TIMEOUT = 20  # seconds


class DeliveryError(Exception):
    """The message could not be handed over. The text is short, without contents or recipient."""


class Transport(Protocol):
    """A way to hand messages over."""

    def send(self, message: Outgoing) -> None:
        """Hand the message over. Raises Undeliverable."""


class SandboxTransport:
    """Sends nothing; the outbox page shows the row, which is marked as sent."""

    def send(self, message: Outgoing) -> None:
        return None


class SmtpTransport:
    """Sends e-mail by SMTP. ``url``: smtp://user:password@host:587 (STARTTLS), smtps://… (TLS), smtp+plain://…
    (neither)."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self.sender = sender
        self.options: dict[str, Any] = {
            "host": parts.hostname or "localhost",
            "port": parts.port or {"smtps": 465, "smtp": 587}.get(parts.scheme, 25),
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp",
            "use_ssl": parts.scheme == "smtps",
        }

    def connect(self) -> EmailBackend:
        """Return the backend of Django that sends by this server."""
        return EmailBackend(timeout=TIMEOUT, **self.options)

    def send(self, message: Outgoing) -> None:
        letter = EmailMessage(
            message.subject,
            message.text,
            self.sender,
            [message.recipient],
            reply_to=[message.reply_to] if message.reply_to else None,
            headers={
                "Message-ID": f"<charthouse-{message.pk}@{parseaddr(self.sender)[1].rpartition('@')[2]}>"
            },
            connection=self.connect(),
        )
        try:
            if not letter.send():
                raise DeliveryError("no recipient")
        except (OSError, ValueError) as error:  # smtplib's errors are OSErrors; a bad address is a ValueError
            raise DeliveryError(type(error).__name__) from None


class SmsGateway:
    """Sends text messages by a POST of ``{"to": …, "text": …}`` as JSON with a bearer token; any 2xx means accepted."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token

    def send(self, message: Outgoing) -> None:
        request = Request(  # noqa: S310 - the operator's own setting
            self.url,
            json.dumps({"to": message.recipient, "text": message.text}).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self.token}",
                "Idempotency-Key": f"charthouse-{message.pk}",
            },
        )
        try:
            with build_opener(_RedirectRefuser).open(request, timeout=TIMEOUT):
                pass
        except HTTPError as error:
            error.close()
            raise DeliveryError(f"the gateway answered {error.code}") from None
        except (OSError, HTTPException) as error:
            raise DeliveryError(type(error).__name__) from None


class _RedirectRefuser(HTTPRedirectHandler):
    """Refuses redirects, which would send the token to another address."""

    def redirect_request(self, *_: object) -> None:
        return None


def get_transport(kind: str) -> Transport | None:
    """Return the transport for a kind of message, None where none is configured and such messages wait."""
    if settings.SANDBOX:
        return SandboxTransport()
    if kind == Outgoing.Kind.EMAIL and settings.SMTP_URL:
        return SmtpTransport(settings.SMTP_URL, settings.DEFAULT_FROM_EMAIL)
    if kind == Outgoing.Kind.SMS and settings.SMS_URL:
        return SmsGateway(settings.SMS_URL, settings.SMS_TOKEN)
    return None
