"""Tasks in the DrChrono API."""

from charthouse.domains.tasks.drchrono.categories import task_categories
from charthouse.domains.tasks.drchrono.notes import task_notes
from charthouse.domains.tasks.drchrono.statuses import task_statuses
from charthouse.domains.tasks.drchrono.tasks import tasks
from charthouse.domains.tasks.drchrono.templates import task_templates

RESOURCES = [tasks, task_notes, task_categories, task_statuses, task_templates]
