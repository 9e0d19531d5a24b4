"""Collecting the declarations of an API from the domains.

A module ``domains/<domain>/<api>/<subject>.py`` lists what it declares in RESOURCES and OPERATIONS.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from charthouse.engine.declaration.resources import Operation, Resource


def import_modules(domain: str, api: str) -> list[ModuleType]:
    """Import the modules of a domain that declare something for an API, in the order of their names."""
    package = import_module(f"charthouse.domains.{domain}.{api}")
    return [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]


def list_resources(modules: list[ModuleType]) -> list[Resource]:
    return [resource for module in modules for resource in getattr(module, "RESOURCES", ())]


def list_operations(modules: list[ModuleType]) -> list[Operation]:
    return [operation for module in modules for operation in getattr(module, "OPERATIONS", ())]
