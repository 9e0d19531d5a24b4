"""Rows that a trigger makes: from the examples of the declarations, through the engine, with the rows they refer to."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from django.db import DEFAULT_DB_ALIAS

from charthouse import clock
from charthouse.console.resources.registry import get_registry as get_console_registry
from charthouse.engine.actor import Actor
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Registry, Resource
from charthouse.engine.errors import Conflict
from charthouse.engine.execution import writing
from charthouse.identity.models import User

MAX_DEPTH = 5  # rows that refer to rows that have to be made


@dataclass
class Run:
    """One trigger that runs. ``actor``: in whose name; ``override``: the fields that the caller gave; ``made``: (path
    of the resource, id) of the rows made so far."""

    actor: Actor
    override: Mapping[str, Any]
    made: list[tuple[str, int]] = field(default_factory=list)

    @property
    def user(self) -> int:
        """The id of the user in whose name it runs."""
        assert self.actor.user is not None
        return self.actor.user


def _make_name() -> dict[str, Any]:
    return {"name": f"Example {secrets.token_hex(4)}"}


def _pick_tomorrow(actor: Actor) -> dict[str, Any]:
    day = clock.now() + timedelta(days=1)
    return {"scheduled_time": f"{day:%Y-%m-%d}T09:30:00", "allow_overlapping": True}


def _pick_free_time(actor: Actor) -> dict[str, Any]:
    """A time from a year on, at which most likely nothing is booked: Cerbo's API accepts no other."""
    slot = clock.now() + timedelta(days=365 + secrets.randbelow(1500))
    start = slot.replace(hour=15 + secrets.randbelow(5), minute=15 * secrets.randbelow(4))
    times = {"start_date_time": start, "end_date_time": start + timedelta(minutes=15)}
    values: dict[str, Any] = {name: f"{time:%Y-%m-%d %H:%M}:00" for name, time in times.items()}
    doctors = User.objects.filter(practice=actor.practice, is_active=True).exclude(doctor_id=None)
    return {**values, "provider_ids": list(doctors.order_by("pk").values_list("pk", flat=True)[:1])}


# (registry, path) of a resource → values in place of the example's: of what has to be unique, free, or in the future.
_VARYING: dict[tuple[str, str], Callable[[Actor], dict[str, Any]]] = {
    ("drchrono", "appointments"): _pick_tomorrow,
    ("cerbo", "appointments"): _pick_free_time,
    ("cerbo", "tags"): lambda actor: _make_name(),
    ("console", "tag_list"): lambda actor: _make_name(),
}
# The same → keys of the example that are left out: references that depend on another key of the body.
_LEFT_OUT = {
    ("drchrono", "patient_payments"): {"line_item"},
    ("drchrono", "tasks"): {"associated_items"},
}
# The same → references for which a row is always made: what is there may be closed for new rows.
_ALWAYS_MADE = {
    ("drchrono", "line_items"): {"appointment"},
    ("drchrono", "patient_vaccine_records"): {"vaccine_inventory"},
    ("console", "tags_of_patients"): {"tag"},
}
# The same → keys that hold the name of a row, and the path of its resource.
_NAMES = {("cerbo", "appointments"): {"appointment_type": "appointment_profiles"}}


def make_row(run: Run, resource: Resource, given: Mapping[str, Any], depth: int = 0) -> int:
    """Make a row of a resource from its example, with ``given`` instead of the values there, and those that it refers
    to where there are none. Return its id. Raises RequestError."""
    if depth > MAX_DEPTH:
        raise Conflict(f"No row of {resource.path} can be made.")
    address = _get_address(resource)
    vary = _VARYING.get(address)
    body = {**(vary(run.actor) if vary else {}), **given}
    examples = {"patient": None} if "patient" in resource.keys_by_name else {}
    for name, value in {**examples, **resource.example}.items():
        key = resource.keys_by_name.get(name)
        if key is not None and key.writable and name not in body and name not in _LEFT_OUT.get(address, ()):
            body[name] = _find_value(run, resource, key, value, depth)
    answer = writing.create(resource, run.actor, [body], is_list=False)
    row_id = int(msgspec.json.decode(msgspec.json.encode(answer[0]))["id"])
    run.made.append((resource.path, row_id))
    return row_id


def _get_address(resource: Resource) -> tuple[str, str]:
    return resource.registry.name, resource.path


def _find_value(run: Run, resource: Resource, key: Key, example: Any, depth: int) -> Any:
    """Return a value for a key: that of the example, or the id of a row where it refers to one."""
    address = _get_address(resource)
    if of := _NAMES.get(address, {}).get(key.name):
        rows: Any = get_console_registry()[of].model._default_manager
        return rows.get(pk=find_or_make(run, get_console_registry(), of, depth)).name
    if not (path := key.type.refers_to):
        return example
    if key.name in _ALWAYS_MADE.get(address, ()):
        row_id = make_row(run, resource.registry[path], {}, depth + 1)
    else:
        row_id = find_or_make(run, resource.registry, path, depth)
    return [row_id] if isinstance(example, list) else row_id


def find_or_make(run: Run, registry: Registry, path: str, depth: int = 0) -> int:
    """Return the id of the first row of a resource that others may refer to. Makes one where there is none. Raises
    RequestError."""
    target = registry[path]
    rows = target.model._default_manager.using(DEFAULT_DB_ALIAS).filter(target.rows)
    if target.referable is not None:
        rows = rows.filter(target.referable)
    if "archived" in target.column_names:
        rows = rows.filter(archived=False)
    found: int | None = rows.order_by("pk").values_list("pk", flat=True).first()
    if found is not None:
        return found
    return make_row(run, _find_creatable(target), {}, depth + 1)


def _find_creatable(target: Resource) -> Resource:
    """Find the resource through which rows of a resource are made: itself, or one that only the console writes."""
    if "POST" in target.method_set:
        return target
    for resource in get_console_registry():
        if resource.model is target.model and "POST" in resource.method_set:
            return resource
    raise Conflict(f"The practice has no rows of {target.path}, and none can be made.")
