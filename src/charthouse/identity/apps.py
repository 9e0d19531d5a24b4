from typing import Any

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Authentication and authorization: practices, users, OAuth apps, API users, sessions, rate limits."""

    name = "charthouse.identity"
    label = "identity"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from charthouse.identity import faults, url_converters
        from charthouse.identity.database import outages

        url_converters.register()
        outages.call_on_return(faults.begin_incarnation)
        user_logged_in.disconnect(dispatch_uid="update_last_login")
        user_logged_in.connect(update_last_login, dispatch_uid="charthouse_last_login")


def update_last_login(sender: Any, user: Any, **signal: Any) -> None:
    """Set ``last_login`` from the project's clock, in place of Django's receiver, which uses the system clock."""
    from charthouse import clock

    user.last_login = clock.now()
    user.save(update_fields=["last_login"])
