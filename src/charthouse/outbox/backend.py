"""Django's e-mail, queued like everything else: who asks for a new password must not see whether there is an account
from how long the answer takes."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from charthouse.identity import tenancy
from charthouse.outbox import send


class Queued(BaseEmailBackend):
    """Writes the messages as rows of the practice that is established. Raises RuntimeError where none is."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        practice = tenancy.database().tenant
        if practice is None:
            raise RuntimeError("An e-mail is a practice's: send it within one.")
        for message in messages:
            for recipient in message.recipients():
                send.email(
                    practice,
                    recipient,
                    str(message.subject),
                    str(message.body),
                    purpose="account",
                    reply_to=", ".join(message.reply_to)[:254],
                )
        return len(messages)
