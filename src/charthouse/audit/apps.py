from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Who saw or did what."""

    name = "charthouse.audit"
    label = "audit"
