"""What a declaration is, and the registry that refuses to start with an incomplete one."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.db.models import Q

from charthouse.resource import anonymous as anonymity
from charthouse.resource.events import Event
from charthouse.resource.fields import REQUIRED, Field, Id, Ref
from charthouse.resource.filters import Filter, RefIs, RefsAre
from charthouse.resource.nested import Members
from charthouse.resource.sql import RESERVED

if TYPE_CHECKING:
    from charthouse.resource.actor import Actor
    from charthouse.resource.change import Change
    from charthouse.resource.functions import Function

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ALWAYS = "always"
MAX_BODY = 10 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class PageSize:
    """Rows a page: default and maximum; other ones with verbose on."""

    default: int = 250
    maximum: int = 250
    verbose: int = 50


@dataclass(frozen=True)
class Hidden:
    """Rows that a list leaves out unless the parameter named ``unless`` is given. Asked for by id, they are there,
    unless ``by_id``: then they are found by id with the flag alone, and never written.

    ``usable``: other rows may still be made to refer to them (a document of an inactive patient).
    """

    rows: Q
    unless: str
    usable: bool = False
    by_id: bool = False


@dataclass(frozen=True)
class Parent:
    """A row that the URL names above this resource's rows: ``name``, the parameter of the path; ``to``, the resource
    whose row it is, 404 where it isn't visible, or isn't below other rows that the URL names; ``source``, the model's
    reference to it, filled by a create. ``ids``: of the parent's id, the ids of rows below it, where more than those of
    ``source`` are."""

    name: str
    to: str
    source: str
    ids: "Callable[[Any], models.QuerySet[Any]] | None" = None

    @property
    def attribute(self) -> str:
        return self.source if self.source.endswith("_id") else f"{self.source}_id"


@dataclass(frozen=True, kw_only=True)
class Action:
    """A POST, or another method, to ``/:id/<name>``: ``run(change, row)`` in one transaction with the row locked.

    ``answers``: with the object as it then is ("object"), or with nothing.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]
    run: Callable[["Change", Any], None]
    answers: str = "object"
    method: str = "POST"


