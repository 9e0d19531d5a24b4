"""Rows of the record for pages: which of them somebody sees, and writes to them through the engine's actions."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from charthouse.console.forms import shown
from charthouse.console.resources.registry import get_registry
from charthouse.engine.actor import Actor
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import RequestError
from charthouse.engine.execution import calling, parsing, planning, reading, writing
from charthouse.engine.execution.paging import Paging

MOST_OPTIONS = 250


def resource(path: str) -> Resource:
    """A resource that the pages write through: of the API, or the console's own."""
    return get_registry()[path]


def rows(of: Resource, actor: Actor, *, hidden: bool = False) -> "QuerySet[Any]":
    """The rows that a list of the API would show the actor; with ``hidden``, those as well that it leaves out.
    Raises Forbidden. Not for resources whose rows hang on the calling app."""
    of.policy.authorize(actor, of.path, reading=True)
    return planning.select_for_actor(of, actor, hidden=hidden)


def get(of: Resource, actor: Actor, row: int) -> dict[str, Any]:
    """One object as the API shows it, with its verbose keys. Raises Forbidden, NotFound."""
    of.policy.authorize(actor, of.path, reading=True)
    return shown(reading.read_object(of, actor, row, verbose=True))


def check_writes(of: Resource, actor: Actor) -> None:
    """Raises Forbidden where a write would, before anybody fills in a form."""
    of.policy.authorize(actor, of.path, reading=False)


def create(of: Resource, actor: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Write a row; the object as it then is. What was not filled in (None) is as good as left out. Raises Forbidden,
    Invalid, Conflict."""
    return create_whole(of, actor, {name: value for name, value in payload.items() if value is not None})


def create_whole(of: Resource, actor: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The same, where null says something (a break is an appointment of null)."""
    of.policy.authorize(actor, of.path, reading=False)
    return shown(writing.create(of, actor, [dict(payload)], is_list=False)[0])


def modify(of: Resource, actor: Actor, row: int, payload: Mapping[str, Any]) -> None:
    """Change the keys that are given. Raises Forbidden, NotFound, Invalid, Conflict."""
    of.policy.authorize(actor, of.path, reading=False)
    writing.update(of, actor, "modify", row, dict(payload))


def delete(of: Resource, actor: Actor, row: int) -> None:
    """Soft-delete a row. Raises Forbidden, NotFound, Conflict."""
    of.policy.authorize(actor, of.path, reading=False)
    writing.delete(of, actor, row)


def act(of: Resource, actor: Actor, action: str, row: int, payload: Mapping[str, Any]) -> Any:
    """Call an operation of a row. Raises Forbidden, NotFound, Invalid, Conflict."""
    declared = of.operations_by_name[action]
    declared.policy.authorize(actor, of.path, reading=bool(declared.reading))
    return calling.call(declared, actor, row, {}, dict(payload), _refuse_url)


def _refuse_url(**parameters: Any) -> str:
    """Operations that pages call make no URLs of the API."""
    raise NotImplementedError


class Choices:
    """What the references of a form can point to: a query for each resource that is referred to, once."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._known: dict[str, list[tuple[str, str]]] = {}

    def __call__(self, to: str) -> Sequence[tuple[str, str]]:
        """(id, words) of the rows of the resource with this path; of more than MOST_OPTIONS, the first ones."""
        if to not in self._known:
            self._known[to] = self._read(resource(to))
        return self._known[to]

    def _read(self, of: Resource) -> list[tuple[str, str]]:
        try:
            of.policy.authorize(self.actor, of.path, reading=True)
            query = parsing.parse_query(of, {}).with_paging(Paging(size=MOST_OPTIONS), verbose=False)
            page = reading.read_page(of, self.actor, query)
        except RequestError:
            return []
        told = [shown(one) for one in page.objects]
        return sorted(((str(one["id"]), words(one)) for one in told), key=lambda pair: pair[1].lower())


def words(one: Mapping[str, Any]) -> str:
    """What people call an object, by its usual keys."""
    person = " ".join(str(one[name]) for name in ("first_name", "last_name") if one.get(name))
    for name in ("name", "title", "username", "description", "label", "code", "text"):
        if not person and one.get(name):
            return str(one[name])
    return person or f"{one.get('id')}"


__all__ = ["Choices", "act", "check_writes", "create", "delete", "get", "modify", "resource", "rows", "words"]
