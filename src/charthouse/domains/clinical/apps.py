from django.apps import AppConfig


class ClinicalConfig(AppConfig):
    """What is charted: notes and their templates, problems, allergies, procedures, plans, observations, devices."""

    name = "charthouse.domains.clinical"
    label = "clinical"
