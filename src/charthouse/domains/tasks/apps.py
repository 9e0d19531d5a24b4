from django.apps import AppConfig


class TasksConfig(AppConfig):
    """What somebody of the practice has to do, for whom, by when."""

    name = "charthouse.domains.tasks"
    label = "tasks"
