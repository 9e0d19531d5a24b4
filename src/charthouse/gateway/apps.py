from django.apps import AppConfig


class DialectsConfig(AppConfig):
    """The two APIs. Their declarations render the objects of webhooks."""

    name = "charthouse.gateway"
    label = "dialects"

    def ready(self) -> None:
        from charthouse.changes import event_catalog
        from charthouse.gateway.cerbo import webhooks as practices
        from charthouse.gateway.drchrono import webhooks as apps

        event_catalog.register_format(apps.MANNER)
        event_catalog.register_format(practices.MANNER)
