"""The queue of due deliveries: claimed by a worker under a lease, and updated with the result of the attempt.

A lease outlasts an attempt, so two workers never send the same delivery at once; when its holder is killed the lease
expires and another worker claims the delivery. Due times follow the project's clock, leases the database's own, so that
advancing a sandbox's clock does not end them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.db import connections, transaction

from charthouse import clock
from charthouse.changes.event_catalog import PING, get_format
from charthouse.changes.models import Delivery
from charthouse.identity import grants

LEASE = "30 seconds"  # three times the longest attempt

# Of each webhook as many as its capacity allows, longest waiting first; none whose app no longer has a token of the
# user on whose behalf the event was rendered, and none while an earlier one of the same row waits, except by hand. What
# was caused while a webhook was active is sent once although it no longer is. None in a restored copy.
_DUE = f"""
d.next_try <= %(at)s and (w.active or d.attempts = '[]')
           and (d.user_id is null or exists (
                select from ({grants.LIVE_TOKENS_SQL}) t
                 where t.application_id = w.application_id and t.user_id = d.user_id))
           and (d.by_hand or not exists (
                select from changes_delivery e
                 where e.webhook_id = d.webhook_id and e.table_name = d.table_name and e.row_id = d.row_id
                   and e.id < d.id and e.next_try is not null and e.delivered_at is null
                   and (e.user_id is null or exists (
                        select from ({grants.LIVE_TOKENS_SQL}) t
                         where t.application_id = w.application_id and t.user_id = e.user_id))))
"""  # noqa: S608
_CLAIM = f"""
with claimed as materialized (
    select found.id, w.callback_url, w.sealed_secret, case when w.practice_id is null then 'app' else 'practice' end
           as kind
      from changes_webhook w
      left join unnest(%(busy)s::bigint[], %(rooms)s::int[]) as busy(webhook, room) on busy.webhook = w.id
     cross join lateral (
        select d.id from changes_delivery d
         where d.webhook_id = w.id and {_DUE}
           and (d.leased_until is null or d.leased_until < clock_timestamp())
         order by d.next_try, d.id limit coalesce(busy.room, %(usual)s)
           for update of d skip locked
     ) found
     where w.verified_at is not null and w.deleted_at is null and (select identity_may_send())
     limit %(most)s
)
update changes_delivery d set leased_until = clock_timestamp() + interval '{LEASE}'
  from claimed where d.id = claimed.id
returning d.id, d.practice_id, d.webhook_id, d.event, d.body, d.at, d.by_hand, claimed.callback_url,
          claimed.sealed_secret, claimed.kind,
          jsonb_array_length(jsonb_path_query_array(d.attempts, '$[*] ? (@.by_hand == false)'))
"""  # noqa: S608
_HAS_DUE = f"""
select exists (
    select from changes_webhook w join changes_delivery d on d.webhook_id = w.id
     where w.verified_at is not null and w.deleted_at is null and {_DUE}) and identity_may_send()
"""  # noqa: S608
_FINISH = """
update changes_delivery d
   set leased_until = null, by_hand = false, next_try = r.next_try, delivered_at = r.delivered_at,
       attempts = d.attempts || r.attempt
  from unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[]) r(id, next_try, delivered_at, attempt)
 where d.id = r.id
"""


@dataclass(frozen=True)
class Outcome:
    """The outcome of an attempt: HTTP status (None without a response), duration in ms, and a short error message that
    contains nothing from the receiver. ``is_final``: no other attempt follows by itself. ``headers``: those that were
    sent, without the values that are secret."""

    status: int | None
    ms: int
    error: str = ""
    is_final: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Claim:
    """A delivery that this worker has to attempt now. ``kind``: of its webhook; ``automatic_attempts``: attempts so far
    that were not requested by a user."""

    delivery: Delivery
    url: str
    sealed_secret: str
    kind: str
    automatic_attempts: int


@dataclass(frozen=True)
class Result:
    """The outcome of an attempt that ended at ``at``."""

    claim: Claim
    outcome: Outcome
    at: datetime


def record_and_claim(
    results: Sequence[Result], capacity: Mapping[int, int], default_capacity: int, limit: int
) -> list[Claim]:
    """Record the results of attempts, and claim up to ``limit`` due deliveries: of each webhook at most ``capacity``
    by its id, or ``default_capacity``."""
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        if results:
            _record_results(cursor, results)
        if limit <= 0:
            return []
        cursor.execute(
            _CLAIM,
            {
                "at": clock.now(),
                "busy": list(capacity),
                "rooms": list(capacity.values()),
                "usual": default_capacity,
                "most": limit,
            },
        )
        return [_parse_claim(row) for row in cursor.fetchall()]


def has_due(at: datetime) -> bool:
    """Tell whether an attempt is due at this time, or running."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(_HAS_DUE, {"at": at})
        return bool(cursor.fetchone()[0])


def _parse_claim(row: tuple[Any, ...]) -> Claim:
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


def _record_results(cursor: Any, results: Sequence[Result]) -> None:
    ids, tries, delivered, attempts = [], [], [], []
    for result in results:
        good = result.outcome.is_success
        ids.append(result.claim.delivery.pk)
        tries.append(None if good else _next_attempt_at(result))
        delivered.append(result.at if good else None)
        attempts.append(msgspec.json.encode(build_attempt_record(result)).decode())
    cursor.execute(_FINISH, [ids, tries, delivered, attempts])


def build_attempt_record(result: Result) -> dict[str, Any]:
    """Build the entry of ``Delivery.attempts``."""
    return {
        "at": result.at.isoformat(),
        "status": result.outcome.status,
        "ms": result.outcome.ms,
        "error": result.outcome.error,
        "by_hand": result.claim.delivery.by_hand,
        "headers": dict(result.outcome.headers),
    }


def _next_attempt_at(result: Result) -> datetime | None:
    claim = result.claim
    if claim.delivery.event == PING or result.outcome.is_final:
        return None
    made = claim.automatic_attempts + (not claim.delivery.by_hand)
    return get_format(claim.kind).compute_next_attempt(claim.delivery.at, made, result.at)
