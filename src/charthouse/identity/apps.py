from typing import Any

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Who is calling and what they may do: practices, people, OAuth apps, sessions, quotas."""

    name = "charthouse.identity"
    label = "identity"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        user_logged_in.disconnect(dispatch_uid="update_last_login")
        user_logged_in.connect(last_login, dispatch_uid="charthouse_last_login")


def last_login(sender: Any, user: Any, **signal: Any) -> None:
    """Django would ask the system's clock."""
    from charthouse import clock

    user.last_login = clock.now()
    user.save(update_fields=["last_login"])
