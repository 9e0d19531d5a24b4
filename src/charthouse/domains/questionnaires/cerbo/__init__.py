"""Questionnaires in the Cerbo API."""

from charthouse.domains.questionnaires import answers

# How staff accept a portal request into the chart, by its type.
ACCEPT = {"questionnaire": answers.accept_answers}
