from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "charthouse.files"
    label = "files"
