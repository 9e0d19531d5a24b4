"""Subscriptions: their beginning and end, and the charges that the worker makes of them, each turn exactly once."""

from datetime import date, timedelta

from django.db import connection, transaction

from charthouse import clock
from charthouse.domains.billing import sums
from charthouse.domains.billing.accounts import Charge, ChargeDefinition, Subscription
from charthouse.domains.billing.charging import INACTIVE, NEGATIVE, keep, today, told
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict
from charthouse.identity import tenancy

FARTHEST = timedelta(days=3660)  # that one may begin or end ahead
AT_ONCE = 60  # turns of one subscription in a run; what is left comes with the next
_SETTLED = ("definition", "schedule_frequency", "start_date")


@hook(keys=("amount", "definition", "end_date", "patient", "start_date"))
def subscribe(change: Change) -> None:
    """Before a subscription is written: nothing is charged for days that have passed, nor is a turn moved."""
    if change.operation == "delete":
        return
    keep(change, "amount", "start_date")
    now = today(change.actor.practice, change.get("patient"))
    if change.row is None:
        _begin(change, change.values.get("start_date") or now)
        if change.values["start_date"] < now:
            change.add_error("start_date", "It lies in the past.")
    else:
        _settled(change)
    if (amount := change.values.get("amount")) is not None and amount < 0:
        change.add_error("amount", NEGATIVE)
    starts, ends = change.get("start_date"), change.get("end_date")
    for name, day in (("start_date", starts), ("end_date", ends)):
        if name in change.values and day is not None and day > now + FARTHEST:
            change.add_error(name, "It lies too far ahead: ten years at most.")
    if change.changes("end_date") and ends is not None and ends < starts:
        change.add_error("end_date", "It lies before the start.")


def _begin(change: Change, start: date) -> None:
    change.values["start_date"] = start
    definition = _defined(change)
    if change.values.get("amount") is None:
        change.values["amount"] = definition.retail


def _defined(change: Change) -> ChargeDefinition:
    """What it is to be of, as long as that is charged."""
    definition = ChargeDefinition.objects.get(practice=change.actor.practice, pk=change.values["definition"])
    if definition.inactive:
        change.add_error("definition", INACTIVE)
    return definition


def _settled(change: Change) -> None:
    row = change.row
    now = today(row.practice_id, row.patient_id)
    if row.end_date is not None and row.end_date < now:
        raise Conflict("It is over: start another one.")
    for name in ("patient", *(_SETTLED if row.billed else ())):
        if change.changes(name):
            change.add_error(
                name, "This can't be changed any more: end the subscription and start another one."
            )
    if change.changes("definition"):
        _defined(change)
    if not row.billed and change.changes("start_date") and change.values["start_date"] < now:
        change.add_error("start_date", "It lies in the past.")


def end(call: Call) -> None:
    """Nothing is charged after today."""
    row: Subscription = call.row
    now = today(row.practice_id, row.patient_id)
    if row.end_date is not None and row.end_date < now:
        raise Conflict("It is over already.")
    if row.start_date > now:
        raise Conflict("It has not begun: delete it.")
    if row.end_date != now:
        row.end_date = now
        row.save(update_fields=["end_date", *row.sign(call.actor), "updated_at"])


# -- the worker -------------------------------------------------------------------------------------------------


def due() -> int:
    """Charge what is due, of all practices; how many charges that made."""
    with connection.cursor() as cursor:
        cursor.execute("select practice, subscription from billing_subscriptions_due(%s)", [clock.now()])
        waiting = cursor.fetchall()
    return sum(_charge_all(practice, subscription) for practice, subscription in waiting)


def _charge_all(practice: int, subscription: int) -> int:
    made = 0
    with tenancy.within(practice):
        while made < AT_ONCE and _charge(practice, subscription):
            made += 1
    return made


def _charge(practice: int, subscription_id: int) -> bool:
    """One turn, in one transaction with the note that it was charged. False when another worker is at it, or nothing
    is due."""
    with transaction.atomic():
        rows = Subscription.objects.select_for_update(of=("self",), skip_locked=True)
        row = rows.filter(practice=practice, pk=subscription_id).select_related("definition").first()
        if row is None:
            return False
        turns = Subscription.objects.filter(practice=practice, pk=row.pk)
        day = turns.annotate(turn=sums.next_turn()).values_list("turn", flat=True).get()
        if day is None or day > today(practice, row.patient_id):
            return False
        Charge.objects.create(
            **{**told(row.definition), "amount": row.amount},
            practice_id=practice,
            patient_id=row.patient_id,
            definition_id=row.definition_id,
            owner_id=row.owner_id,
            transaction_date=day,
            subscription=row,
            period=row.billed,
        )
        row.billed += 1
        row.save(update_fields=["billed", "updated_at"])
        return True
