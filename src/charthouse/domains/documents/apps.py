from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents of patients, and the forms that patients sign."""

    name = "charthouse.domains.documents"
    label = "documents"
