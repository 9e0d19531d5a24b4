from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The pages where people of a practice, and developers of apps, see and run it."""

    name = "charthouse.console"
    label = "console"
