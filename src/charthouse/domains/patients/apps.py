from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """Patients, their insurance, and what a practice adds to their charts."""

    name = "charthouse.domains.patients"
    label = "patients"
