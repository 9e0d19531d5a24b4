"""Rows for resources whose tables no seeder fills, from the example of each declaration.

A plain resource that is new gets its rows here, without a change to this package.
"""

from collections.abc import Set
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from charthouse.console.kit.actor import build_actor
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import Invalid
from charthouse.engine.execution import writing
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono.registry import get_registry as get_drchrono_registry
from charthouse.identity import tenancy
from charthouse.identity.models import User


def find_unseeded_resources(seeded: Set[Any]) -> list[Resource]:
    """Find the resources that can be created, whose model is none of ``seeded`` and has no rows in any practice.

    Where several resources have the same model, the first one is found.
    """
    found: dict[Any, Resource] = {}
    for resource in (*get_drchrono_registry(), *get_cerbo_registry()):
        model = resource.model
        if "POST" in resource.list_methods and model not in seeded:
            found.setdefault(model, resource)
    return [
        resource for model, resource in found.items() if not model._default_manager.using("owner").exists()
    ]


def add_examples(resources: list[Resource]) -> None:
    """Create a row of each resource in each practice, as its primary user.

    The engine writes in a transaction and on a connection of its own: the practices must have been committed. Raises
    ValueError when it rejects an example: then the resource needs a seeder.
    """
    for user in User.objects.using("owner").filter(is_primary=True).order_by("pk") if resources else ():
        assert user.practice_id is not None
        tenancy.set_tenant(user.practice_id, user_id=user.pk)
        try:
            _add_to_practice(resources, user)
        finally:
            tenancy.clear_tenant()


def _add_to_practice(resources: list[Resource], user: User) -> None:
    """Create the rows in such an order that each finds those that it refers to. Those that find none are left out."""
    while resources:
        rest = [resource for resource in resources if not _add_example(resource, user)]
        if len(rest) == len(resources):
            return
        resources = rest


def _add_example(resource: Resource, user: User) -> bool:
    """Create a row of a resource. Returns False where there is no row that it could refer to."""
    body = {name: value for name, value in resource.example.items() if resource.keys_by_name[name].writable}
    for name, value in body.items():
        if path := resource.keys_by_name[name].type.refers_to:
            row_id = _find_row(resource, path)
            if row_id is None:
                return False
            body[name] = [row_id] if isinstance(value, list) else row_id
    parent_ids = {}
    for parent in resource.parents:
        row_id = _find_row(resource, parent.to)
        if row_id is None:
            return False
        parent_ids[parent.name] = row_id
    try:
        writing.create(resource, build_actor(user), [body], is_list=False, parent_ids=parent_ids)
    except Invalid as error:
        raise ValueError(f"{resource.path} has an example that is rejected: {error.errors}") from error
    return True


def _find_row(resource: Resource, path: str) -> int | None:
    """Find the first row of a resource of the same registry, within the tenant."""
    target = resource.registry[path]
    rows = target.model._default_manager.using(DEFAULT_DB_ALIAS).filter(target.rows)
    found: int | None = rows.order_by("pk").values_list("pk", flat=True).first()
    return found
