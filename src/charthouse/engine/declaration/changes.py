"""A write: what a body asks for, and what is about to be written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.resources import NO_PARENTS, Resource
from charthouse.engine.errors import Refusable


@dataclass(frozen=True, slots=True)
class Request:
    """One object of a body, as it was parsed.

    values   by wire name; complete for "create" and "replace", otherwise what was given
    given    the wire names that the caller sent
    errors   messages by wire name
    """

    values: Mapping[str, Any]
    given: frozenset[str]
    errors: Mapping[str, Any]


NOTHING = Request({}, frozenset(), {})


@dataclass(frozen=True, eq=False)
class Change(Refusable):
    """A write that is about to be done to one row: what was asked for, and what the checks make of it.

    Checks decide with ``set``, ``keep``, ``set_columns`` and ``add_error``; nothing else of it changes.

    operation   "create", "replace", "modify" or "delete"
    request     what was asked for, as it was parsed
    row         the row as it is (locked), None for a create
    parent_ids  ids of the rows that the URL names above this one, by path parameter
    old_values  after the write: by model attribute, the value before, for what an update really changed
    """

    resource: Resource
    actor: Actor
    operation: str
    request: Request = NOTHING
    row: Any = None
    parent_ids: Mapping[str, int] = field(default_factory=lambda: NO_PARENTS)
    old_values: Mapping[str, Any] = field(default_factory=dict)
    _values: dict[str, Any] = field(default_factory=dict)
    _columns: dict[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> frozenset[str]:
        """The wire names that the caller sent."""
        return self.request.given

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """Values by wire name: as parsed, or as a check set them."""
        return MappingProxyType(self._values)

    @property
    def columns(self) -> Mapping[str, Any]:
        """Values by model attribute that are written besides the keys."""
        return MappingProxyType(self._columns)

    def set(self, name: str, value: Any) -> None:
        """Write this value of a key. Raises KeyError for a key that the resource does not have."""
        self._values[self.resource.keys_by_name[name].name] = value

    def keep(self, name: str) -> None:
        """Leave a key as it is, whatever was given."""
        self._values.pop(name, None)

    def set_columns(self, **columns: Any) -> None:
        """Write these values, by model attribute, besides the keys. Raises KeyError for what is no column."""
        if unknown := columns.keys() - self.resource.column_names:
            raise KeyError(*unknown)
        self._columns.update(columns)

    def get(self, name: str) -> Any:
        """The value that the key will have after the write."""
        return self._values[name] if name in self._values else self.get_current(name)

    def get_current(self, name: str) -> Any:
        """The value that the key has now; None for a create."""
        key = self.resource.keys_by_name[name]
        return None if self.row is None else getattr(self.row, key.attribute, None)

    def changes(self, *names: str) -> bool:
        """Whether the write gives any of these keys another value than it has."""
        values = self._values
        return any(name in values and values[name] != self.get_current(name) for name in names)
