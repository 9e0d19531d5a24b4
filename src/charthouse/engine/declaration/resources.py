"""Resources and operations: everything that is declared of one, in one place; and the registry that holds an API's."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet

from charthouse.engine.declaration.events import Event
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.hooks import Hook
from charthouse.engine.declaration.json_schema import slugify
from charthouse.engine.declaration.keys import Key, index_keys
from charthouse.engine.declaration.policy import Policy

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MAX_BODY = 10 * 1024 * 1024  # bytes
JSON = "application/json"
ROW_ID = "{id}"
# What an operation answers with besides keys: its row as it then is, or a redirect to the row whose id it returns.
THE_ROW: Any = "the row"
ROW_LOCATION: Any = "the location of a row"
NO_PARENTS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class PageSize:
    """Rows a page: default and maximum; at most ``verbose`` with verbose on."""

    default: int = 250
    maximum: int = 250
    verbose: int = 50


@dataclass(frozen=True)
class Visibility:
    """Rows that a list leaves out unless the parameter named ``shown_by`` is given. By their id they are found all the
    same.

    referable   other rows may still be made to refer to them (a document of an inactive patient)
    by_id       by their id they are found with the flag alone, and never written
    """

    hidden: Q
    shown_by: str
    referable: bool = False
    by_id: bool = False


@dataclass(frozen=True)
class Parent:
    """A row that the URL names above this resource's rows.

    name    the parameter of the path
    to      the resource whose row it is: 404 where it is not visible, or not below other rows that the URL names
    source  the model's reference to it, filled by a create
    ids     the ids of rows below the parent, where these are more than those of ``source``
    """

    name: str
    to: str
    source: str
    ids: "Callable[[Any], QuerySet[Any]] | None" = None

    @property
    def attribute(self) -> str:
        return self.source if self.source.endswith("_id") else f"{self.source}_id"

    @property
    def is_column(self) -> bool:
        """Whether it is a reference of the row itself."""
        return "__" not in self.source


@dataclass(kw_only=True, eq=False)
class Declaration:
    """What is declared of a resource and of an operation alike.

    path      the URL below the API's base; ``{name}`` in it is an id or a parameter
    doc       one line
    policy    who may use it, and whose rows they see
    keys      of an object on the wire; of an operation: of its body
    filters   parameters of the query
    one_of    a list needs one parameter of each of these groups
    unique    name of a unique constraint → (wire name, message)
    max_body  bytes that the JSON or form body of a write may have
    example   keys of a typical write, row or answer, for documentation
    addition  not in the seed: the hosted API has grown it since
    parents   the rows that the URL names above; an operation of a row has those of its resource
    """

    path: str
    doc: str
    policy: Policy
    keys: tuple[Key, ...]
    example: Mapping[str, Any]
    filters: tuple[Filter, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    unique: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    max_body: int = MAX_BODY
    addition: bool = False
    parents: tuple[Parent, ...] = ()

    def __post_init__(self) -> None:
        self.filters_by_name = {declared.name: declared for declared in self.filters}
        self.required_filters = tuple(declared.name for declared in self.filters if declared.required)
        self.keys_by_name = index_keys(self.keys)
        self.registry: Registry

    @property
    def page(self) -> str:
        """The page of the reference that shows it."""
        return self.path

    def is_reading(self, method: str) -> bool:
        """Whether a call with this method needs the rights of a reader only."""
        return method == "GET"


@dataclass(kw_only=True, eq=False)
class Operation(Declaration):
    """One method of one URL.

    path            below the API's base; ``{id}`` stands for the id of a row of the resource ``of``, other names for
                    that resource's parents or for parameters
    name            instead of ``path``, of an operation that a resource declares: ``<resource>/{id}/<name>``, with a
                    row of that resource, and its parents
    run             ``run(call: Call)`` → content: an object, a list of them where ``many``, text, bytes or a stored
                    file where ``media`` is not JSON, None where nothing is answered; or an Answer
    of              path of the resource it is about, whose page of the reference shows it
    policy          what it does not say is as the resource's
    reading         whether read scopes are enough and nothing is written (default: for GET)
    row_filters     parameters that the row must match, or it is not found
    keys            of the body; none is stored
    answer          keys of the object that it answers with, of which OPTIONAL ones may be left out; or THE_ROW, or
                    ROW_LOCATION
    answer_model    the model whose columns they show
    other_statuses  status → when; with keys of ``answer`` but for 204 and 302
    unique, max_body   with ``name``: also as the resource has them
    array_key       the key that a body stands for which is an array
    """

    path: str = ""
    name: str = ""
    run: Callable[[Any], Any]
    method: str = "GET"
    of: str = ""
    policy: Policy = field(default_factory=Policy)
    reading: bool | None = None
    row_filters: tuple[Filter, ...] = ()
    keys: tuple[Key, ...] = ()
    answer: Any = ()  # tuple[Key, ...] | THE_ROW | ROW_LOCATION
    many: bool = False
    answer_model: type[models.Model] | None = None
    media: str = JSON
    status: int = 200
    other_statuses: Mapping[int, str] = field(default_factory=dict)
    example: Mapping[str, Any] = field(default_factory=dict)
    array_key: str = ""

    def __post_init__(self) -> None:
        self.filters = (*self.filters, *self.row_filters)
        super().__post_init__()
        self.resource: Resource | None = None
        if self.reading is None:
            self.reading = self.method == "GET"
        if self.name and not self.answer:
            self.status = 204

    @property
    def model(self) -> type[models.Model]:
        return self.resource.model if self.resource else models.Model

    @property
    def page(self) -> str:
        return self.of or self.path

    @property
    def method_set(self) -> tuple[str, ...]:
        return (self.method,)

    @property
    def slug(self) -> str:
        return slugify(self.path)

    @property
    def is_of_row(self) -> bool:
        """Whether its path names a row."""
        return ROW_ID in self.path

    def is_reading(self, method: str) -> bool:
        return bool(self.reading)

    @property
    def is_json(self) -> bool:
        return self.media == JSON

    @property
    def redirects(self) -> bool:
        """Whether it answers with the address of a row."""
        return self.answer is ROW_LOCATION

    @property
    def answers_keys(self) -> bool:
        return self.answer is not THE_ROW and self.answer is not ROW_LOCATION and bool(self.answer)

    def bind(self, registry: "Registry") -> Iterable[str]:
        """Take from the resource what is not declared here. Yields the faults of the declaration."""
        self.registry = registry
        self.resource = registry.resources.get(self.of)
        if self.of and self.resource is None:
            yield f"is of the unknown resource {self.of!r}"
            return
        if self.resource is None and not self.policy.is_complete:
            yield "is of no resource, so its policy needs scopes and permissions"
        self.policy = self.policy.inherit(self.resource.policy if self.resource else None)
        if self.name and self.resource:
            self.unique, self.max_body = {**self.resource.unique, **self.unique}, self.resource.max_body
        if self.is_of_row and self.resource is None:
            yield "names a row of no resource"
        self.parents = self.resource.parents if self.resource and self.is_of_row else ()
        for name in re.findall(r"{(\w+)}", self.path):
            if name not in ("id", *(p.name for p in self.parents), *self.filters_by_name):
                yield f"{{{name}}} of its path is no parent and no parameter"
        if not self.doc or "\n" in self.doc:
            yield "needs one line of documentation"
        if stored := [key.name for key in self.keys if key.is_stored]:
            yield f"keys {stored} need source=UNSTORED: an operation stores nothing by itself"


@dataclass(kw_only=True, eq=False)
class Resource(Declaration):
    """Everything about one resource.

    methods      of the list URL (GET, POST) and of the object URL (GET, PUT, PATCH, DELETE) together
    lists, reads whether the list URL, and the object URL, have the GET of ``methods``
    rows         the rows of the model that this resource is about
    visibility   which of them lists leave out; one, or several
    referable    condition of the rows that others may be made to refer to; default: that they are not archived
    checks       hooks before a write: may add errors and set values; in the transaction of the write
    after        hooks after the row is written, with the row, in the same transaction
    delete       column values that soft-delete a row
    operations   other operations of a row, each by its name
    events       what subscribers are notified of
    upsert_keys  keys by which there is at most one row below its parents: a create with the same values replaces it
    find_merged  ``find_merged(practice, id)`` → id of the row that a row was merged into, or None: a call that names
                 the merged row returns 410 with that id
    """

    model: type[models.Model]
    methods: str
    page_size: PageSize = PageSize()
    rows: Q = field(default_factory=Q)
    visibility: Visibility | tuple[Visibility, ...] = ()
    referable: Q | None = None
    order: str = "id"
    checks: tuple[Hook, ...] = ()
    after: tuple[Hook, ...] = ()
    delete: Mapping[str, Any] = field(default_factory=lambda: {"archived": True})
    operations: tuple[Operation, ...] = ()
    events: tuple[Event, ...] = ()
    upsert_keys: tuple[str, ...] = ()
    find_merged: Callable[[int, int], int | None] | None = None
    lists: bool = True
    reads: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.policy = self.policy.inherit(None)
        self.method_set = tuple(self.methods.split())
        self.list_methods = tuple(m for m in self.method_set if m == "POST" or (m == "GET" and self.lists))
        self.object_methods = tuple(m for m in self.method_set if m != "POST" and (m != "GET" or self.reads))
        self.operations_by_name = {operation.name: operation for operation in self.operations}
        self.writable = tuple(key for key in self.keys if key.writable)
        self.referring = tuple(key for key in self.writable if key.may_refer)
        self.visibilities = (self.visibility,) if isinstance(self.visibility, Visibility) else self.visibility
        for operation in self.operations:
            operation.of = self.path
            middle = "" if operation.answer is ROW_LOCATION else "{id}/"
            operation.path = f"{self.path}/{middle}{operation.name}"

    @cached_property
    def has_verbose(self) -> bool:
        return any(key.verbose or key.without_verbose() is not key for key in self.keys)

    @cached_property
    def has_practice(self) -> bool:
        """Whether rows belong to a practice, as all but a few catalogs do."""
        return any(column.name == "practice" for column in self.model._meta.concrete_fields)

    @cached_property
    def column_names(self) -> frozenset[str]:
        """The attributes of the model that hold columns."""
        return frozenset(column.attname for column in self.model._meta.concrete_fields)

    def list_shown(self, verbose: bool) -> tuple[Key, ...]:
        """The keys that a read shows."""
        readable = (key for key in self.keys if key.readable)
        return tuple(readable if verbose else (key.without_verbose() for key in readable if not key.verbose))


class Registry:
    """All resources of one API, by path, and its other operations, by path and method (see ``build_registry``)."""

    def __init__(self, name: str, base: "Registry | None" = None) -> None:
        self.name = name
        self.resources: dict[str, Resource] = dict(base.resources) if base else {}
        self.operations: dict[str, dict[str, Operation]] = {}
        self.plans: dict[Any, Any] = {}  # see ``execution.planning``

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())

    def __getitem__(self, path: str) -> Resource:
        return self.resources[path]

    def list_own(self) -> list[Resource]:
        """The resources that are not its base's."""
        return [resource for resource in self if resource.registry is self]

    def list_operations(self) -> list[Operation]:
        """The operations that no resource declares."""
        return [operation for methods in self.operations.values() for operation in methods.values()]
