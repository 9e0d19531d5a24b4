"""Access of pages to the record: reads and writes through the engine, as the actor."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from charthouse.console.kit.forms import decode_object
from charthouse.console.resources.registry import get_registry
from charthouse.engine.actor import Actor
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import RequestError
from charthouse.engine.execution import calling, parsing, planning, reading, writing
from charthouse.engine.execution.paging import Paging
from charthouse.identity import loaded_rows

MAX_OPTIONS = 250
OptionLists = Mapping[str, list[tuple[str, str]]]  # (id, label), by resource
NONE_KNOWN: OptionLists = {}


def get_resource(path: str) -> Resource:
    """Get a resource of the console's registry by path: DrChrono's, or the console's own."""
    return get_registry()[path]


def select_rows(of: Resource, actor: Actor, *, hidden: bool = False) -> "QuerySet[Any]":
    """Select the rows that an API list would show the actor. Raises Forbidden.

    ``hidden``: include rows that lists hide. Not for resources whose rows depend on the calling app.
    """
    of.policy.authorize(actor, of.path, reading=True)
    return planning.select_for_actor(of, actor, hidden=hidden)


def get_object(of: Resource, actor: Actor, row: int) -> dict[str, Any]:
    """Get an object as the API shows it, with verbose keys. Raises Forbidden, NotFound."""
    of.policy.authorize(actor, of.path, reading=True)
    found = decode_object(reading.read_object(of, actor, row, verbose=True))
    loaded_rows.note(of.model._meta.db_table, (row,))
    return found


def require_write(of: Resource, actor: Actor) -> None:
    """Raise Forbidden where a write would, before a form is shown."""
    of.policy.authorize(actor, of.path, reading=False)


def create(of: Resource, actor: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Create a row and return the object. None means absent. Raises Forbidden, Invalid, Conflict."""
    return create_with_nulls(of, actor, {name: value for name, value in payload.items() if value is not None})


def create_with_nulls(of: Resource, actor: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Create a row where null is a value: a break is an appointment whose patient is null."""
    of.policy.authorize(actor, of.path, reading=False)
    return decode_object(writing.create(of, actor, [dict(payload)], is_list=False)[0])


def update(of: Resource, actor: Actor, row: int, payload: Mapping[str, Any]) -> None:
    """Change the given keys. Raises Forbidden, NotFound, Invalid, Conflict."""
    of.policy.authorize(actor, of.path, reading=False)
    writing.update(of, actor, "modify", row, dict(payload))


def delete(of: Resource, actor: Actor, row: int) -> None:
    """Soft-delete a row. Raises Forbidden, NotFound, Conflict."""
    of.policy.authorize(actor, of.path, reading=False)
    writing.delete(of, actor, row)


def call_operation(of: Resource, actor: Actor, action: str, row: int, payload: Mapping[str, Any]) -> Any:
    """Call an operation of a row. Raises Forbidden, NotFound, Invalid, Conflict."""
    declared = of.operations_by_name[action]
    declared.policy.authorize(actor, of.path, reading=bool(declared.reading))
    return calling.call(declared, actor, row, {}, dict(payload), _refuse_url)


def _refuse_url(**parameters: Any) -> str:
    """Refuse to build an API URL: a page has none to give. Raises RuntimeError."""
    raise RuntimeError("an operation that asks for its API URL cannot be called from a page")


class ReferenceOptions:
    """Options of a form's references: one query for each resource referred to but those that are ``known``."""

    def __init__(self, actor: Actor, known: OptionLists = NONE_KNOWN) -> None:
        self.actor = actor
        self._known = dict(known)

    def __call__(self, to: str) -> Sequence[tuple[str, str]]:
        """Return (id, label) of the resource's rows, at most MAX_OPTIONS."""
        if to not in self._known:
            self._known[to] = self._read(get_resource(to))
        return self._known[to]

    def _read(self, of: Resource) -> list[tuple[str, str]]:
        try:
            of.policy.authorize(self.actor, of.path, reading=True)
            query = parsing.parse_query(of, {}).with_paging(Paging(size=MAX_OPTIONS), verbose=False)
            page = reading.read_page(of, self.actor, query)
        except RequestError:
            return []
        objects = [decode_object(one) for one in page.objects]
        loaded_rows.note(of.model._meta.db_table, [int(one["id"]) for one in objects])
        return sorted(
            ((str(one["id"]), label_object(one)) for one in objects), key=lambda pair: pair[1].lower()
        )


def label_object(one: Mapping[str, Any]) -> str:
    """Label an object by its usual keys: a person's name, a name or title, else its id."""
    person = " ".join(str(one[name]) for name in ("first_name", "last_name") if one.get(name))
    for name in ("name", "title", "username", "description", "label", "code", "text"):
        if not person and one.get(name):
            return str(one[name])
    return person or f"{one.get('id')}"


__all__ = [
    "ReferenceOptions",
    "call_operation",
    "create",
    "delete",
    "get_object",
    "get_resource",
    "label_object",
    "require_write",
    "select_rows",
    "update",
]
