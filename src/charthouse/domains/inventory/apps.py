from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """What the practice has in stock, and the vaccines that were given out of it."""

    name = "charthouse.domains.inventory"
    label = "inventory"
