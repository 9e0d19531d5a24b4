"""A call of an operation, and its answer."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.resources import NO_PARENTS, Operation
from charthouse.engine.errors import Refusable


@dataclass(frozen=True, eq=False)
class Call(Refusable):
    """One call of an operation.

    row         the row that the path names, locked unless the operation only reads; None where it names none
    payload     the body as it came
    values      what the body says, by wire name; keys that were left out are not in it
    given       names of the parameters and keys that the caller gave
    query       the query as given: texts by name
    parameters  values of the declared parameters, by the names that their filters give them
    url         this request's absolute URL with query parameters changed, or removed by None
    parent_ids  ids of the other rows that the path names, by path parameter
    shown_rows  rows of other tables that the answer is about: ids by model, for the request log
    """

    operation: Operation
    actor: Actor
    row: Any
    payload: Mapping[str, Any]
    values: Mapping[str, Any]
    given: frozenset[str]
    query: Mapping[str, str]
    parameters: Mapping[str, Any]
    url: Callable[..., str]
    parent_ids: Mapping[str, int] = field(default_factory=lambda: NO_PARENTS)
    shown_rows: dict[type[models.Model], Collection[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is not simply the declared status with a content.

    status     one of ``other_statuses``
    location   an absolute URL
    media      that of the content where the declaration's is ``*/*``
    headers    others
    """

    content: Any = None
    status: int = 200
    location: str = ""
    media: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
