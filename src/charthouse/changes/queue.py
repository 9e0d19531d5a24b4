"""Deliveries that are due: taken by a worker under a lease, and put back with what came of them.

A lease outlasts an attempt, so two workers never send the same one at once; when its holder is killed it runs out and
another takes the delivery. Due is what the project's clock says, a lease goes by the database's own: a clock that is
moved must not end it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import connections, transaction

from charthouse import clock
from charthouse.changes.catalogue import PING, manner
from charthouse.changes.http import Outcome
from charthouse.changes.models import Delivery
from charthouse.identity import authorised

LEASE = "30 seconds"  # three times the longest attempt

# Of each webhook as many as there is room for, the longest waiting first; of one whose app has lost the person in whose
# name it was told, none.
_CLAIM = f"""
with claimed as materialized (
    select found.id, w.callback_url, w.sealed_secret, case when w.practice_id is null then 'app' else 'practice' end
           as kind
      from changes_webhook w
      left join unnest(%(busy)s::bigint[], %(rooms)s::int[]) as busy(webhook, room) on busy.webhook = w.id
     cross join lateral (
        select d.id from changes_delivery d
         where d.webhook_id = w.id and d.next_try <= %(at)s
           and (d.leased_until is null or d.leased_until < clock_timestamp())
           and (d.user_id is null or exists (
                select from ({authorised.TOKENS}) t
                 where t.application_id = w.application_id and t.user_id = d.user_id))
         order by d.next_try limit coalesce(busy.room, %(usual)s)
           for update of d skip locked
     ) found
     where w.active and w.verified_at is not null
     limit %(most)s
)
update changes_delivery d set leased_until = clock_timestamp() + interval '{LEASE}'
  from claimed where d.id = claimed.id
returning d.id, d.practice_id, d.webhook_id, d.event, d.body, d.at, d.by_hand, claimed.callback_url,
          claimed.sealed_secret, claimed.kind,
          jsonb_array_length(jsonb_path_query_array(d.attempts, '$[*] ? (@.by_hand == false)'))
"""  # noqa: S608
_FINISH = """
update changes_delivery d
   set leased_until = null, by_hand = false, next_try = r.next_try, delivered_at = r.delivered_at,
       attempts = d.attempts || r.attempt
  from unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[]) r(id, next_try, delivered_at, attempt)
 where d.id = r.id
"""


@dataclass(frozen=True)
class Claim:
    """A delivery that this worker is to attempt now. ``kind`` of its webhook; ``made``: attempts so far that nobody
    asked for."""

    delivery: Delivery
    url: str
    sealed_secret: str
    kind: str
    made: int


@dataclass(frozen=True)
class Result:
    """What came of an attempt that ended at this moment."""

    claim: Claim
    outcome: Outcome
    at: datetime


def step(results: Sequence[Result], rooms: Mapping[int, int], usual: int, most: int) -> list[Claim]:
    """Put back what has been attempted, and take up to ``most`` that are due: of each webhook at most as many as
    ``rooms`` says, or ``usual``."""
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        if results:
            _finish(cursor, results)
        if most <= 0:
            return []
        cursor.execute(
            _CLAIM,
            {
                "at": clock.now(),
                "busy": list(rooms),
                "rooms": list(rooms.values()),
                "usual": usual,
                "most": most,
            },
        )
        return [_claim(row) for row in cursor.fetchall()]


def _claim(row: tuple[Any, ...]) -> Claim:
    number, practice, webhook, event, body, at, by_hand, *claimed = row
    delivery = Delivery(
        id=number,
        practice_id=practice,
        webhook_id=webhook,
        event=event,
        body=bytes(body),
        at=at,
        by_hand=by_hand,
    )
    return Claim(delivery, *claimed)


def _finish(cursor: Any, results: Sequence[Result]) -> None:
    ids, tries, delivered, attempts = [], [], [], []
    for result in results:
        good = result.outcome.good
        ids.append(result.claim.delivery.pk)
        tries.append(None if good else _next(result))
        delivered.append(result.at if good else None)
        attempts.append(msgspec.json.encode(attempt(result)).decode())
    cursor.execute(_FINISH, [ids, tries, delivered, attempts])


def attempt(result: Result) -> dict[str, Any]:
    """As it is kept."""
    return {
        "at": result.at.isoformat(),
        "status": result.outcome.status,
        "ms": result.outcome.ms,
        "error": result.outcome.error,
        "by_hand": result.claim.delivery.by_hand,
    }


def _next(result: Result) -> datetime | None:
    claim = result.claim
    if claim.delivery.event == PING:
        return None
    made = claim.made + (not claim.delivery.by_hand)
    return manner(claim.kind).next_try(claim.delivery.at, made, result.at)
