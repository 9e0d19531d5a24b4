"""Fan-out: turns committed changes into webhook deliveries.

Reads the feed in order up to the horizon, and writes the deliveries and the position it has reached in one transaction:
rolled-back changes are never delivered, and a killed process neither loses nor repeats a delivery. A webhook receives
what was written while it was subscribed (``models.Subscription``), however late this runs. An app receives what it may
read on behalf of a user of the practice who has authorized it; a practice receives all of its own events.
"""

import logging
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from django.db import DatabaseError, connections, transaction
from django.db.models import Q

from charthouse import clock
from charthouse.changes import feed
from charthouse.changes.event_catalog import EventBinding, Occurrence, load_catalog
from charthouse.changes.feed import ChangeEntry, Position
from charthouse.changes.models import Delivery, Reader, Subscription, Webhook
from charthouse.engine.actor import Actor
from charthouse.engine.errors import RequestError
from charthouse.engine.execution import reading as rows
from charthouse.identity import api_users, grants, tenancy

logger = logging.getLogger("charthouse.changes")

READER_NAME = "webhooks"
MAX_CHANGES = 500  # per transaction; fewer where a change has many receivers
MAX_DELIVERIES = 2000  # per transaction, approximately
MAX_TRANSACTION_CHANGES = 5000  # of one transaction that are processed together


def start_reading() -> None:
    """Set the reader's position to the present, unless it has one. Called when a webhook is created or updated."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "insert into changes_reader (name, txid, change_id) values "
            "(%s, identity_transaction_number(pg_snapshot_xmin(pg_current_snapshot()))::text::bigint - 1, "
            "9223372036854775807) "
            "on conflict (name) do nothing",
            [READER_NAME],
        )


def create_deliveries() -> bool:
    """Create the deliveries of the next changes, unless another process does so. Return whether more may follow."""
    with transaction.atomic("owner"):
        reader = (
            Reader.objects.using("owner").select_for_update(skip_locked=True).filter(name=READER_NAME).first()
        )
        if reader is None:
            return False
        position = Position(reader.txid, reader.change_id)
        entries, following, more = _read_batch(
            position, max(4, min(MAX_CHANGES, MAX_DELIVERIES // _max_deliveries_per_change()))
        )
        entries = sorted(
            [*entries, *feed.read_preceding(entries, using="owner")], key=lambda entry: entry.position.id
        )
        # Read after the changes: who subscribed before one of them is among these.
        subscriptions = _list_subscriptions(entries)
        deliveries = list(_build_deliveries(entries, subscriptions)) if subscriptions else []
        _insert_deliveries(deliveries)
        if following != position:
            reader.txid, reader.change_id = following
            reader.save(using="owner")
    return more


def _max_deliveries_per_change() -> int:
    """Return the largest number of webhooks that one change can concern."""
    webhooks = Webhook.objects.using("owner").filter(active=True).exclude(verified_at=None)
    by_practice: Counter[int | None] = Counter(webhooks.values_list("practice_id", flat=True))
    of_apps = by_practice.pop(None, 0)
    return max(1, of_apps + max(by_practice.values(), default=0))


def _list_subscriptions(entries: list[ChangeEntry]) -> list[Subscription]:
    """List the subscriptions, except of deleted webhooks, in whose time one of these changes (by id) may have been
    written."""
    if not entries:
        return []
    first, last = entries[0].position.id, entries[-1].position.id
    return list(
        Subscription.objects.using("owner")
        .filter(
            Q(last_change=None) | Q(last_change__gte=first), first_change__lt=last, webhook__deleted_at=None
        )
        .select_related("webhook")
        .order_by("webhook_id", "id")
    )


_INSERTED = ("practice_id", "webhook_id", "event", "table_name", "row_id", "txid", "user_id", "body", "at")


def _insert_deliveries(deliveries: list[Delivery]) -> None:
    """Insert the deliveries in one statement, several times faster than bulk_create; existing ones are skipped."""
    if not deliveries:
        return
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "insert into changes_delivery (practice_id, webhook_id, event, table_name, row_id, txid, user_id, body, "
            "at, next_try, by_hand, attempts) "
            "select practice, webhook, event, name, row, txid, caller, body, at, least(at, %s), false, '[]' "
            "from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], "
            "%s::bytea[], %s::timestamptz[]) new(practice, webhook, event, name, row, txid, caller, body, at) "
            "on conflict do nothing",
            # Changes are timed by the database, which may be ahead of this clock, and of one that is stopped.
            [clock.now(), *([getattr(delivery, name) for delivery in deliveries] for name in _INSERTED)],
        )


def _read_batch(position: Position, limit: int) -> tuple[list[ChangeEntry], Position, bool]:
    """Return the next changes, the position after them, and whether more may follow. The changes of a transaction stay
    together, unless there are very many: a row that it both creates and modifies is then one event."""
    tables = load_catalog().bindings
    entries, following = feed.read_after(position, tables=tables, limit=limit, using="owner")
    if len(entries) < limit:
        return entries, following, False
    whole = [entry for entry in entries if entry.position.txid != entries[-1].position.txid]
    if whole:
        return whole, whole[-1].position, True
    return (
        (entries, following, True)
        if limit >= MAX_TRANSACTION_CHANGES
        else _read_batch(position, MAX_TRANSACTION_CHANGES)
    )


def has_unread_changes() -> bool:
    """Tell whether deliveries are still to be made of committed changes."""
    with transaction.atomic("owner"):
        reader = Reader.objects.using("owner").filter(name=READER_NAME).first()
        if reader is None:
            return False
        position = Position(reader.txid, reader.change_id)
        tables = load_catalog().bindings
        # In this order: a change is behind before it can be read, and a transaction may end between the two.
        return is_behind() or bool(feed.read_after(position, tables=tables, limit=1, using="owner")[0])


def is_behind() -> bool:
    """Tell whether committed changes wait for an older transaction to end."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select exists (select from changes_change "
            "where txid >= (select identity_transaction_number(pg_snapshot_xmin(pg_current_snapshot()))))"
        )
        return bool(cursor.fetchone()[0])


