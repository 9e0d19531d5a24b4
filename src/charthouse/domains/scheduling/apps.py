from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """The calendar: appointments, breaks and series, their settings, and what is measured at a visit."""

    name = "charthouse.domains.scheduling"
    label = "scheduling"
