from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """The message center, messages to patients, and the log of calls."""

    name = "charthouse.domains.messaging"
    label = "messaging"

    def ready(self) -> None:
        from charthouse.domains.labs.signals import result_posted
        from charthouse.domains.messaging import lab_reports

        result_posted.connect(lab_reports.notify_doctor)
