"""Calls of operations: everything of the other stages holds for them.

Parameters and body are parsed by the same filters and keys, a row that the path names must be visible, a write is one
transaction. May reject: what the stages may, and what the operation raises.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import models

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Request
from charthouse.engine.declaration.resources import NO_PARENTS, THE_ROW, Operation
from charthouse.engine.errors import Invalid, Malformed
from charthouse.engine.execution import reading, writing
from charthouse.engine.execution.parsing import Query, parse_body, parse_query


def call(
    operation: Operation,
    actor: Actor,
    row_id: int | None,
    query: Mapping[str, str],
    payload: Any,
    url: Callable[..., str],
    parent_ids: Mapping[str, int] = NO_PARENTS,
    note_rows: Callable[[type[models.Model], Collection[int]], None] = lambda model, ids: None,
) -> Any:
    """Call an operation for an actor who may; its answer. ``note_rows`` is told which rows of other tables the answer
    is about. Raises Invalid, Malformed, NotFound, Conflict, and what ``run`` raises."""
    resource = operation.resource

    def work() -> Any:
        parsed = parse_query(operation, query)
        request = _parse_body(operation, payload)
        call = Call(
            operation,
            actor,
            _find_row(operation, actor, row_id, parsed, parent_ids),
            payload,
            request.values,
            request.given.union(parsed.filters),
            query,
            parsed.parameters,
            url,
            parent_ids,
            _errors=dict(request.errors),
        )
        _check_body(call)
        answer = operation.run(call)
        for model, ids in call.shown_rows.items():
            note_rows(model, ids)
        call.refuse_errors()
        if operation.answer is THE_ROW and resource is not None and row_id is not None:
            return reading.read_object(resource, actor, row_id, verbose=True, parent_ids=parent_ids)
        return answer

    return work() if operation.reading else writing.in_transaction(operation.unique, work)


def _parse_body(operation: Operation, payload: Any) -> Request:
    """Raises Invalid or Malformed where it is no object."""
    if operation.array_key and isinstance(payload, list):
        payload = {operation.array_key: payload}
    if isinstance(payload, Mapping):
        return parse_body(operation, operation.keys, operation.model, payload, "create")
    if operation.name:
        raise Invalid({"non_field_errors": ["Invalid data. Expected a dictionary."]})
    raise Malformed("The body has to be an object.")


def _check_body(call: Call) -> None:
    """Raises Invalid where a key is wrong, or refers to a row that does not exist or is not visible."""
    keys = call.operation.keys_by_name
    values = ((call, keys[name], value) for name, value in call.values.items())
    writing.check_references(call.operation.registry, call.actor, values)
    call.refuse_errors()


def _find_row(
    operation: Operation, actor: Actor, row_id: int | None, query: Query, parent_ids: Mapping[str, int]
) -> Any:
    """The row that the path names, if it names one. Raises Gone, and NotFound, also where it does not match the
    operation's row filters."""
    resource = operation.resource
    if resource is None or row_id is None:
        return None
    filters = [declared for declared in operation.row_filters if declared.name in query.filters]
    if filters and not reading.matches(resource, actor, row_id, filters, query.parameters):
        reading.refuse_missing(resource, actor, row_id)
    return writing.read_row(resource, actor, row_id, lock=not operation.reading, parent_ids=parent_ids)
