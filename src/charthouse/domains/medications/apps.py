from django.apps import AppConfig


class MedicationsConfig(AppConfig):
    """Medications, supplements, and messages between the practice and pharmacies."""

    name = "charthouse.domains.medications"
    label = "medications"
