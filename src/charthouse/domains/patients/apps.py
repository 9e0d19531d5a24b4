from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """Patients, who pays for them, and what a practice notes beside their names."""

    name = "charthouse.domains.patients"
    label = "patients"
