"""Questionnaires in the Cerbo API."""

from charthouse.domains.questionnaires import answers
from charthouse.domains.questionnaires.cerbo.questionnaires import patient_questionnaires, queue_questionnaire

RESOURCES = [patient_questionnaires]
OPERATIONS = [queue_questionnaire]
# How staff accept a portal request into the chart, by its type.
ACCEPT = {"questionnaire": answers.accept_answers}
