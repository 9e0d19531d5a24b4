"""Building the registry of an API: all its declarations are complete, or the server does not start."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models

from charthouse.engine.declaration import deidentification
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.hooks import list_read_keys
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS
from charthouse.engine.declaration.resources import METHODS, Declaration, Operation, Registry, Resource
from charthouse.engine.sql.expressions import RESERVED


def build_registry(
    name: str,
    resources: Iterable[Resource],
    operations: Iterable[Operation] = (),
    base: Registry | None = None,
    *,
    switches: Collection[str],
    permissions: Collection[str],
) -> Registry:
    """The registry of these declarations.

    base         another registry, whose resources these may refer to and which are found here as well
    switches     the sharing switches that a practice has
    permissions  the permissions that a user may have

    Raises ImproperlyConfigured with every fault found.
    """
    registry = Registry(name, base)
    faults: list[str] = []
    for resource in resources:
        if resource.path in registry.resources:
            faults.append(f"{resource.path}: declared twice")
        registry.resources[resource.path] = resource
        resource.registry = registry
    for resource in registry.list_own():
        faults += [f"{resource.path}: {fault}" for fault in _find_faults(registry, resource)]
        for operation in resource.operations:
            faults += [f"{operation.path}: {fault}" for fault in _bind(registry, operation)]
    for operation in operations:
        methods = registry.operations.setdefault(operation.path, {})
        if operation.method in methods:
            faults.append(f"{operation.path}: {operation.method} is declared twice")
        methods[operation.method] = operation
        faults += [f"{operation.path}: {fault}" for fault in _bind(registry, operation)]
    faults += _find_policy_faults(registry, {*switches, ALWAYS, ""}, set(permissions))
    if faults:
        raise ImproperlyConfigured(f"{name} declarations:\n" + "\n".join(faults))
    return registry


def _find_policy_faults(registry: Registry, switches: set[str], permissions: set[str]) -> Iterable[str]:
    declarations: list[Declaration] = [*registry.list_own(), *registry.list_operations()]
    for declared in declarations:
        if declared.policy.sharing not in switches:
            yield f"{declared.path}: shared by the unknown switch {declared.policy.sharing!r}"
        if unknown := sorted(set(declared.policy.permissions) - permissions):
            yield f"{declared.path}: needs the unknown permissions {unknown}"


def _bind(registry: Registry, operation: Operation) -> Iterable[str]:
    if operation.method not in METHODS:
        yield f"{operation.method} is no method"
    yield from operation.bind(registry)
    yield from _find_reference_faults(registry, operation.keys, operation.filters)


def _find_faults(registry: Registry, resource: Resource) -> Iterable[str]:
    if not resource.doc or "\n" in resource.doc:
        yield "needs one line of documentation"
    if not resource.example:
        yield "needs an example"
    if not resource.method_set or set(resource.method_set) - set(METHODS):
        yield f"methods {resource.methods!r}"
    if not resource.policy.sharing or (resource.policy.sharing != ALWAYS and not resource.policy.owner):
        yield "needs a sharing rule; one by a switch needs an owner"
    if len(resource.keys_by_name) < len(resource.keys):
        yield "has two keys of one name"
    if reserved := RESERVED & set(resource.filters_by_name):
        yield f"parameters {sorted(reserved)} have names that the engine uses itself"
    yield from deidentification.find_faults(resource.keys, resource.model)
    for event in resource.events:
        yield from event.find_faults(resource.model)
    yield from _find_name_faults(registry, resource)
    yield from _find_url_faults(registry, resource)
    yield from _find_source_faults(registry, resource)
    yield from _find_reference_faults(registry, resource.keys, resource.filters)


def _find_name_faults(registry: Registry, resource: Resource) -> Iterable[str]:
    """Names of keys and parameters that are not declared."""
    keys, filters = set(resource.keys_by_name), set(resource.filters_by_name)
    replaced = {name for declared in resource.filters for name in declared.replaces}
    uses: list[tuple[str, Iterable[str], set[str]]] = [
        ("example", resource.example, keys),
        ("one_of", (name for group in resource.one_of for name in group), filters),
        ("visibility", (hidden.shown_by for hidden in resource.visibilities), filters),
        ("only_with", (key.source.only_with for key in resource.keys if key.source.only_with), filters),
        ("upsert_keys or replaces", {*resource.upsert_keys, *replaced}, keys | filters),
    ]
    uses += [
        (f"hook {hook.__name__}", list_read_keys(hook), keys) for hook in (*resource.checks, *resource.after)
    ]
    for user, names, known in uses:
        if unknown := sorted(set(names) - known):
            yield f"{user} names {unknown}, which it does not have"


def _find_url_faults(registry: Registry, resource: Resource) -> Iterable[str]:
    parents = {parent.name for parent in resource.parents}
    for parent in resource.parents:
        if parent.to not in registry.resources:
            yield f"is below rows of the unknown resource {parent.to!r}"
        elif above := {p.name for p in registry.resources[parent.to].parents} - parents:
            yield f"is below {parent.to}, but its path does not name {sorted(above)}"
        if f"{{{parent.name}}}" not in resource.path:
            yield f"its path does not name {parent.name}"
    for name in re.findall(r"{(\w+)}", resource.path):
        if name not in parents and name not in resource.filters_by_name:
            yield f"{{{name}}} of its path is no parent and no parameter"


def _find_source_faults(registry: Registry, resource: Resource) -> Iterable[str]:
    paths = [resource.policy.owner] if resource.policy.owner else []
    for path in [*paths, *(parent.source for parent in resource.parents)]:
        if not _is_path(resource.model, path):
            yield f"owner or parent {path!r} is no path of {resource.model.__name__}"
    for key in resource.keys:
        try:
            key.find_column(resource.model)
        except FieldDoesNotExist:
            yield f"{key.name}: {key.source.path!r} is no column of {resource.model.__name__}"
            continue
        if key.writable and key.is_stored and "__" in key.attribute:
            yield f"{key.name}: a path of references cannot be written"
        if key.readable and not key.source.is_readable:
            yield f"{key.name}: neither stored nor computed"


def _find_reference_faults(
    registry: Registry, keys: Sequence[Key], filters: Sequence[Filter]
) -> Iterable[str]:
    for key in keys:
        if key.type.refers_to and key.type.refers_to not in registry.resources:
            yield f"{key.name}: refers to the unknown resource {key.type.refers_to!r}"
        yield from _find_reference_faults(registry, key.type.keys, ())
    for parameter in filters:
        if parameter.refers_to and parameter.refers_to not in registry.resources:
            yield f"?{parameter.name}: refers to the unknown resource {parameter.refers_to!r}"


def _is_path(model: type[models.Model], path: str) -> bool:
    """Whether a path of references starts at a model."""
    found: Any = model
    for step in path.split("__"):
        column = _find_column(found, step.removesuffix("_id") if step != "id" else step) or _find_column(
            found, step
        )
        if column is None:
            return False
        found = column.related_model or found
    return True


def _find_column(model: Any, name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
