"""Calls of operations: everything of the other stages holds for them.

Parameters and body are parsed by the same filters and keys, a row that the path names must be visible, a write is one
transaction. May reject: what the stages may, and what the operation raises.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import models

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.resources import NO_PARENTS, THE_ROW, Operation
from charthouse.engine.errors import Invalid, Malformed, NotFound
from charthouse.engine.execution import reading, writing
from charthouse.engine.execution.parsing import parse_keys, parse_query


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

    def work() -> Any:
        made = _prepare(operation, actor, row_id, query, payload, url, parent_ids)
        answer = operation.run(made)
        for model, ids in made.shown_rows.items():
            note_rows(model, ids)
        if made.errors:
            raise Invalid(made.errors)
        if operation.answer is THE_ROW and operation.resource is not None and row_id is not None:
            return reading.read_object(operation.resource, actor, row_id, verbose=True, parent_ids=parent_ids)
        return answer

    return work() if operation.reading else writing.in_transaction(operation.unique, work)


def _prepare(
    operation: Operation,
    actor: Actor,
    row_id: int | None,
    query: Mapping[str, str],
    payload: Any,
    url: Callable[..., str],
    parent_ids: Mapping[str, int],
) -> Call:
    """The call, parsed, with the row that its path names. Raises Invalid, Malformed, NotFound."""
    parsed = parse_query(operation, query)
    is_array = bool(operation.array_key) and isinstance(payload, list)
    body = {operation.array_key: payload} if is_array else payload
    if not isinstance(body, Mapping):
        raise _reject_body(operation)
    request = parse_keys(operation.keys, operation.model, body, "create")
    errors = dict(request.errors)
    row = _find_row(operation, actor, row_id, parsed.filters, parsed.parameters, parent_ids)
    writing.check_references(operation.registry, actor, operation.keys, request.values, errors)
    if errors:
        raise Invalid(errors)
    return Call(
        operation,
        actor,
        row,
        payload,
        request.values,
        request.given | frozenset(parsed.filters),
        query,
        parsed.parameters,
        url,
        parent_ids,
    )


def _reject_body(operation: Operation) -> Exception:
    if operation.name:
        return Invalid({"non_field_errors": ["Invalid data. Expected a dictionary."]})
    return Malformed("The body has to be an object.")


def _find_row(
    operation: Operation,
    actor: Actor,
    row_id: int | None,
    filters: tuple[str, ...],
    parameters: Mapping[str, Any],
    parent_ids: Mapping[str, int],
) -> Any:
    """The row that the path names. Raises NotFound, also where it does not match the operation's row filters."""
    resource = operation.resource
    if resource is None or row_id is None:
        return None
    given_filters = tuple(declared for declared in operation.row_filters if declared.name in filters)
    if given_filters and not reading.matches(resource, actor, row_id, given_filters, parameters):
        raise NotFound
    return writing.read_row(resource, actor, row_id, lock=not operation.reading, parent_ids=parent_ids)