@dataclass(kw_only=True, eq=False)
class Resource:
    """Everything about one resource, in one place.

    path         the URL below the dialect's base; ``{name}`` in it is a parent's id or a parameter
    doc          one line
    methods      of the list URL (GET, POST) and of the object URL (GET, PUT, PATCH, DELETE) together
    parents      see Parent
    lists, reads whether the list URL, and the object URL, have the GET of ``methods``
    counted      what of the caller's quota a call counts against, where a dialect has several
    scopes, permissions   all of them are needed; ``permissions_on`` "writes" lets reads pass without permissions
    write_right  a right that the app itself must have to write, whatever it was granted
    not_on       account plans whose practices don't have this resource
    sharing      the practice's switch that shows other doctors' rows, or ALWAYS
    owner        path to the doctor whose row it is; None only with ALWAYS
    rows         the rows of the model that this resource is about
    hidden       see Hidden; one, or several
    one_of       a list needs one parameter of each of these groups
    checks       ``check(change)`` before a write: may add errors and set values; runs in the transaction
    after        ``after(change, row)`` after the row is written, in the same transaction
    delete       column values that soft-delete a row
    aliases      words in the place of an id: answered by a redirect to the id that the function returns
    events       what subscribers are told of, see resource.events
    one_for      keys by which there is at most one row below its parents: a create with the same values writes that row
    unique       name of a unique constraint → (wire name, message)
    max_body     bytes that the JSON or form body of a write may have
    example      keys of a typical write (or row), for documentation
    """

    path: str
    model: type[models.Model]
    doc: str
    methods: str
    scopes: tuple[str, ...]
    permissions: tuple[str, ...]
    sharing: str
    owner: str | None
    fields: tuple[Field, ...]
    example: Mapping[str, Any]
    filters: tuple[Filter, ...] = ()
    permissions_on: str = "all"
    write_right: str = ""
    not_on: tuple[str, ...] = ()
    page_size: PageSize = PageSize()
    one_of: tuple[tuple[str, ...], ...] = ()
    rows: Q = field(default_factory=Q)
    hidden: Hidden | tuple[Hidden, ...] = ()
    order: str = "id"
    checks: tuple[Callable[["Change"], None], ...] = ()
    after: tuple[Callable[["Change", Any], None], ...] = ()
    delete: Mapping[str, Any] = field(default_factory=lambda: {"archived": True})
    actions: tuple[Action, ...] = ()
    aliases: Mapping[str, Callable[["Actor"], int]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    one_for: tuple[str, ...] = ()
    unique: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    max_body: int = MAX_BODY
    addition: bool = False
    parents: tuple[Parent, ...] = ()
    lists: bool = True
    reads: bool = True
    counted: str = "standard"

    def __post_init__(self) -> None:
        self.list_methods = tuple(
            m for m in self.methods.split() if m == "POST" or (m == "GET" and self.lists)
        )
        self.object_methods = tuple(
            m for m in self.methods.split() if m != "POST" and (m != "GET" or self.reads)
        )
        self.method_set = tuple(self.methods.split())
        self.by_name = {declared.name: declared for declared in self.fields}
        self.filters_by_name = {declared.name: declared for declared in self.filters}
        self.actions_by_name = {action.name: action for action in self.actions}
        self.writable = tuple(declared for declared in self.fields if declared.writable)
        self.tenanted = any(column.name == "practice" for column in self.model._meta.concrete_fields)
        self.has_verbose = any(
            declared.verbose or declared.plain() is not declared for declared in self.fields
        )
        self.hiding = (self.hidden,) if isinstance(self.hidden, Hidden) else self.hidden
        self.shapes: dict[Any, Any] = {}
        self.registry: Registry

    @property
    def page(self) -> str:
        """The page of the reference that shows it."""
        return self.path

    def shown(self, verbose: bool) -> tuple[Field, ...]:
        readable = (field for field in self.fields if field.readable)
        return tuple(readable if verbose else (field.plain() for field in readable if not field.verbose))


class Registry:
    """All resources of one dialect, by path, and its functions, by path and method.

    ``beside``: another registry, whose resources this one's may refer to and which are found here as well.
    Raises ImproperlyConfigured with every fault found.
    """

    def __init__(
        self,
        name: str,
        resources: Iterable[Resource],
        functions: Iterable["Function"] = (),
        beside: "Registry | None" = None,
    ) -> None:
        self.name = name
        self.resources: dict[str, Resource] = dict(beside.resources) if beside else {}
        self.functions: dict[str, dict[str, Function]] = {}
        self.statements: dict[Any, Any] = {}
        faults: list[str] = []
        for resource in resources:
            if resource.path in self.resources:
                faults.append(f"{resource.path}: declared twice")
            self.resources[resource.path] = resource
            resource.registry = self
        for resource in [one for one in self.resources.values() if one.registry is self]:
            faults += [f"{resource.path}: {fault}" for fault in self._faults(resource)]
        for function in functions:
            methods = self.functions.setdefault(function.path, {})
            if function.method in methods or function.method not in METHODS:
                faults.append(f"{function.path}: {function.method} declared twice, or no method")
            methods[function.method] = function
            faults += [f"{function.path}: {fault}" for fault in function.belong(self)]
            faults += [
                f"{function.path}: {f}" for f in self._reference_faults(function.fields, function.filters)
            ]
        if faults:
            raise ImproperlyConfigured(f"{name} declarations:\n" + "\n".join(faults))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())

    def __getitem__(self, path: str) -> Resource:
        return self.resources[path]

    def _faults(self, resource: Resource) -> Iterable[str]:
        if not resource.doc or "\n" in resource.doc:
            yield "needs one line of documentation"
        if not resource.example:
            yield "needs an example"
        if unknown := [name for name in resource.example if name not in resource.by_name]:
            yield f"example names unknown keys {unknown}"
        yield from anonymity.faults(resource.fields, resource.model)
        if not resource.method_set or set(resource.method_set) - set(METHODS):
            yield f"methods {resource.methods!r}"
        if resource.sharing != ALWAYS and not resource.owner:
            yield "shared by a switch, so it needs an owner"
        if resource.permissions_on not in ("all", "writes"):
            yield f"permissions_on {resource.permissions_on!r}"
        for hidden in resource.hiding:
            if hidden.unless not in resource.filters_by_name:
                yield f"hidden rows are shown by a parameter {hidden.unless!r} that isn't declared"
        for name in {name for group in resource.one_of for name in group}:
            if name not in resource.filters_by_name:
                yield f"one_of names the unknown parameter {name!r}"
        if reserved := RESERVED & set(resource.filters_by_name):
            yield f"parameters {sorted(reserved)} have names of the engine's own slots"
        for action in resource.actions:
            if action.method not in METHODS or action.answers not in ("object", "nothing"):
                yield f"action {action.name}: {action.method} that answers {action.answers!r}"
        for name in {*resource.one_for, *(n for f in resource.filters for n in f.replaces)}:
            if name not in resource.by_name and name not in resource.filters_by_name:
                yield f"{name!r} is no key and no parameter"
        if len(resource.by_name) < len(resource.fields):
            yield "has two keys of one name"
        for event in resource.events:
            yield from event.faults(resource.model)
        yield from self._url_faults(resource)
        yield from self._path_faults(resource)
        yield from self._reference_faults(resource.fields, resource.filters)

    def _url_faults(self, resource: Resource) -> Iterable[str]:
        named = {parent.name for parent in resource.parents}
        for parent in resource.parents:
            if parent.to not in self.resources:
                yield f"is below rows of the unknown resource {parent.to!r}"
            elif above := {p.name for p in self.resources[parent.to].parents} - named:
                yield f"is below {parent.to}, but its path doesn't name {sorted(above)}"
            if f"{{{parent.name}}}" not in resource.path:
                yield f"its path doesn't name {parent.name}"
        for name in re.findall(r"{(\w+)}", resource.path):
            if name not in named and name not in resource.filters_by_name:
                yield f"{{{name}}} of its path is no parent and no parameter"

    def _path_faults(self, resource: Resource) -> Iterable[str]:
        paths = [resource.owner] if resource.owner else []
        for path in [*paths, *(parent.source for parent in resource.parents)]:
            if not _resolves(resource.model, path):
                yield f"owner or parent {path!r} is no path of {resource.model.__name__}"
        for declared in resource.fields:
            try:
                column = declared.column(resource.model)
            except FieldDoesNotExist:
                yield f"{declared.name}: {declared.path!r} is no column of {resource.model.__name__}"
                continue
            if declared.given_with and declared.given_with not in resource.filters_by_name:
                yield f"{declared.name}: given with the unknown parameter {declared.given_with!r}"
            computed = declared.computed or isinstance(declared, Members)
            if declared.writable and declared.stored and "__" in declared.path and not computed:
                yield f"{declared.name}: a path of columns can't be written"
            if column is None and declared.stored and not computed and not hasattr(declared, "over"):
                yield f"{declared.name}: neither stored nor computed"

    def _reference_faults(self, fields: Sequence[Field], filters: Sequence[Filter]) -> Iterable[str]:
        for declared in fields:
            if isinstance(declared, Ref) and declared.to not in self.resources:
                yield f"{declared.name}: refers to the unknown resource {declared.to!r}"
            if isinstance(declared, Members):
                yield from self._reference_faults(declared.fields, ())
        for parameter in filters:
            if isinstance(parameter, RefIs | RefsAre) and parameter.to not in self.resources:
                yield f"?{parameter.name}: refers to the unknown resource {parameter.to!r}"


def _resolves(model: type[models.Model], path: str) -> bool:
    found: Any = model
    for step in path.split("__"):
        try:
            column: Any = found._meta.get_field(step.removesuffix("_id") if step != "id" else step)
        except FieldDoesNotExist:
            try:
                column = found._meta.get_field(step)
            except FieldDoesNotExist:
                return False
        found = column.related_model or found
    return True


__all__ = [
    "ALWAYS",
    "MAX_BODY",
    "METHODS",
    "REQUIRED",
    "Action",
    "Hidden",
    "Id",
    "PageSize",
    "Registry",
    "Resource",
]
