from django.apps import AppConfig


class DialectsConfig(AppConfig):
    """The wire formats. Whoever tells of changes renders them by a dialect's declarations."""

    name = "charthouse.gateway"
    label = "dialects"

    def ready(self) -> None:
        from charthouse.changes import catalogue
        from charthouse.gateway.cerbo import webhooks as practices
        from charthouse.gateway.drchrono import webhooks as apps

        catalogue.register(apps.MANNER)
        catalogue.register(practices.MANNER)
