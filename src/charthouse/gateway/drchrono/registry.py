"""Every resource and function of the DrChrono dialect, gathered from the rooms of the record in one explicit call."""

from functools import lru_cache
from importlib import import_module

from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.resources import Registry
from charthouse.engine.execution.routing import Router

ROOMS = (
    "practice",
    "patients",
    "scheduling",
    "clinical",
    "medications",
    "labs",
    "billing",
    "documents",
    "inventory",
    "messaging",
    "tasks",
)

# Modules of functions that are of no one room. Each lists its own in FUNCTIONS, as a room's module may.
BESIDE: tuple[str, ...] = (
    "charthouse.gateway.drchrono.bulk_lists",
    "charthouse.audit.drchrono",
    "charthouse.interchange.ccda.drchrono",
    "charthouse.interchange.ccda.jobs",
    "charthouse.interchange.objectives.drchrono",
    "charthouse.interchange.qrda.drchrono",
)


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Built once. Raises ImproperlyConfigured when a declaration is not complete."""
    rooms = [import_module(f"charthouse.domains.{room}.drchrono") for room in ROOMS]
    return build_registry(
        "drchrono",
        [resource for room in rooms for resource in room.RESOURCES],
        [
            f
            for module in (*rooms, *map(import_module, BESIDE))
            for f in getattr(module, "OPERATIONS", getattr(module, "FUNCTIONS", ()))
        ],
    )


@lru_cache(maxsize=1)
def router() -> Router:
    return Router(registry())
