from django.apps import AppConfig


class QuestionnairesConfig(AppConfig):
    """Questionnaires, their assignment to patients, and answers."""

    name = "charthouse.domains.questionnaires"
    label = "questionnaires"
