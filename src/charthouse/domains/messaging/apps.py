from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """The message center, messages to patients, and the log of calls."""

    name = "charthouse.domains.messaging"
    label = "messaging"
