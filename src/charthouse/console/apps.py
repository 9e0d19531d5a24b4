from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The pages of a practice's users and of app developers."""

    name = "charthouse.console"
    label = "console"
