"""The registry of DrChrono's API: every resource and operation, gathered from the domains in one explicit call."""

from functools import lru_cache
from importlib import import_module

from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.resources import Registry
from charthouse.engine.execution.routing import Router

# Domains that declare something for this API, each in the package ``domains/<domain>/drchrono``:
# RESOURCES, and OPERATIONS where it has any.
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
    packages = [import_module(f"charthouse.domains.{domain}.drchrono") for domain in DOMAINS]
    return build_registry(
        "drchrono",
        [resource for package in packages for resource in package.RESOURCES],
        [o for m in (*packages, *map(import_module, OTHER_MODULES)) for o in getattr(m, "OPERATIONS", ())],
    )


@lru_cache(maxsize=1)
def get_router() -> Router:
    """Build the router of the registry, once."""
    return Router(get_registry())
