"""Third stage of writes: references and the declaration's checks, the row and its children, in one transaction.

May reject: a row that does not exist or is not visible (NotFound), wrong values and references (Invalid), a rule of the
record (Conflict, from a check), a state that another request made meanwhile (Conflict).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, IntegrityError, connection, transaction
from psycopg import errors as pg

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import NO_PARENTS, Registry, Resource
from charthouse.engine.declaration.values import InvalidValue, describe_missing_row
from charthouse.engine.errors import Conflict, Invalid, Malformed, Refusable
from charthouse.engine.execution import planning, reading, references
from charthouse.engine.execution.parsing import parse_object
from charthouse.engine.sql.failures import Failure, classify
from charthouse.engine.sql.statements import insert, run

Answer = TypeVar("Answer")
MAX_ROWS = 1000
MAX_ATTEMPTS = 4


def create(
    resource: Resource,
    actor: Actor,
    payloads: Sequence[Any],
    *,
    is_list: bool,
    parent_ids: Mapping[str, int] = NO_PARENTS,
) -> list[Any]:
    """Write one row for each payload, all or none, below these parents. The objects, in order, with their verbose
    keys."""
    if len(payloads) > MAX_ROWS:
        raise Malformed(f"At most {MAX_ROWS} objects can be created at once.")

    def write() -> list[Any]:
        if parent_ids:
            reading.require_parents(resource, actor, parent_ids)
        changes = [_start(resource, actor, "create", payload, None, parent_ids) for payload in payloads]
        check_change_references(changes)
        ids = [_apply(_find_upserted(change)) for change in changes]
        errors = [dict(change.errors) for change in changes]
        if any(errors):
            raise Invalid(errors if is_list else errors[0])
        return [
            reading.read_object(resource, actor, row_id, verbose=True, parent_ids=parent_ids)
            for row_id in ids
            if row_id is not None
        ]

    return in_transaction(resource.unique, write)


def update(
    resource: Resource,
    actor: Actor,
    operation: str,
    row_id: int,
    payload: Any,
    parent_ids: Mapping[str, int] = NO_PARENTS,
) -> None:
    """Replace or modify one row. A write that changes nothing writes nothing."""

    def write() -> None:
        row = read_row(resource, actor, row_id, parent_ids=parent_ids)
        change = _start(resource, actor, operation, payload, row, parent_ids)
        check_change_references([change])
        _apply(change)
        change.refuse_errors()

    in_transaction(resource.unique, write)


def delete(resource: Resource, actor: Actor, row_id: int, parent_ids: Mapping[str, int] = NO_PARENTS) -> None:
    """Soft-delete one row; one that is deleted already stays as it is."""

    def write() -> None:
        row = read_row(resource, actor, row_id, parent_ids=parent_ids)
        if all(getattr(row, name) == value for name, value in resource.delete.items()):
            return
        change = Change(resource, actor, "delete", row=row, parent_ids=parent_ids)
        change.set_columns(**resource.delete)
        _apply(change)
        change.refuse_errors()

    in_transaction(resource.unique, write)


def read_row(
    resource: Resource,
    actor: Actor,
    row_id: int,
    *,
    lock: bool = True,
    parent_ids: Mapping[str, int] = NO_PARENTS,
) -> Any:
    """The row as a model instance, by default locked against other writers. Raises NotFound, Gone."""
    statement = planning.plan_whole(resource, actor, lock)
    rows = run(statement, {**planning.bind_actor(actor, parent_ids), "id": row_id})
    if not rows:
        reading.refuse_missing(resource, actor, row_id)
    columns = [column.attname for column in resource.model._meta.concrete_fields]
    return resource.model.from_db(DEFAULT_DB_ALIAS, columns, rows[0])


def in_transaction(unique: Mapping[str, tuple[str, str]], write: Callable[[], Answer]) -> Answer:
    """Call ``write`` in one transaction, again when PostgreSQL asks for that: as a whole, so within another transaction
    it is called once.

    ``unique``: name of a unique constraint → (wire name, message). Raises Invalid or Conflict for what a constraint
    refuses.
    """
    attempts = 1 if connection.in_atomic_block else MAX_ATTEMPTS
    for attempt in range(attempts):
        try:
            with transaction.atomic():
                return write()
        except (DatabaseError, psycopg.DatabaseError) as error:
            if isinstance(error, IntegrityError | psycopg.IntegrityError):
                raise _translate(unique, error) from None
            if classify(error) is not Failure.RETRY or attempt == attempts - 1:
                raise
    raise AssertionError("unreachable")


def _translate(unique: Mapping[str, tuple[str, str]], error: Exception) -> Exception:
    """What a constraint refused: a check did not see it because another request was quicker."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return error
    name = cause.diag.constraint_name or ""
    if name in unique:
        key, message = unique[name]
        return Invalid({key: [message]})
    if isinstance(cause, pg.ForeignKeyViolation):
        return Invalid({"non_field_errors": ["A row that this one refers to does not exist."]})
    if isinstance(cause, pg.UniqueViolation):
        return Conflict("A row with these values exists already.")
    return Invalid({"non_field_errors": ["The values do not fit together."]})


# -- checks -----------------------------------------------------------------------------------------------------


