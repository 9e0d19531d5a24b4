from typing import Any

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    """What changed and who is told."""

    name = "charthouse.changes"
    label = "changes"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        post_migrate.connect(make_partitions, sender=self, dispatch_uid="charthouse_change_partitions")


def make_partitions(sender: Any, using: str, **signal: Any) -> None:
    """After the migrations there is room for the months to come."""
    from charthouse.changes import partitions

    partitions.make_ahead(using)
