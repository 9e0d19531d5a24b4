"""Which changes are events, and of which resources: gathered from the declarations of a dialect.

The dialect is above this room, so it registers itself; its declarations are read when they are first needed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from charthouse.changes.read import Entry
from charthouse.resource.declare import Registry, Resource
from charthouse.resource.events import Event

PING = "PING"
_registries: list[Callable[[], Registry]] = []


@dataclass(frozen=True)
class Told:
    """An event and the resource whose object is shown with it."""

    event: Event
    resource: Resource


@dataclass(frozen=True)
class Catalogue:
    """``events``: name → whether it is only ours; ``tables``: what may happen to rows of each table."""

    events: dict[str, bool]
    tables: dict[str, tuple[Told, ...]]

    def of(self, entry: Entry) -> Iterator[Told]:
        """What this change is an event of."""
        for told in self.tables.get(entry.table, ()):
            if _happened(told.event, entry):
                yield told


def register(registry: Callable[[], Registry]) -> None:
    """Make a dialect's events known."""
    if registry not in _registries:
        _registries.append(registry)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """All events there are."""
    events: dict[str, bool] = {}
    tables: dict[str, list[Told]] = defaultdict(list)
    for registry in _registries:
        for resource in registry():
            for event in resource.events:
                events[event.name] = event.ours
                tables[(event.of or resource.model)._meta.db_table].append(Told(event, resource))
    return Catalogue(dict(sorted(events.items())), {table: tuple(told) for table, told in tables.items()})


def _happened(event: Event, entry: Entry) -> bool:
    operation = "update" if entry.operation == "restore" else entry.operation
    if event.on != operation:
        return False
    if not event.column:
        return True
    before, after = entry.before or {}, entry.after or {}
    return (
        event.column in after
        and (after[event.column] is not None) == event.filled
        and (before[event.column] is None) == event.filled
    )
