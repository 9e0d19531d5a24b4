from django.apps import AppConfig


class TasksConfig(AppConfig):
    """Tasks of users and groups of the practice."""

    name = "charthouse.domains.tasks"
    label = "tasks"

    def ready(self) -> None:
        from charthouse.domains.documents.signals import follow_up_requested
        from charthouse.domains.tasks import follow_ups

        follow_up_requested.connect(follow_ups.create_follow_up_task)
