from django.apps import AppConfig


class TasksConfig(AppConfig):
    """What somebody of the practice has to do, for whom, by when."""

    name = "charthouse.domains.tasks"
    label = "tasks"

    def ready(self) -> None:
        from charthouse.domains.documents.signals import follow_up_asked
        from charthouse.domains.tasks import reviews

        follow_up_asked.connect(reviews.come_back)
