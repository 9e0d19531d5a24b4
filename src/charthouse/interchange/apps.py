from django.apps import AppConfig


class InterchangeConfig(AppConfig):
    """The record in other people's formats."""

    name = "charthouse.interchange"
    label = "interchange"

    def ready(self) -> None:
        from charthouse.domains.labs.signals import order_sent
        from charthouse.interchange import tasks

        order_sent.connect(tasks.requisition_of)
