from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents of patients, and the forms that patients sign."""

    name = "charthouse.domains.documents"
    label = "documents"

    def ready(self) -> None:
        from charthouse.domains.documents import hooks
        from charthouse.domains.scheduling.signals import checking_in

        checking_in.connect(hooks.require_signatures)
