from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from charthouse.changes import partitions


class ChangesConfig(AppConfig):
    """The change feed and webhooks."""

    name = "charthouse.changes"
    label = "changes"

    def ready(self) -> None:
        post_migrate.connect(
            create_partitions_after_migrate, sender=self, dispatch_uid="charthouse_change_partitions"
        )


def create_partitions_after_migrate(sender: Any, using: str, **signal: Any) -> None:
    """Create the partitions of the coming months after migrations have run (a receiver of ``post_migrate``)."""
    partitions.create_partitions(using)
