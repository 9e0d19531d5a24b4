"""Django's e-mail backend, which queues messages: the response time of a password reset must not reveal whether the
account exists."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from charthouse.identity import tenancy
from charthouse.outbox import queue


class QueuedEmailBackend(BaseEmailBackend):
    """Queues messages as rows of the current tenant. Raises RuntimeError without a tenant."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        practice = tenancy.get_connection().tenant
        if practice is None:
            raise RuntimeError("An e-mail is a practice's: send it within one.")
        for message in messages:
            for recipient in message.recipients():
                queue.queue_email(
                    practice,
                    recipient,
                    str(message.subject),
                    str(message.body),
                    purpose="account",
                    reply_to=", ".join(message.reply_to)[:254],
                )
        return len(messages)
