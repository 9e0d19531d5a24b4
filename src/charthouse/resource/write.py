"""Third stage, writes: references checked, the declaration's checks, the row and its children, all in one transaction.

May refuse: a row that isn't there or isn't visible (NotFound), wrong values and references (Invalid), a rule of the
record (Conflict, from a check), a state another request made meanwhile (Conflict).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, IntegrityError, OperationalError, transaction
from psycopg import errors as pg

from charthouse.resource import parse, plan, read, run
from charthouse.resource.actor import Actor
from charthouse.resource.change import NOWHERE, Change
from charthouse.resource.declare import Action, Resource
from charthouse.resource.errors import Conflict, Invalid, Malformed, NotFound
from charthouse.resource.fields import Wrong, missing_row
from charthouse.resource.insert import insert
from charthouse.resource.nested import Rows

Answer = TypeVar("Answer")
MOST_ROWS = 1000
TRIES = 4


def create(
    resource: Resource,
    actor: Actor,
    payloads: Sequence[Any],
    *,
    listed: bool,
    at: Mapping[str, int] = NOWHERE,
) -> list[Any]:
    """Write one row for each payload, all or none, below the rows ``at``. The objects, in order, with their verbose
    keys."""
    if len(payloads) > MOST_ROWS:
        raise Malformed(f"At most {MOST_ROWS} objects can be created at once.")

    def work() -> list[Any]:
        if at:
            read.standing(resource, actor, at)
        changes = [parse.change(resource, actor, "create", payload, at) for payload in payloads]
        for change in changes:
            change.columns |= {p.attribute: at[p.name] for p in resource.parents if "__" not in p.source}
        check_references(changes)
        ids = []
        for change in changes:
            _find(change)
            _check(change)
            if not change.errors:
                ids.append(_insert(change) if change.row is None else _update(change))
        if any(change.errors for change in changes):
            raise Invalid([change.errors for change in changes] if listed else changes[0].errors)
        return [read.one(resource, actor, row_id, verbose=True, at=at) for row_id in ids]

    return in_transaction(resource.unique, work)


def update(
    resource: Resource,
    actor: Actor,
    operation: str,
    row_id: int,
    payload: Any,
    at: Mapping[str, int] = NOWHERE,
) -> None:
    """Replace or modify one row. A write that changes nothing writes nothing."""

    def work() -> None:
        change = parse.change(resource, actor, operation, payload, at)
        change.row = whole_row(resource, actor, row_id, at=at)
        check_references([change])
        _check(change)
        if change.errors:
            raise Invalid(change.errors)
        _update(change)

    in_transaction(resource.unique, work)


def delete(resource: Resource, actor: Actor, row_id: int, at: Mapping[str, int] = NOWHERE) -> None:
    """Soft-delete one row; one that is deleted already stays as it is."""

    def work() -> None:
        change = Change(resource, actor, "delete", {}, frozenset(), at=at)
        change.row = whole_row(resource, actor, row_id, at=at)
        change.columns.update(resource.delete)
        if all(getattr(change.row, name) == value for name, value in resource.delete.items()):
            return
        for check in resource.checks:
            check(change)
        _update(change)

    in_transaction(resource.unique, work)


def act(
    resource: Resource,
    actor: Actor,
    action: Action,
    row_id: int,
    payload: Any,
    at: Mapping[str, int] = NOWHERE,
) -> Any:
    """Run an action of one row. The object as it then is, or None, as the action declares."""

    def work() -> Any:
        change = Change(resource, actor, action.name, {}, frozenset(), at=at)
        if not isinstance(payload, Mapping):
            raise Invalid({"non_field_errors": ["Invalid data. Expected a dictionary."]})
        parse.read(action.fields, resource.model, payload, change)
        change.row = whole_row(resource, actor, row_id, at=at)
        check_references([change], action.fields)
        if change.errors:
            raise Invalid(change.errors)
        action.run(change, change.row)
        if change.errors:
            raise Invalid(change.errors)
        if action.answers != "object":
            return None
        return read.one(resource, actor, row_id, verbose=True, at=at)

    return in_transaction(resource.unique, work)


def whole_row(
    resource: Resource, actor: Actor, row_id: int, *, lock: bool = True, at: Mapping[str, int] = NOWHERE
) -> Any:
    """The row as a model instance, by default locked against other writers. Raises NotFound."""
    owned = plan.owned_only(resource, actor)
    values = {**plan.bindings(actor, at), "id": row_id}
    found = run.rows(plan.whole(resource, owned, lock), values)
    if not found:
        raise NotFound()
    columns = [column.attname for column in resource.model._meta.concrete_fields]
    return resource.model.from_db(DEFAULT_DB_ALIAS, columns, found[0])


def in_transaction(unique: Mapping[str, tuple[str, str]], work: Callable[[], Answer]) -> Answer:
    """Run ``work`` in one transaction, anew when PostgreSQL asks for that.

    ``unique``: name of a unique constraint → (wire name, message). Raises Invalid or Conflict for what a constraint
    refuses.
    """
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                return work()
        except (OperationalError, psycopg.OperationalError) as error:
            cause = error if isinstance(error, psycopg.Error) else error.__cause__
            if not isinstance(cause, pg.DeadlockDetected | pg.SerializationFailure) or attempt == TRIES - 1:
                raise
        except (IntegrityError, psycopg.IntegrityError) as error:
            raise _refused(unique, error) from None
    raise AssertionError("unreachable")


def _refused(unique: Mapping[str, tuple[str, str]], error: Exception) -> Exception:
    """A constraint said no: what a check didn't see because another request was quicker."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return error
    name = cause.diag.constraint_name or ""
    if name in unique:
        field, message = unique[name]
        return Invalid({field: [message]})
    if isinstance(cause, pg.ForeignKeyViolation):
        return Invalid({"non_field_errors": ["A row that this one refers to does not exist."]})
    if isinstance(cause, pg.UniqueViolation):
        return Conflict("A row with these values exists already.")
    return Invalid({"non_field_errors": ["The values do not fit together."]})


