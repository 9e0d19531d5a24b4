"""The registry of the console: DrChrono's resources, and those that only the console writes."""

from functools import lru_cache

from charthouse.console.resources import (
    billing,
    chart,
    clinical,
    documents,
    inventory,
    medications,
    patients,
    payments,
    practice_lists,
    questionnaires,
    schedule,
    scheduling,
)
from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.resources import Registry
from charthouse.gateway.drchrono.registry import get_registry as get_drchrono_registry
from charthouse.identity.models import PERMISSIONS, SHARING

RESOURCES = (
    *chart.RESOURCES,
    *clinical.RESOURCES,
    *medications.RESOURCES,
    *patients.RESOURCES,
    *practice_lists.RESOURCES,
    *schedule.RESOURCES,
    *scheduling.RESOURCES,
    *billing.RESOURCES,
    *payments.RESOURCES,
    *inventory.RESOURCES,
    *questionnaires.RESOURCES,
    *documents.RESOURCES,
)


@lru_cache(maxsize=1)
def get_registry() -> Registry:
    """Build the console's registry, once a process. No API serves its own resources."""
    return build_registry(
        "console", RESOURCES, base=get_drchrono_registry(), switches=SHARING, permissions=PERMISSIONS
    )
