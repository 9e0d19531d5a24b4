from django.apps import AppConfig


class RetentionConfig(AppConfig):
    """What is deleted after which time, and what is kept."""

    name = "charthouse.retention"
    label = "retention"
