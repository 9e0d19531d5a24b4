"""Rows of the record for pages: which of them somebody sees, and writes to them through the engine's actions."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from charthouse.console.declared import registry
from charthouse.console.forms import shown
from charthouse.resource import parse, plan, read, write
from charthouse.resource.actor import Actor
from charthouse.resource.declare import Resource
from charthouse.resource.errors import Refusal
from charthouse.resource.fields import Ref

MOST_OPTIONS = 250


def resource(path: str) -> Resource:
    """A resource that the pages write through: of the API, or the console's own."""
    return registry()[path]


def rows(of: Resource, actor: Actor, *, hidden: bool = False) -> "QuerySet[Any]":
    """The rows that a list of the API would show the actor; with ``hidden``, those as well that it leaves out.
    Raises Forbidden. Not for resources whose rows hang on the calling app."""
    plan.authorize(of, actor, reading=True)
    found = of.model._default_manager.all()
    if of.tenanted:
        found = found.filter(practice=actor.practice)
    found = found.filter(of.rows)
    if plan.owned_only(of, actor) and of.owner:
        path = of.owner if of.owner.endswith("id") else f"{of.owner}_id"
        found = found.filter(**{path: actor.doctor})
    for kind in () if hidden else of.hiding:
        found = found.exclude(kind.rows)
    return found


def get(of: Resource, actor: Actor, row: int) -> dict[str, Any]:
    """One object as the API shows it, with its verbose keys. Raises Forbidden, NotFound."""
    plan.authorize(of, actor, reading=True)
    return shown(read.one(of, actor, row, verbose=True))


def check_writes(of: Resource, actor: Actor) -> None:
    """Raises Forbidden where a write would, before anybody fills in a form."""
    plan.authorize(of, actor, reading=False)


def create(of: Resource, actor: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Write a row; the object as it then is. What was not filled in (None) is as good as left out. Raises Forbidden,
    Invalid, Conflict."""
    return create_whole(of, actor, {name: value for name, value in payload.items() if value is not None})


def create_whole(of: Resource, actor: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The same, where null says something (a break is an appointment of null)."""
    plan.authorize(of, actor, reading=False)
    return shown(write.create(of, actor, [dict(payload)], listed=False)[0])


def modify(of: Resource, actor: Actor, row: int, payload: Mapping[str, Any]) -> None:
    """Change the keys that are given. Raises Forbidden, NotFound, Invalid, Conflict."""
    plan.authorize(of, actor, reading=False)
    write.update(of, actor, "modify", row, dict(payload))


def delete(of: Resource, actor: Actor, row: int) -> None:
    """Soft-delete a row. Raises Forbidden, NotFound, Conflict."""
    plan.authorize(of, actor, reading=False)
    write.delete(of, actor, row)


def act(of: Resource, actor: Actor, action: str, row: int, payload: Mapping[str, Any]) -> Any:
    """Run an action of a row. Raises Forbidden, NotFound, Invalid, Conflict."""
    declared = of.actions_by_name[action]
    plan.authorize(of, actor, reading=declared.method == "GET")
    return write.act(of, actor, declared, row, dict(payload))


class Choices:
    """What the references of a form can point to: a query for each resource that is referred to, once."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._known: dict[str, list[tuple[str, str]]] = {}

    def __call__(self, ref: Ref) -> Sequence[tuple[str, str]]:
        """(id, words) of the rows; of more than MOST_OPTIONS, the first ones."""
        if ref.to not in self._known:
            self._known[ref.to] = self._read(resource(ref.to))
        return self._known[ref.to]

    def _read(self, of: Resource) -> list[tuple[str, str]]:
        try:
            plan.authorize(of, self.actor, reading=True)
            asked = parse.narrowed(of, {})
            asked.page_size = MOST_OPTIONS
            page = read.page(of, self.actor, asked)
        except Refusal:
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
