from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Work that a caller starts and asks for later."""

    name = "charthouse.jobs"
    label = "jobs"
