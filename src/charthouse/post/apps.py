from django.apps import AppConfig


class PostConfig(AppConfig):
    name = "charthouse.post"
    label = "post"
