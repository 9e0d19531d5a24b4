from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """The practice's stock, and the vaccines given from it."""

    name = "charthouse.domains.inventory"
    label = "inventory"
