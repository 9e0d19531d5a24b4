from django.apps import AppConfig


class PostConfig(AppConfig):
    name = "charthouse.outbox"
    label = "post"
