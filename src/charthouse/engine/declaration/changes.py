"""A write: what a body asks for, and what is about to be written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.resources import NO_PARENTS, Resource


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


@dataclass(eq=False)
class Change:
    """A write that is about to be done to one row.

    operation   "create", "replace", "modify" or "delete"
    values      by wire name, as parsed; checks may add to them
    given       the wire names that the caller sent
    row         the row as it is (locked), None for a create
    columns     values by model attribute that checks set besides the declared keys
    errors      messages by wire name; the write is refused if there are any
    parent_ids  ids of the rows that the URL names above this one, by path parameter
    old_values  after the write: by model attribute, the value before, for what an update really changed
    """

    resource: Resource
    actor: Actor
    operation: str
    values: dict[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    errors: dict[str, Any] = field(default_factory=dict)
    row: Any = None
    columns: dict[str, Any] = field(default_factory=dict)
    old_values: dict[str, Any] = field(default_factory=dict)
    parent_ids: Mapping[str, int] = field(default_factory=lambda: NO_PARENTS)

    def add_error(self, name: str, message: str) -> None:
        """Report a fault of one key; the write is refused."""
        self.errors.setdefault(name, []).append(message)

    def get(self, name: str) -> Any:
        """The value that the key will have after the write."""
        if name in self.values:
            return self.values[name]
        return self.get_current(name)

    def get_current(self, name: str) -> Any:
        """The value that the key has now; None for a create."""
        return (
            None if self.row is None else getattr(self.row, self.resource.keys_by_name[name].attribute, None)
        )

    def changes(self, *names: str) -> bool:
        """Whether the write gives any of these keys another value than it has."""
        return any(name in self.values and self.values[name] != self.get_current(name) for name in names)