def _build_deliveries(entries: list[ChangeEntry], subscriptions: list[Subscription]) -> Iterator[Delivery]:
    listening = {(each.webhook.practice_id, name) for each in subscriptions for name in each.events}
    by_practice: dict[int, list[Occurrence]] = defaultdict(list)
    for occurrence in _find_occurrences(entries):
        name = occurrence.binding.event.name
        if (None, name) in listening or (occurrence.practice, name) in listening:
            by_practice[occurrence.practice].append(occurrence)
    apps = {each.webhook.application_id for each in subscriptions if each.webhook.application_id is not None}
    for practice, occurrences in by_practice.items():
        actors = [*grants.list_actors(practice, apps, clock.now()), api_users.make_read_only_actor(practice)]
        tenancy.set_tenant(practice)
        try:
            for occurrence in occurrences:
                yield from _deliver_occurrence(occurrence, subscriptions, actors)
        finally:
            tenancy.clear_tenant()


def _find_occurrences(entries: list[ChangeEntry]) -> list[Occurrence]:
    """Return each event of a row once per transaction, by what the transaction leaves of it: of a row that it created,
    no modification; of one that it deleted, the deletion; of one that it created and deleted, nothing."""
    found: dict[tuple[str, str, str, int, int], tuple[EventBinding, ChangeEntry, list[int]]] = {}
    for entry in entries:
        for binding in load_catalog().match(entry):
            row = _find_row_id(binding, entry)
            if row is not None:
                key = (*binding.resource_key, binding.event.name, row, entry.position.txid)
                found.setdefault(key, (binding, entry, []))[2].append(entry.position.id)
    occurrences = [
        Occurrence(binding, entry.practice, key[3], entry.position.txid, entry.at, tuple(changes))
        for key, (binding, entry, changes) in found.items()
    ]
    outcomes = _find_outcomes(entries)
    return [
        occurrence
        for occurrence in occurrences
        if _remains(
            occurrence.binding,
            outcomes.get(
                (occurrence.binding.resource.model._meta.db_table, occurrence.row_id, occurrence.txid),
                "update",
            ),
        )
    ]


def _find_outcomes(entries: list[ChangeEntry]) -> dict[tuple[str, int, int], str]:
    """Map (table, row, transaction) to what the transaction did to the row as a whole: "insert", "update", "delete", or
    "" for a row that was not there before and is not there after it."""
    operations: dict[tuple[str, int, int], list[str]] = defaultdict(list)
    for entry in entries:
        operations[entry.table, entry.row, entry.position.txid].append(entry.operation)
    return {key: _find_outcome(of_row) for key, of_row in operations.items()}


