from django.apps import AppConfig


class PracticeConfig(AppConfig):
    """The practice: its doctors, offices, exam rooms and groups of users."""

    name = "charthouse.domains.practice"
    label = "practice"
