"""The registry of DrChrono's API: every resource and operation, gathered from the domains in one explicit call."""

from functools import lru_cache
from importlib import import_module

from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.resources import Registry
from charthouse.engine.execution.routing import Router
from charthouse.gateway.declarations import import_modules, list_operations, list_resources
from charthouse.identity.models import PERMISSIONS, SHARING

# Domains that declare something for this API, each in the package ``domains/<domain>/drchrono``.
DOMAINS = (
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

# Modules that declare operations of no one domain, in OPERATIONS.
OTHER_MODULES: tuple[str, ...] = (
    "charthouse.gateway.drchrono.bulk_lists",
    "charthouse.audit.drchrono",
    "charthouse.interchange.ccda.drchrono",
    "charthouse.interchange.ccda.jobs",
    "charthouse.interchange.objectives.drchrono",
    "charthouse.interchange.qrda.drchrono",
)


@lru_cache(maxsize=1)
def get_registry() -> Registry:
    """Build the registry, once. Raises ImproperlyConfigured when a declaration is not complete."""
    modules = [module for domain in DOMAINS for module in import_modules(domain, "drchrono")]
    modules += map(import_module, OTHER_MODULES)
    return build_registry(
        "drchrono",
        list_resources(modules),
        list_operations(modules),
        switches=SHARING,
        permissions=PERMISSIONS,
    )


@lru_cache(maxsize=1)
def get_router() -> Router:
    """Build the router of the registry, once."""
    return Router(get_registry())
