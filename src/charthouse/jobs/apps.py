from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Background jobs that API callers start and poll."""

    name = "charthouse.jobs"
    label = "jobs"
