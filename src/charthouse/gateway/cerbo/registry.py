"""The registry of Cerbo's API: every resource and operation, gathered from the domains in one explicit call."""

from functools import lru_cache
from importlib import import_module

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.resources import Registry
from charthouse.engine.execution.routing import Router
from charthouse.gateway.declarations import import_modules, list_operations, list_resources
from charthouse.identity.models import PERMISSIONS, SHARING

# Domains that declare something for this API, each in the package ``domains/<domain>/cerbo``.
DOMAINS = (
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

# Modules that declare operations of no one domain, in OPERATIONS.
OTHER_MODULES = ("charthouse.gateway.cerbo.delta", "charthouse.gateway.cerbo.extended_details")


@lru_cache(maxsize=1)
def get_registry() -> Registry:
    """Build the registry, once. Raises ImproperlyConfigured when a declaration is not complete."""
    modules = [module for domain in DOMAINS for module in import_modules(domain, "cerbo")]
    modules += map(import_module, OTHER_MODULES)
    registry = build_registry(
        "cerbo", list_resources(modules), list_operations(modules), switches=SHARING, permissions=PERMISSIONS
    )
    check_event_names(registry)
    return registry


def check_event_names(registry: Registry) -> None:
    """Check that the setting CERBO_EVENTS renames events that there are. Raises ImproperlyConfigured."""
    events = {event.name for resource in registry for event in resource.events}
    if unknown := sorted(set(settings.CERBO_EVENTS) - events):
        raise ImproperlyConfigured(f"CHARTHOUSE_CERBO_EVENTS: there is no event {', '.join(unknown)}.")


@lru_cache(maxsize=1)
def get_router() -> Router:
    """Build the router of the registry, once."""
    return Router(get_registry())


@lru_cache(maxsize=1)
def list_endpoint_groups() -> tuple[str, ...]:
    """List the names of the groups of endpoints that an API user can be limited to."""
    declared = [*get_registry(), *get_registry().list_operations()]
    return tuple(sorted({scope for one in declared for scope in one.policy.scopes}))
