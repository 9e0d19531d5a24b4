"""Which changes are events, of which resources, and how each kind of webhook tells them: gathered from the declarations
of the dialects.

The dialects are above this room, so they register themselves; declarations are read when they are first needed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from charthouse.changes.read import Entry
from charthouse.engine.declaration.events import Event
from charthouse.engine.declaration.resources import Registry, Resource

if TYPE_CHECKING:
    from charthouse.changes.models import Delivery, Webhook

PING = "PING"


@dataclass(frozen=True)
class Manner:
    """How the webhooks of one kind are told.

    kind       whose they are: "app" or "practice"
    registry   the declarations whose events they may choose from
    content    a happening and its object → JSON; of every such webhook the same
    body       the webhook, the practice, the content (None: a ping) → what is sent
    headers    the delivery, the webhook's secret, Unix seconds → headers of an attempt
    next_try   when it happened, how many attempts were due by themselves, when the last one ended → when the next one
               is due, None when there is none
    called     the name of an event as it is sent and shown
    """

    kind: str
    registry: Callable[[], Registry]
    content: "Callable[[Happening, Any], bytes]"
    body: "Callable[[Webhook, int, bytes | None], bytes]"
    headers: "Callable[[Delivery, str, int], dict[str, str]]"
    next_try: Callable[[datetime, int, datetime], datetime | None]
    called: Callable[[str], str] = str


@dataclass(frozen=True)
class Told:
    """An event, the resource whose object is shown with it, and how."""

    event: Event
    resource: Resource
    manner: Manner

    @property
    def about(self) -> tuple[str, str]:
        """What tells this resource from all others, of whichever dialect."""
        return self.manner.kind, self.resource.path


@dataclass(frozen=True)
class Happening:
    """An event of one row, in one transaction."""

    told: Told
    practice: int
    row: int
    txid: int
    at: datetime


@dataclass(frozen=True)
class Catalogue:
    """``events``: kind of webhook → name → whether it is only ours; ``tables``: what may happen to rows of each."""

    events: Mapping[str, Mapping[str, bool]]
    tables: Mapping[str, tuple[Told, ...]]

    def of(self, entry: Entry) -> Iterator[Told]:
        """What this change is an event of."""
        for told in self.tables.get(entry.table, ()):
            if _happened(told.event, entry):
                yield told


_manners: dict[str, Manner] = {}


def register(manner: Manner) -> None:
    """Make a dialect's events known, and how they are told."""
    _manners[manner.kind] = manner


def manner(kind: str) -> Manner:
    """How webhooks of this kind are told."""
    return _manners[kind]


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """All events there are."""
    events: dict[str, dict[str, bool]] = {}
    tables: dict[str, list[Told]] = defaultdict(list)
    for kind, how in _manners.items():
        found: dict[str, bool] = {}
        for resource in how.registry():
            for event in resource.events:
                found[event.name] = event.own
                tables[(event.of or resource.model)._meta.db_table].append(Told(event, resource, how))
        events[kind] = dict(sorted(found.items()))
    return Catalogue(events, {table: tuple(told) for table, told in tables.items()})


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
