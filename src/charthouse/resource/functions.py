"""Operations that aren't the reading or writing of plain rows: a document made of many, a report, an invitation.

A ``Function`` declares one as completely as a ``Resource`` declares its rows; ``call`` runs it. Everything of the other
stages holds: parameters and body are parsed by the same filters and fields, wrong ones reported all at once; scopes and
permissions are checked by ``plan``; a row that the path names must be visible; a write is one transaction.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from django.db import models

from charthouse.resource import parse, read, write
from charthouse.resource.actor import Actor
from charthouse.resource.change import NOWHERE, Change
from charthouse.resource.declare import MAX_BODY
from charthouse.resource.errors import Invalid, Malformed, NotFound
from charthouse.resource.fields import Field
from charthouse.resource.filters import Filter

if TYPE_CHECKING:
    from charthouse.resource.declare import Parent, Registry, Resource

ROW = "{id}"
JSON = "application/json"
AS_ITS_RESOURCE: Any = object()


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function.

    row         the row that the path names, locked unless the function only reads; None where it names none
    payload     the body as it came
    values      what the body says, by wire name; keys that were left out are not in it
    given       names of the parameters and keys that the caller gave
    parameters  the query as given, texts by name
    slots       values of the declared parameters, by the slot names of their filters
    url         this request's absolute URL with query parameters changed, or removed by None
    at          ids of the other rows that the path names, by path parameter
    """

    function: "Function"
    actor: Actor
    row: Any
    payload: Mapping[str, Any]
    values: Mapping[str, Any]
    given: frozenset[str]
    parameters: Mapping[str, str]
    slots: Mapping[str, Any]
    url: Callable[..., str]
    at: Mapping[str, int] = field(default_factory=lambda: NOWHERE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answers when it isn't plainly its declared status with a content. ``status`` is one of
    ``also``; ``location`` an absolute URL; ``media`` that of the content where the declaration's is ``*/*``;
    ``headers`` others."""

    content: Any = None
    status: int = 200
    location: str = ""
    media: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True, eq=False)
class Function:
    """One method of one URL.

    path         below the dialect's base; ``{id}`` stands for the id of a row of the resource ``of``, other names for
                 that resource's parents or for parameters
    run          ``run(call)`` → content: an object, a list of them where ``many``, text, bytes or a stored file
                 where ``media`` isn't JSON, None where nothing is answered; or an Answer
    of           path of the resource it is about: its scopes, permissions, sharing and plan hold unless said otherwise
                 here, and its page of the reference shows it
    reading      whether read scopes are enough and nothing is written (default: for GET)
    parameters   of the query; ``one_of`` as a Resource has it
    narrows      parameters that the row must fit: it isn't found where it doesn't
    fields       keys of the body; not ``stored``
    answers      keys of the object that it answers with; OPTIONAL ones may be left out
    answers_of   the model whose columns they show
    counted      as a Resource has it
    also         other statuses that it may answer with, with keys of ``answers`` but for 204 and 302 → when
    unique, max_body   as a Resource has them, for what it writes
    bare         the key that a body stands for which is an array
    example      values of its body's and answer's keys, for documentation
    """

    path: str
    doc: str
    run: Callable[[Call], Any]
    method: str = "GET"
    of: str = ""
    scopes: tuple[str, ...] = AS_ITS_RESOURCE
    permissions: tuple[str, ...] = AS_ITS_RESOURCE
    not_on: tuple[str, ...] = AS_ITS_RESOURCE
    write_right: str = AS_ITS_RESOURCE
    reading: bool | None = None
    parameters: tuple[Filter, ...] = ()
    narrows: tuple[Filter, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    fields: tuple[Field, ...] = ()
    answers: tuple[Field, ...] = ()
    many: bool = False
    answers_of: type[models.Model] | None = None
    media: str = JSON
    status: int = 200
    also: Mapping[int, str] = field(default_factory=dict)
    unique: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    max_body: int = MAX_BODY
    example: Mapping[str, Any] = field(default_factory=dict)
    addition: bool = False
    counted: str = "standard"
    bare: str = ""

    def __post_init__(self) -> None:
        self.parameters = self.filters = (*self.parameters, *self.narrows)
        self.filters_by_name = {declared.name: declared for declared in self.parameters}
        self.by_name = {declared.name: declared for declared in self.fields}
        self.name = "_".join(part for part in self.path.split("/") if "{" not in part)
        self.parents: tuple[Parent, ...] = ()
        self.method_set = (self.method,)
        self.permissions_on = "all"
        self.sharing = ""
        self.resource: Resource | None = None
        self.registry: Registry
        if self.reading is None:
            self.reading = self.method == "GET"

    @property
    def model(self) -> type[models.Model]:
        return self.resource.model if self.resource else models.Model

    @property
    def page(self) -> str:
        """The page of the reference that shows it."""
        return self.of or self.path

    @property
    def names_a_row(self) -> bool:
        return ROW in self.path

    def belong(self, registry: "Registry") -> Iterable[str]:
        """Take from the resource what isn't said here. Yields what is wrong with the declaration."""
        self.registry = registry
        self.resource = registry.resources.get(self.of)
        if self.of and self.resource is None:
            yield f"is of the unknown resource {self.of!r}"
            return
        inherited = {"scopes": (), "permissions": (), "not_on": (), "write_right": ""}
        for name, none in inherited.items():
            if getattr(self, name) is AS_ITS_RESOURCE:
                if self.resource is None and name in ("scopes", "permissions"):
                    yield f"is of no resource, so it needs {name}"
                setattr(self, name, getattr(self.resource, name, none))
        if self.resource is not None:
            self.permissions_on, self.sharing = self.resource.permissions_on, self.resource.sharing
        if self.names_a_row and self.resource is None:
            yield "names a row of no resource"
        self.parents = self.resource.parents if self.resource and self.names_a_row else ()
        for name in re.findall(r"{(\w+)}", self.path):
            if name not in ("id", *(p.name for p in self.parents), *self.filters_by_name):
                yield f"{{{name}}} of its path is no parent and no parameter"
        if not self.doc or "\n" in self.doc:
            yield "needs one line of documentation"
        if stored := [declared.name for declared in self.fields if declared.stored]:
            yield f"keys {stored} can't be stored: nothing says where"


def call(
    function: Function,
    actor: Actor,
    row_id: int | None,
    parameters: Mapping[str, str],
    payload: Any,
    url: Callable[..., str],
    at: Mapping[str, int] = NOWHERE,
) -> Any:
    """Run a function whose caller may. Raises Invalid, Malformed, NotFound, Conflict, and what ``run`` raises."""

    def work() -> Any:
        asked = parse.narrowed(function, parameters)
        change = Change(cast(Any, function), actor, function.name, {}, frozenset())
        body = {function.bare: payload} if function.bare and isinstance(payload, list) else payload
        if not isinstance(body, Mapping):
            raise Malformed("The body has to be an object.")
        parse.read(function.fields, function.model, body, change)
        row = None
        if function.resource is not None and row_id is not None:
            narrows = tuple(declared for declared in function.narrows if declared.name in asked.filters)
            if narrows and not read.fits(function.resource, actor, row_id, narrows, asked.slots):
                raise NotFound()
            row = write.whole_row(function.resource, actor, row_id, lock=not function.reading, at=at)
        write.check_references([change], function.fields)
        if change.errors:
            raise Invalid(change.errors)
        return function.run(
            Call(
                function,
                actor,
                row,
                payload,
                change.values,
                change.given | frozenset(asked.filters),
                parameters,
                asked.slots,
                url,
                at,
            )
        )

    return work() if function.reading else write.in_transaction(function.unique, work)
