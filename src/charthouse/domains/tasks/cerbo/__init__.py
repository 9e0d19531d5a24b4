"""Tasks in the Cerbo API."""

from charthouse.domains.tasks.cerbo.tasks import tasks

RESOURCES = [tasks]
