"""Every resource and function of the Cerbo dialect, gathered from the rooms of the record in one explicit call."""

from functools import lru_cache
from importlib import import_module

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.resources import Registry
from charthouse.engine.execution.routing import Router

# Rooms that have something to show, each in ``domains/<room>/cerbo.py``: RESOURCES, and FUNCTIONS where it has any.
ROOMS = (
    "practice",
    "patients",
    "scheduling",
    "clinical",
    "medications",
    "documents",
    "inventory",
    "questionnaires",
    "messaging",
    "labs",
    "billing",
    "tasks",
)

# Modules of functions that are of no one room. Each lists its own in FUNCTIONS.
BESIDE = ("charthouse.gateway.cerbo.delta", "charthouse.gateway.cerbo.extended_details")


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Built once. Raises ImproperlyConfigured when a declaration is not complete."""
    rooms = [import_module(f"charthouse.domains.{room}.cerbo") for room in ROOMS]
    made = build_registry(
        "cerbo",
        [resource for room in rooms for resource in room.RESOURCES],
        [
            f
            for module in (*rooms, *map(import_module, BESIDE))
            for f in getattr(module, "OPERATIONS", getattr(module, "FUNCTIONS", ()))
        ],
    )
    events = {event.name for resource in made for event in resource.events}
    if unknown := sorted(set(settings.CERBO_EVENTS) - events):
        raise ImproperlyConfigured(f"CHARTHOUSE_CERBO_EVENTS: there is no event {', '.join(unknown)}.")
    return made


@lru_cache(maxsize=1)
def router() -> Router:
    return Router(registry())


@lru_cache(maxsize=1)
def endpoints() -> tuple[str, ...]:
    """The groups of endpoints that an API user can be kept to, by name."""
    declared = [*registry(), *registry().list_operations()]
    return tuple(sorted({scope for one in declared for scope in one.policy.scopes}))
