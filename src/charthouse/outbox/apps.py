from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "charthouse.outbox"
    label = "post"
