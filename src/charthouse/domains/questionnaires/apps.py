from django.apps import AppConfig


class QuestionnairesConfig(AppConfig):
    """What a practice asks its patients, whom it has asked, and what they answered."""

    name = "charthouse.domains.questionnaires"
    label = "questionnaires"
