"""From committed changes to deliveries: who is told of what.

Reads the feed in order up to the horizon, and writes the deliveries and how far it has read in one transaction: what
was rolled back is never told, and when this process is killed nothing is lost or told twice. An app is told of what
somebody of the practice, who has authorised it, lets it read; a practice is told of all that is its own.
"""

import logging
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from django.db import DatabaseError, connections, transaction

from charthouse import clock
from charthouse.changes import read
from charthouse.changes.catalogue import Happening, Told, catalogue
from charthouse.changes.models import Delivery, Reader, Webhook
from charthouse.changes.read import Entry, Position
from charthouse.engine.actor import Actor
from charthouse.engine.errors import RequestError
from charthouse.engine.execution import reading as rows
from charthouse.identity import apiusers, authorised, tenancy

logger = logging.getLogger("charthouse.changes")

NAME = "webhooks"
BATCH = 500  # changes a transaction, fewer where many are told of each
DELIVERIES = 2000  # a transaction, about
LONGEST = 5000  # changes of one transaction that are looked at together


def begin() -> None:
    """Changes from here on are told. Done when the first webhook is made; later calls change nothing."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "insert into changes_reader (name, txid, change_id) values "
            "(%s, pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1, 9223372036854775807) "
            "on conflict (name) do nothing",
            [NAME],
        )


def fan_out() -> bool:
    """Make the deliveries of the next changes, unless another process is at it. Whether there may be more."""
    with transaction.atomic("owner"):
        reader = Reader.objects.using("owner").select_for_update(skip_locked=True).filter(name=NAME).first()
        if reader is None:
            return False
        position = Position(reader.txid, reader.change_id)
        webhooks = list(Webhook.objects.using("owner").filter(active=True).exclude(verified_at=None))
        entries, following, more = _next(position, max(4, min(BATCH, DELIVERIES // _most(webhooks))))
        deliveries = list(_deliveries(entries, webhooks)) if entries else []
        _insert(deliveries)
        if following != position:
            reader.txid, reader.change_id = following
            reader.save(using="owner")
    return more


def _most(webhooks: list[Webhook]) -> int:
    """How many of them one change can be told to."""
    by_practice = Counter(webhook.practice_id for webhook in webhooks)
    of_apps = by_practice.pop(None, 0)
    return max(1, of_apps + max(by_practice.values(), default=0))


def _insert(deliveries: list[Delivery]) -> None:
    """In one statement, several times quicker than one for a few rows each; what was told already is left out."""
    if not deliveries:
        return
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "insert into changes_delivery (practice_id, webhook_id, event, row_id, txid, user_id, body, at, next_try, "
            "by_hand, attempts) select practice, webhook, event, row, txid, caller, body, at, at, false, '[]' "
            "from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], "
            "%s::bytea[], %s::timestamptz[]) new(practice, webhook, event, row, txid, caller, body, at) "
            "on conflict do nothing",
            [
                [getattr(delivery, name) for delivery in deliveries]
                for name in ("practice_id", "webhook_id", "event", "row_id", "txid", "user_id", "body", "at")
            ],
        )


def _next(position: Position, limit: int) -> tuple[list[Entry], Position, bool]:
    """The next changes, where to go on, and whether there are more. A transaction is kept together unless it is very
    long: of a row that is made and modified in it, only one is told."""
    tables = catalogue().tables
    entries, following = read.after(position, tables=tables, limit=limit, using="owner")
    if len(entries) < limit:
        return entries, following, False
    whole = [entry for entry in entries if entry.position.txid != entries[-1].position.txid]
    if whole:
        return whole, whole[-1].position, True
    return (entries, following, True) if limit >= LONGEST else _next(position, LONGEST)


def behind() -> bool:
    """Whether changes are committed that wait for an older transaction to end."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select exists (select from changes_change where txid >= pg_snapshot_xmin(pg_current_snapshot()))"
        )
        return bool(cursor.fetchone()[0])