# -- checks -----------------------------------------------------------------------------------------------------


def _check(change: Change) -> None:
    """The declaration's checks; they see only values that could be parsed."""
    if change.errors:
        return
    for check in change.resource.checks:
        check(change)


def check_references(changes: Sequence[Change], fields: Iterable[Any] | None = None) -> None:
    """Every referred row must exist and be visible to the actor. One statement, whatever the number."""
    wanted: dict[str, dict[int, list[tuple[Change, tuple[str, ...]]]]] = {}
    for change in changes:
        for declared in change.resource.writable if fields is None else fields:
            value = change.values.get(declared.name)
            if value is None or (fields is None and change.row and value == change.before(declared.name)):
                continue  # the keys of an action are not the resource's
            for ref, row_id, path in declared.references(value):
                wanted.setdefault(ref.to, {}).setdefault(row_id, []).append((change, path))
    if not wanted:
        return
    actor, registry = changes[0].actor, changes[0].resource.registry
    for to, ids in read.missing(registry, actor, {to: list(ids) for to, ids in wanted.items()}).items():
        for row_id in ids:
            for change, path in wanted[to][row_id]:
                _report(change.errors, path, missing_row(row_id))


def _report(errors: dict[str, Any], path: tuple[str, ...], message: str) -> None:
    for step in path[:-1]:
        inner = errors.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        errors = inner
    errors.setdefault(path[-1], []).append(message)


# -- rows -------------------------------------------------------------------------------------------------------


def _columns(change: Change) -> dict[str, Any]:
    """Model attribute → value, of everything that this change writes into the row itself."""
    columns = {}
    for declared in change.resource.writable:
        if declared.name in change.values and declared.stored and not isinstance(declared, Rows):
            value = declared.keep(change.values[declared.name], change.actor.practice)
            columns[declared.attribute] = value
    return columns | change.columns


def _insert(change: Change) -> int:
    model: Any = change.resource.model
    row = model(practice_id=change.actor.practice, **_columns(change))
    _sign(row, change.actor)
    insert(row)
    _finish(change, row)
    return int(row.pk)


def _sign(row: Any, actor: Actor) -> Iterable[str]:
    """Let a row that keeps who wrote it note who does. The attributes that changed with that."""
    return row.sign(actor) if hasattr(row, "sign") else ()


def _find(change: Change) -> None:
    """The row that a create writes anew, of a resource that has one for each value of some keys."""
    resource = change.resource
    if not resource.one_for or change.errors:
        return
    keys = {resource.by_name[name].attribute: change.values[name] for name in resource.one_for}
    keys |= {p.attribute: change.at[p.name] for p in resource.parents if "__" not in p.source}
    rows = resource.model._default_manager.select_for_update(of=("self",), no_key=True)
    change.row = rows.filter(practice=change.actor.practice, archived=False, **keys).first()
    if change.row is not None:
        change.operation = "replace"


def _update(change: Change) -> int:
    row, changed = change.row, {}
    for name, value in _columns(change).items():
        if getattr(row, name) != value:
            changed[name] = getattr(row, name)
            setattr(row, name, value)
    if changed:
        row.save(update_fields=[*changed, *_sign(row, change.actor), "updated_at"])
    change.replaced = changed
    _finish(change, row)
    return int(row.pk)


def _finish(change: Change, row: Any) -> None:
    touched = False
    for declared in change.resource.writable:
        if isinstance(declared, Rows) and declared.name in change.values:
            try:
                touched |= bool(declared.store(row, change.values[declared.name]))
            except Wrong as error:
                raise Invalid({declared.name: error.messages}) from None
    if touched and change.row is not None and not change.replaced:
        row.save(update_fields=["updated_at"])  # or whoever asks for changes since a moment would miss it
    for hook in change.resource.after:
        hook(change, row)
    _stay_visible(change, row)


def _stay_visible(change: Change, row: Any) -> None:
    """A caller who sees only one doctor's rows can't make a row, or move one, out of sight."""
    resource, actor = change.resource, change.actor
    if resource.owner is None or not plan.owned_only(resource, actor) or change.operation == "delete":
        return
    values = {**plan.bindings(actor, change.at), "id": row.pk}
    if not run.rows(plan.one(resource, True, False).statement, values):
        name = resource.owner.split("__")[0].removesuffix("_id")
        raise Invalid({name: [missing_row(change.get(name) if name in resource.by_name else row.pk)]})