def _start(
    resource: Resource, actor: Actor, operation: str, payload: Any, row: Any, parent_ids: Mapping[str, int]
) -> Change:
    """The write that a body asks for."""
    request = parse_object(resource, operation, payload)
    values, errors = dict(request.values), dict(request.errors)
    change = Change(resource, actor, operation, request, row, parent_ids, _values=values, _errors=errors)
    if row is None:
        change.set_columns(**_list_parent_columns(change))
    return change


def check_change_references(changes: Sequence[Change]) -> None:
    """Every row that the keys newly refer to must exist and be visible. One statement, whatever the number."""
    for change in changes[:1]:  # a body may be an empty list
        check_references(change.resource.registry, change.actor, _list_new_values(changes))


def _list_new_values(changes: Iterable[Change]) -> Iterable[tuple[Change, Key, Any]]:
    for change in changes:
        for key in change.resource.referring:
            value = change.values.get(key.name)
            if value is not None and not (change.row and value == change.get_current(key.name)):
                yield change, key, value


def check_references(registry: Registry, actor: Actor, values: Iterable[tuple[Refusable, Key, Any]]) -> None:
    """Every row that values of keys refer to must exist and be visible; else what they are values of gets an error."""
    # Path of a resource → id of a row → (what refers to it, path of keys) of each key that does.
    wanted: dict[str, dict[int, list[tuple[Refusable, tuple[str, ...]]]]] = {}
    for owner, key, value in values:
        for to, row_id, path in () if value is None else key.find_references(value):
            wanted.setdefault(to, {}).setdefault(row_id, []).append((owner, path))
    if not wanted:
        return
    missing = references.find_missing(registry, actor, {to: list(ids) for to, ids in wanted.items()})
    for to, ids in missing.items():
        for row_id in ids:
            message = describe_missing_row(row_id, reading.find_merged(registry[to], actor, row_id))
            for owner, path in wanted[to][row_id]:
                owner.add_member_error(path, message)


# -- rows -------------------------------------------------------------------------------------------------------


def _list_columns(change: Change) -> dict[str, Any]:
    """Model attribute → value, of everything that this change writes into the row itself."""
    values = change.values
    columns = {
        key.attribute: key.type.store(values[key.name], change.actor.practice)
        for key in change.resource.writable
        if key.name in values and key.is_stored
    }
    return {**columns, **change.columns}


def _list_parent_columns(change: Change) -> dict[str, int]:
    """The references to the rows that the URL names."""
    parents = (parent for parent in change.resource.parents if parent.is_column)
    return {parent.attribute: change.parent_ids[parent.name] for parent in parents}


def _apply(change: Change) -> int | None:
    """Run the declaration's checks, which see only values that could be parsed, and write the row. Its id; None where
    there are errors."""
    for check in () if change.errors else change.resource.checks:
        check(change)
    if change.errors:
        return None
    return _insert(change) if change.row is None else _update(change)


def _insert(change: Change) -> int:
    model: Any = change.resource.model
    row = model(practice_id=change.actor.practice, **_list_columns(change))
    _set_authors(row, change.actor)
    insert(row)
    _finish(change, row)
    return int(row.pk)


def _set_authors(row: Any, actor: Actor) -> Iterable[str]:
    """Note the author in a row that keeps its author. The attributes that changed with that."""
    return row.set_authors(actor) if hasattr(row, "set_authors") else ()


def _find_upserted(change: Change) -> Change:
    """The change of the row that a create replaces, of a resource that has one for each value of some keys."""
    resource = change.resource
    if not resource.upsert_keys or change.errors:
        return change
    keys = {resource.keys_by_name[name].attribute: change.values[name] for name in resource.upsert_keys}
    rows = resource.model._default_manager.select_for_update(of=("self",), no_key=True)
    conditions = {**keys, **_list_parent_columns(change)}
    row = rows.filter(practice=change.actor.practice, archived=False, **conditions).first()
    return change if row is None else replace(change, operation="replace", row=row)


def _update(change: Change) -> int:
    row, changed = change.row, {}
    for name, value in _list_columns(change).items():
        if getattr(row, name) != value:
            changed[name] = getattr(row, name)
            setattr(row, name, value)
    if changed:
        row.save(update_fields=[*changed, *_set_authors(row, change.actor), "updated_at"])
    _finish(replace(change, old_values=changed), row)
    return int(row.pk)


def _finish(change: Change, row: Any) -> None:
    """Write the child rows, run the after-write hooks, see that the row stays visible."""
    touched = False
    for key in change.resource.writable:
        if key.source.writes_rows and key.name in change.values:
            try:
                touched |= bool(key.source.store(key.type, row, change.values[key.name]))
            except InvalidValue as error:
                raise Invalid({key.name: error.messages}) from None
    if touched and change.row is not None and not change.old_values:
        row.save(update_fields=["updated_at"])  # or a list of what changed since a time would miss it
    for hook in change.resource.after:
        hook(change, row)
    _stay_visible(change, row)


def _stay_visible(change: Change, row: Any) -> None:
    """Raises Invalid where a caller who sees only one doctor's rows makes a row, or moves one, out of sight."""
    resource, actor = change.resource, change.actor
    owner = resource.policy.owner
    if owner is None or not resource.policy.sees_only_own(actor) or change.operation == "delete":
        return
    values = {**planning.bind_actor(actor, change.parent_ids), "id": row.pk}
    if not run(planning.plan_object(resource, actor, False).statement, values):
        name = owner.split("__")[0].removesuffix("_id")
        value = change.get(name) if name in resource.keys_by_name else row.pk
        raise Invalid({name: [describe_missing_row(value)]})
