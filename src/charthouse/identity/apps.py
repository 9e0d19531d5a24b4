from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Who is calling and what they may do: practices, people, OAuth apps, sessions, quotas."""

    name = "charthouse.identity"
    label = "identity"
