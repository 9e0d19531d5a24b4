"""Questionnaires, their assignment to patients, and answers: docs/decisions/0270-questionnaires.md

Only the Cerbo API shows answers. No API creates questions; the console does.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Authored, Record, RecordKey

KINDS = {
    "text": "A line of text",
    "long_text": "Several lines of text",
    "yes_no": "Yes or no",
    "one": "One of several choices",
    "several": "Any of several choices",
    "number": "A number",
    "date": "A date",
}
CHOSEN = ("one", "several")  # kinds of questions that have choices


class Questionnaire(Record):
    """Questions that are asked together. ``kind``: a category in the practice's own words. An archived one is
    no longer assigned; open assignments may still be answered."""

    name = models.CharField(max_length=200)
    kind = text(100)
    introduction = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "name"], condition=Q(archived=False), name="questionnaire_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Question(Record):
    """A question. ``key``: the key of its answers, which never changes; ``order``: within the questionnaire;
    ``choices``: only of the kinds CHOSEN."""

    questionnaire = RecordKey("questionnaires.Questionnaire")
    key = models.CharField(max_length=80)
    order = models.PositiveIntegerField()
    words = models.CharField(max_length=500)
    hint = text(500)
    kind = models.CharField(max_length=10)
    choices = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    required = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=tuple(KINDS)), name="question_kind"),
            models.UniqueConstraint(fields=["practice", "questionnaire", "key"], name="question_key_once"),
        ]

    def __str__(self) -> str:
        return self.words


class Assignment(Record):
    """A questionnaire that a patient is to answer, assigned at ``created_at`` by ``asked_by``. ``request``:
    the answers in the portal's queue, sent at ``answered_at``. An archived one was withdrawn."""

    patient = RecordKey("patients.Patient")
    questionnaire = RecordKey("questionnaires.Questionnaire", indexed=False)
    asked_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    answered_at = models.DateTimeField(null=True, blank=True)
    request = RecordKey("patients.PortalRequest", null=True, blank=True, indexed=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "patient", "questionnaire"],
                condition=Q(archived=False, answered_at__isnull=True),
                name="asked_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(request__isnull=True) | Q(answered_at__isnull=False), name="asked_then_answered"
            ),
        ]

    def __str__(self) -> str:
        return f"questionnaire {self.questionnaire_id} for patient {self.patient_id}"


class Answers(Authored, Record):
    """A patient's answers in the chart. ``html_content``: sanitized HTML to read; ``raw_data``: by key;
    ``questionnaire``: null where an app sent answers to its own questions; ``answered_at``: when they were
    sent."""

    patient = RecordKey("patients.Patient")
    questionnaire = RecordKey("questionnaires.Questionnaire", null=True, blank=True, indexed=False)
    questionnaire_type = text(100)
    questionnaire_name = text(200)
    html_content = models.TextField()
    raw_data = models.JSONField(default=dict, blank=True)
    answered_at = models.DateTimeField(default=clock.now)
    request = RecordKey("patients.PortalRequest", null=True, blank=True, indexed=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "request"],
                condition=Q(request__isnull=False),
                name="answered_once_a_request",
            )
        ]
        verbose_name_plural = "answers"

    def __str__(self) -> str:
        return f"answers {self.pk} of patient {self.patient_id}"
