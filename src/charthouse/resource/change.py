"""A write that was asked for: what the caller gave, parsed, and every fault found so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from charthouse.resource.actor import Actor

if TYPE_CHECKING:
    from charthouse.resource.declare import Resource

NOWHERE: Mapping[str, int] = MappingProxyType({})


@dataclass(eq=False)
class Change:
    """One row to be written.

    operation  "create", "replace", "modify", "delete", or an action's name
    values     by wire name; complete for create and replace, only what was given for the others. Checks may add to it
    given      the wire names that the caller sent
    row        the row as it is (locked), None for a create
    columns    values by model attribute that checks set beside the declared keys
    errors     by wire name
    at         ids of the rows that the URL lies below, by path parameter
    replaced   by model attribute, the value that was there before, for what an update really changed
    """

    resource: "Resource"
    actor: Actor
    operation: str
    values: dict[str, Any]
    given: frozenset[str]
    errors: dict[str, Any] = field(default_factory=dict)
    row: Any = None
    columns: dict[str, Any] = field(default_factory=dict)
    replaced: dict[str, Any] = field(default_factory=dict)
    at: Mapping[str, int] = field(default_factory=lambda: NOWHERE)

    def wrong(self, name: str, message: str) -> None:
        """Report a fault of one key; the write won't happen."""
        self.errors.setdefault(name, []).append(message)

    def get(self, name: str) -> Any:
        """The value that the key will have after the write."""
        if name in self.values:
            return self.values[name]
        if self.row is None:
            return None
        return getattr(self.row, self.resource.by_name[name].attribute, None)

    def before(self, name: str) -> Any:
        """The value that the key has now; None for a create."""
        return None if self.row is None else getattr(self.row, self.resource.by_name[name].attribute, None)

    def changes(self, *names: str) -> bool:
        """Whether the write gives any of these keys another value than it has."""
        return any(name in self.values and self.values[name] != self.before(name) for name in names)
