from django.apps import AppConfig


class MedicationsConfig(AppConfig):
    """What patients take, and the messages about it that pass between the practice and pharmacies."""

    name = "charthouse.domains.medications"
    label = "medications"