def _find_outcome(operations: list[str]) -> str:
    states = [one for one in operations if one in ("delete", "restore")]
    is_there = not states or states[-1] == "restore"
    if "insert" in operations:
        return "insert" if is_there else ""
    was_there = not states or states[0] == "delete"
    return "update" if is_there else "delete" if was_there else ""


def _remains(binding: EventBinding, outcome: str) -> bool:
    """Tell whether an event is still one, given the outcome for its row."""
    if _is_creation_or_deletion(binding):
        return binding.event.on == outcome
    return outcome == "update" or (_is_specific(binding) and outcome != "")


def _is_creation_or_deletion(binding: EventBinding) -> bool:
    return binding.event.of is None and binding.event.on in ("insert", "delete")


def _is_specific(binding: EventBinding) -> bool:
    """Tell whether the event has a name of its own, beyond a plain modification of the resource."""
    return bool(binding.event.column) or (
        binding.event.of is not None and binding.event.name not in _own_event_names(binding)
    )


def _own_event_names(binding: EventBinding) -> set[str]:
    return {event.name for event in binding.resource.events if event.of is None}


def _find_row_id(binding: EventBinding, entry: ChangeEntry) -> int | None:
    """Return the id of the resource's row that a change concerns, None where it can't be determined."""
    column, model = binding.event.by, binding.event.of
    if model is None:
        return entry.row
    for columns in (entry.after, entry.before):
        if columns and columns.get(column) is not None:
            return int(columns[column])
    found = model._default_manager.using("owner").filter(practice=entry.practice, pk=entry.row)
    return found.values_list(column, flat=True).first()


def _is_subscribed(subscription: Subscription, occurrence: Occurrence) -> bool:
    """Tell whether one of the event's changes was written while the webhook was subscribed to it."""
    last = subscription.last_change
    return occurrence.binding.event.name in subscription.events and any(
        subscription.first_change < change and (last is None or change <= last)
        for change in occurrence.changes
    )


def _deliver_occurrence(
    occurrence: Occurrence, subscriptions: Iterable[Subscription], actors: list[Actor]
) -> Iterator[Delivery]:
    event, webhook_format = occurrence.binding.event, occurrence.binding.format
    rendered: dict[int | None, tuple[int | None, bytes] | None] = {}
    for subscription in subscriptions:
        webhook = subscription.webhook
        if (
            webhook.kind != webhook_format.kind
            or webhook.practice_id not in (None, occurrence.practice)
            or not _is_subscribed(subscription, occurrence)
        ):
            continue
        app = webhook.application_id  # None: the actor who calls in the practice's own name
        if app not in rendered:
            rendered[app] = _render_object(occurrence, [actor for actor in actors if actor.app == app])
        if (shown := rendered[app]) is not None:
            user, content = shown
            yield Delivery(
                practice_id=occurrence.practice,
                webhook=webhook,
                event=event.name,
                table_name=occurrence.binding.resource.model._meta.db_table,
                row_id=occurrence.row_id,
                txid=occurrence.txid,
                user_id=user,
                body=webhook_format.build_body(webhook, occurrence.practice, content),
                at=occurrence.at,
            )


def _render_object(occurrence: Occurrence, actors: list[Actor]) -> tuple[int | None, bytes] | None:
    """Render the object for the first of these actors who may read it. Return the user's id (None for the practice)
    and the JSON, or None when no actor may read it."""
    resource = occurrence.binding.resource
    for actor in actors:
        try:
            resource.policy.authorize(actor, resource.path, reading=True)
            return actor.user, occurrence.binding.format.encode_object(
                occurrence, _read_object(occurrence, actor)
            )
        except RequestError:
            continue
        except (DatabaseError, psycopg.Error):
            raise
        except Exception as error:  # one failing object must not block the others
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s not shown: %s\n%s", occurrence.binding.event.name, type(error).__name__, where)
    return None


def _read_object(occurrence: Occurrence, actor: Actor) -> Any:
    deleted = occurrence.binding.event.on == "delete" and occurrence.binding.event.of is None
    return rows.read_object(
        occurrence.binding.resource, actor, occurrence.row_id, verbose=False, deleted=deleted, any_parent=True
    )
