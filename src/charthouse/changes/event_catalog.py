"""The events that webhooks can subscribe to, the changes that cause them, and the webhook formats of the APIs.

The gateways, which this package may not import, register their formats; declarations are read at first use.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import models

from charthouse.changes.feed import ChangeEntry
from charthouse.changes.models import Delivery, Webhook
from charthouse.engine.declaration.events import Event
from charthouse.engine.declaration.resources import Registry, Resource

PING = "PING"


@dataclass(frozen=True)
class WebhookFormat:
    """The format of the webhooks of one kind.

    kind       the owner of such webhooks: "app" or "practice"
    load_registry         returns the declarations whose events they may subscribe to
    encode_object         (occurrence, rendered object) → JSON, the same for every webhook of the kind
    build_body            (webhook, practice id, JSON of the object or None for a ping) → body of the delivery
    build_headers         (delivery, webhook's secret, Unix seconds) → headers of an attempt
    compute_next_attempt  (time of the event, number of automatic attempts, end of the last attempt) → time of the next
                          attempt, None after the last
    label_event           the name of an event → its name in deliveries and on pages
    """

    kind: str
    load_registry: Callable[[], Registry]
    encode_object: "Callable[[Occurrence, Any], bytes]"
    build_body: Callable[[Webhook, int, bytes | None], bytes]
    build_headers: Callable[[Delivery, str, int], dict[str, str]]
    compute_next_attempt: Callable[[datetime, int, datetime], datetime | None]
    label_event: Callable[[str], str] = str


@dataclass(frozen=True)
class EventBinding:
    """An event, the resource whose object is sent with it, and the webhook format."""

    event: Event
    resource: Resource
    format: WebhookFormat

    @property
    def resource_key(self) -> tuple[str, str]:
        """The unique key of the resource across all APIs."""
        return self.format.kind, self.resource.path


@dataclass(frozen=True)
class Occurrence:
    """One event of one row in one transaction. ``at`` is an aware datetime, ``txid`` its transaction number,
    ``changes`` the ids of the changes that were this event."""

    binding: EventBinding
    practice: int
    row_id: int
    txid: int
    at: datetime
    changes: tuple[int, ...]


@dataclass(frozen=True)
class EventCatalog:
    """All events. ``events``: kind of webhook → event name → whether the event is an addition of this server;
    ``bindings``: table name → the events that changes of its rows may be."""

    events: Mapping[str, Mapping[str, bool]]
    bindings: Mapping[str, tuple[EventBinding, ...]]

    def find_model(self, kind: str, event: str) -> type[models.Model] | None:
        """Return the model of the rows that an event of a kind of webhook is about, None for a ping."""
        for binding in (each for bindings in self.bindings.values() for each in bindings):
            if (binding.format.kind, binding.event.name) == (kind, event):
                return binding.resource.model
        return None

    def match(self, entry: ChangeEntry) -> Iterator[EventBinding]:
        """Yield the bindings whose event this change is."""
        for binding in self.bindings.get(entry.table, ()):
            if _is_occurrence(binding.event, entry):
                yield binding


_formats: dict[str, WebhookFormat] = {}


def register_format(webhook_format: WebhookFormat) -> None:
    """Register the webhook format of an API, with the events that it declares."""
    _formats[webhook_format.kind] = webhook_format


def get_format(kind: str) -> WebhookFormat:
    """Return the format of webhooks of this kind. Raises KeyError for an unknown kind."""
    return _formats[kind]


@lru_cache(maxsize=1)
def load_catalog() -> EventCatalog:
    """Return the catalog of all events of the registered formats. Built once a process."""
    events: dict[str, dict[str, bool]] = {}
    bindings: dict[str, list[EventBinding]] = defaultdict(list)
    for kind, webhook_format in _formats.items():
        found: dict[str, bool] = {}
        for resource in webhook_format.load_registry():
            for event in resource.events:
                found[event.name] = event.own
                table = (event.of or resource.model)._meta.db_table
                bindings[table].append(EventBinding(event, resource, webhook_format))
        events[kind] = dict(sorted(found.items()))
    return EventCatalog(events, {table: tuple(binding) for table, binding in bindings.items()})


def _is_occurrence(event: Event, entry: ChangeEntry) -> bool:
    """Tell whether a change is this event: its operation, and a column that got or lost its value."""
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