def _deliveries(entries: list[Entry], webhooks: list[Webhook]) -> Iterator[Delivery]:
    listening = {(webhook.practice_id, name) for webhook in webhooks for name in webhook.events}
    by_practice: dict[int, list[Happening]] = defaultdict(list)
    for happening in _happenings(entries):
        name = happening.told.event.name
        if (None, name) in listening or (happening.practice, name) in listening:
            by_practice[happening.practice].append(happening)
    apps = {webhook.application_id for webhook in webhooks if webhook.application_id is not None}
    for practice, happenings in by_practice.items():
        actors = [*authorised.actors(practice, apps, clock.now()), apiusers.unlimited(practice)]
        tenancy.enter(practice)
        try:
            for happening in happenings:
                yield from _told(happening, webhooks, actors)
        finally:
            tenancy.leave()


def _happenings(entries: list[Entry]) -> list[Happening]:
    """Each event of a row once a transaction. What was made or deleted in it isn't also modified."""
    found: dict[tuple[str, str, str, int, int], Happening] = {}
    for entry in entries:
        for told in catalogue().of(entry):
            row = _row(told, entry)
            if row is not None:
                key = (*told.about, told.event.name, row, entry.position.txid)
                found.setdefault(key, Happening(told, entry.practice, row, entry.position.txid, entry.at))
    ends = {(*h.told.about, h.row, h.txid) for h in found.values() if _ends(h.told)}
    return [
        h
        for h in found.values()
        if _ends(h.told) or _part(h.told) or (*h.told.about, h.row, h.txid) not in ends
    ]


def _ends(told: Told) -> bool:
    return told.event.of is None and told.event.on in ("insert", "delete")


def _part(told: Told) -> bool:
    """An event of its own, not just a modification."""
    return bool(told.event.column) or (told.event.of is not None and told.event.name not in _plain(told))


def _plain(told: Told) -> set[str]:
    return {event.name for event in told.resource.events if event.of is None}


def _row(told: Told, entry: Entry) -> int | None:
    """The row of the resource that a change is about."""
    column, model = told.event.by, told.event.of
    if model is None:
        return entry.row
    for columns in (entry.after, entry.before):
        if columns and columns.get(column) is not None:
            return int(columns[column])
    found = model._default_manager.using("owner").filter(practice=entry.practice, pk=entry.row)
    return found.values_list(column, flat=True).first()


def _told(happening: Happening, webhooks: Iterable[Webhook], actors: list[Actor]) -> Iterator[Delivery]:
    event, manner = happening.told.event, happening.told.manner
    rendered: dict[int | None, tuple[int | None, bytes] | None] = {}
    for webhook in webhooks:
        if (
            webhook.kind != manner.kind
            or webhook.practice_id not in (None, happening.practice)
            or event.name not in webhook.events
        ):
            continue
        app = webhook.application_id  # None: the actor who calls in the practice's own name
        if app not in rendered:
            rendered[app] = _rendered(happening, [actor for actor in actors if actor.app == app])
        if (shown := rendered[app]) is not None:
            user, content = shown
            yield Delivery(
                practice_id=happening.practice,
                webhook=webhook,
                event=event.name,
                row_id=happening.row,
                txid=happening.txid,
                user_id=user,
                body=manner.body(webhook, happening.practice, content),
                at=happening.at,
            )


def _rendered(happening: Happening, actors: list[Actor]) -> tuple[int | None, bytes] | None:
    """The object as the first of these callers would get it, with who that is. None when none of them would."""
    resource = happening.told.resource
    for actor in actors:
        try:
            resource.policy.authorize(actor, resource.path, reading=True)
            return actor.user, happening.told.manner.content(happening, _object(happening, actor))
        except RequestError:
            continue
        except (DatabaseError, psycopg.Error):
            raise
        except Exception as error:  # one that can't be shown must not hold up all the others
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s not shown: %s\n%s", happening.told.event.name, type(error).__name__, where)
    return None


def _object(happening: Happening, actor: Actor) -> Any:
    deleted = happening.told.event.on == "delete" and happening.told.event.of is None
    return rows.read_object(
        happening.told.resource, actor, happening.row, verbose=False, deleted=deleted, any_parent=True
    )
