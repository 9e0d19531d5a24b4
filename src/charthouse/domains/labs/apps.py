from django.apps import AppConfig


class LabsConfig(AppConfig):
    """Laboratory orders, tests, documents and results."""

    name = "charthouse.domains.labs"
    label = "labs"
