from django.apps import AppConfig


class ClinicalConfig(AppConfig):
    """Clinical notes and the lists of a chart."""

    name = "charthouse.domains.clinical"
    label = "clinical"
