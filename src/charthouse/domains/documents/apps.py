from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents of patients, and consent forms."""

    name = "charthouse.domains.documents"
    label = "documents"

    def ready(self) -> None:
        from charthouse.domains.documents import hooks
        from charthouse.domains.scheduling.signals import checking_in

        checking_in.connect(hooks.require_signatures)
