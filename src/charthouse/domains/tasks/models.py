"""Tasks with their categories, statuses and templates. Codes are stored as the API shows them: reference
drchrono/enums.yaml."""

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Record, RecordKey


class TaskCategory(Record):
    """A category of tasks. ``is_global``: it came with the practice."""

    name = models.CharField(max_length=200)
    is_global = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "task categories"

    def __str__(self) -> str:
        return self.name


class TaskStatus(Record):
    """A status of tasks. ``status_category``: O open, P in progress, H on hold, C complete.
    ``task_category``: the category of tasks it is meant for."""

    name = models.CharField(max_length=200)
    status_category = models.CharField(max_length=1, default="O")
    task_category = RecordKey("tasks.TaskCategory", null=True, blank=True, indexed=False)

    class Meta:
        verbose_name_plural = "task statuses"
        constraints = [
            models.CheckConstraint(
                condition=Q(status_category__in=("O", "P", "H", "C")), name="task_status_category"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Task(Record):
    """A task of a user or of a group. ``due_at``: null if unknown. ``priority``: 10 low, 20 medium, 30 high,
    40 urgent. ``completed_at``: since when its status is a complete one. To archive one puts it away, with its notes;
    a task about a deleted patient, and no other, is archived with the patient (a trigger, see migration 0002)."""

    archives_parts = False

    title = models.CharField(max_length=500)
    status = RecordKey("tasks.TaskStatus")
    category = RecordKey("tasks.TaskCategory", null=True, blank=True)
    priority = models.PositiveSmallIntegerField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    remind_minutes_before = models.PositiveIntegerField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    assignee_user = RecordKey("identity.User", null=True, blank=True)
    assignee_group = RecordKey("practice.UserGroup", null=True, blank=True)
    assigned_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    created_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(assignee_user__isnull=False) | Q(assignee_group__isnull=False),
                name="task_has_assignee",
            ),
            models.CheckConstraint(
                condition=Q(priority__isnull=True) | Q(priority__in=(10, 20, 30, 40)), name="task_priority"
            ),
        ]
        indexes = [
            models.Index(fields=["practice", "due_at"], name="task_due"),
            models.Index(fields=["practice", "updated_at"], name="task_updated"),
        ]

    def __str__(self) -> str:
        return f"task {self.pk}"

    @classmethod
    def find_orphaned(cls, *, withdrawn_only: bool) -> Q:
        """Return the condition of tasks about deleted patients alone."""
        patients = Patient.objects.filter(practice=OuterRef("practice_id"), pk=OuterRef("value_id"))
        items = AssociatedItem.objects.filter(
            practice=OuterRef("practice_id"), task=OuterRef("pk"), type="Patient"
        )
        living = items.filter(Exists(patients.filter(archived=False)), archived=False)
        return Q(Exists(items.filter(Exists(patients.filter(archived=True))))) & ~Q(Exists(living))


class TaskNote(Record):
    task = RecordKey("tasks.Task", part_of=True)
    text = models.TextField()
    created_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    def __str__(self) -> str:
        return f"note {self.pk} of task {self.task_id}"


class AssociatedItem(Record):
    """A row that a task is about: its type in the API's word, and its id."""

    # for the request log (``audit.subjects``)
    names_subjects_of = "task"
    named_models: ClassVar = {
        "Patient": "patients.Patient",
        "Appointment": "scheduling.Appointment",
        "Document": "documents.Document",
        "Encounter": "clinical.ClinicalNote",
        "Message": "messaging.Message",
        "Communication": "messaging.CommLog",
        "Lab order": "labs.LabOrder",
        "Lab result": "labs.LabResult",
        "Lab document": "labs.LabDocument",
    }

    task = RecordKey("tasks.Task", part_of=True)
    type = models.CharField(max_length=20)
    value_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["practice", "type", "value_id"], name="item_by_value")]

    def __str__(self) -> str:
        return f"{self.type} {self.value_id} of task {self.task_id}"


class TaskTemplate(Record):
    """Defaults of a new task. ``default_due_date_offset``: a duration as ``[DD] [HH:[MM:]]ss[.uuuuuu]``."""

    name = models.CharField(max_length=200)
    default_title = text(500)
    default_note = models.TextField(blank=True, default="")
    default_priority = models.PositiveSmallIntegerField(null=True, blank=True)
    default_due_date_offset = text(40)
    default_status = RecordKey("tasks.TaskStatus", null=True, blank=True)
    default_category = RecordKey("tasks.TaskCategory", null=True, blank=True)
    default_assignee_user = RecordKey("identity.User", null=True, blank=True)
    default_assignee_group = RecordKey("practice.UserGroup", null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(default_priority__isnull=True) | Q(default_priority__in=(10, 20, 30, 40)),
                name="task_template_priority",
            )
        ]

    def __str__(self) -> str:
        return self.name
