from django.apps import AppConfig


class DialectsConfig(AppConfig):
    """The wire formats. Whoever tells of changes renders them by a dialect's declarations."""

    name = "charthouse.dialects"
    label = "dialects"

    def ready(self) -> None:
        from charthouse.changes import catalogue

        catalogue.register(_drchrono)


def _drchrono():  # type: ignore[no-untyped-def]
    from charthouse.dialects.drchrono.registry import registry

    return registry()
