from django.apps import AppConfig


class LabsConfig(AppConfig):
    """What is sent to laboratories and what comes back: orders, tests, documents, results."""

    name = "charthouse.domains.labs"
    label = "labs"
