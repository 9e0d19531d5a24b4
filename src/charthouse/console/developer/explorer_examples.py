"""What the API explorer fills in before anything is entered: ids of rows that exist and that the caller sees.

A path that names two rows gets those of one row: a prescription, and the patient whose it is.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from charthouse.console.developer.explorer_operations import Operation, format_json, name_input
from charthouse.engine.actor import Actor
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Declaration, Resource
from charthouse.engine.errors import RequestError
from charthouse.engine.execution import parsing, planning, reading
from charthouse.engine.execution.paging import Paging
from charthouse.gateway.declared_calls import find_declaration
from charthouse.identity.api_users import make_read_only_actor


class ExistingRows:
    """Ids of rows that an actor sees, one of each resource: one query for each."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._known: dict[str, tuple[Any, ...]] = {}

    def find(self, resource: Resource) -> tuple[Any, ...]:
        """Return the id of a row and those of its parents, in the order of ``resource.parents``; () for none."""
        if resource.path not in self._known:
            self._known[resource.path] = self._read(resource)
        return self._known[resource.path]

    def _read(self, resource: Resource) -> tuple[Any, ...]:
        try:
            resource.policy.authorize(self._actor, resource.path, reading=True)
            if not resource.parents:
                query = parsing.parse_query(resource, {}).with_paging(Paging(size=1), verbose=False)
                page = reading.read_page(resource, self._actor, query)
                return () if page.first is None else (page.first,)
        except RequestError:  # a caller without the right, or a list that needs parameters
            return ()
        rows = planning.select_for_actor(resource, self._actor)
        names = [parent.attribute for parent in resource.parents if parent.is_column]
        return tuple(rows.order_by("pk").values_list("pk", *names).first() or ())


def fill_in(operation: Operation, actor: Actor) -> dict[str, str]:
    """Return the fields of an operation's form that ids belong in, by name, with the body where it has some."""
    declared = find_declaration(operation.path, operation.method)
    if declared is None:
        return {}
    caller = actor if operation.api == "drchrono" else make_read_only_actor(actor.practice)
    rows = ExistingRows(caller)
    found = _find_path_ids(declared, rows)
    for parameter in operation.parameters:
        named = declared.filters_by_name.get(parameter["name"])
        if named and named.refers_to and (parameter["in"] == "path" or _is_needed(declared, named.name)):
            found[name_input(parameter)] = _get_id(rows, declared, named.refers_to)
    if operation.body:
        body = json.loads(operation.body)
        if isinstance(body, dict):
            found["body"] = format_json(_replace_ids(body, declared.keys, declared, rows))
    return {name: text for name, text in found.items() if text}


def _is_needed(declared: Declaration, name: str) -> bool:
    """Tell whether a list needs a parameter, or is asked for by it where it needs one of several."""
    return name in declared.required_filters or name in [group[0] for group in declared.one_of]


def _find_path_ids(declared: Declaration, rows: ExistingRows) -> dict[str, str]:
    resource = declared if isinstance(declared, Resource) else getattr(declared, "resource", None)
    found = {}
    row = rows.find(resource) if isinstance(resource, Resource) else ()
    if row:
        found["path.id"] = str(row[0])
    own = [parent for parent in declared.parents if parent.is_column]
    for parent in declared.parents:
        if row and parent in own:
            found[f"path.{parent.name}"] = str(row[1 + own.index(parent)])
        else:
            found[f"path.{parent.name}"] = _get_id(rows, declared, parent.to)
    return found


def _get_id(rows: ExistingRows, declared: Declaration, to: str) -> str:
    target = declared.registry.resources.get(to)
    found = rows.find(target) if target else ()
    return str(found[0]) if found else ""


def _replace_ids(
    body: Mapping[str, Any], keys: Iterable[Key], declared: Declaration, rows: ExistingRows
) -> dict[str, Any]:
    """The same body, with ids of rows that exist in place of an example's."""
    by_name = {key.name: key for key in keys}
    return {
        name: _replace_id(value, by_name[name], declared, rows) if name in by_name else value
        for name, value in body.items()
    }


def _replace_id(value: Any, key: Key, declared: Declaration, rows: ExistingRows) -> Any:
    if isinstance(value, dict):
        return _replace_ids(value, key.type.keys, declared, rows)
    if isinstance(value, list):
        return [_replace_id(item, key, declared, rows) for item in value]
    if not key.type.refers_to or isinstance(value, bool) or not str(value).isdigit():
        return value
    found = _get_id(rows, declared, key.type.refers_to)
    return type(value)(found) if found else value
