"""Subscriptions: hooks, ending one, and the charges that the worker makes, each period exactly once."""

from datetime import date, timedelta

from django.db import connection, transaction

from charthouse import clock
from charthouse.domains.billing import account_sums
from charthouse.domains.billing.accounts import Charge, ChargeDefinition, Subscription
from charthouse.domains.billing.charges import (
    INACTIVE,
    NEGATIVE,
    get_definition_values,
    get_today,
    keep_unset,
)
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict
from charthouse.identity import tenancy

MAX_AHEAD = timedelta(days=3660)  # until start or end
MAX_CHARGES_PER_RUN = 60  # of a subscription; the next run continues
_FIXED_KEYS = ("definition", "schedule_frequency", "start_date")


@hook(keys=("amount", "definition", "end_date", "patient", "start_date"))
def check_subscription(change: Change) -> None:
    """Check and complete a subscription: no charge for past days, no change of what was charged."""
    if change.operation == "delete":
        return
    keep_unset(change, "amount", "start_date")
    now = get_today(change.actor.practice, change.get("patient"))
    if change.row is None:
        _set_defaults(change, change.values.get("start_date") or now)
        if change.values["start_date"] < now:
            change.add_error("start_date", "This is in the past.")
    else:
        _check_changes(change)
    if (amount := change.values.get("amount")) is not None and amount < 0:
        change.add_error("amount", NEGATIVE)
    starts, ends = change.get("start_date"), change.get("end_date")
    for name, day in (("start_date", starts), ("end_date", ends)):
        if name in change.values and day is not None and day > now + MAX_AHEAD:
            change.add_error(name, "This is too far ahead: ten years at most.")
    if change.changes("end_date") and ends is not None and ends < starts:
        change.add_error("end_date", "This is before the start.")


def _set_defaults(change: Change, start: date) -> None:
    change.set("start_date", start)
    definition = _get_definition(change)
    if change.values.get("amount") is None:
        change.set("amount", definition.retail)


def _get_definition(change: Change) -> ChargeDefinition:
    """Return the definition, with an error if it is inactive."""
    definition = ChargeDefinition.objects.get(practice=change.actor.practice, pk=change.values["definition"])
    if definition.inactive:
        change.add_error("definition", INACTIVE)
    return definition


def _check_changes(change: Change) -> None:
    """Reject changes of a subscription that was charged, and of one that is over. Raises Conflict."""
    row = change.row
    now = get_today(row.practice_id, row.patient_id)
    if row.end_date is not None and row.end_date < now:
        raise Conflict("It is over: start another one.")
    for name in ("patient", *(_FIXED_KEYS if row.billed else ())):
        if change.changes(name):
            change.add_error(
                name, "This can't be changed any more: end the subscription and start another one."
            )
    if change.changes("definition"):
        _get_definition(change)
    if not row.billed and change.changes("start_date") and change.values["start_date"] < now:
        change.add_error("start_date", "This is in the past.")


def end_subscription(call: Call) -> None:
    """End a subscription today. Raises Conflict."""
    row: Subscription = call.row
    now = get_today(row.practice_id, row.patient_id)
    if row.end_date is not None and row.end_date < now:
        raise Conflict("It is over already.")
    if row.start_date > now:
        raise Conflict("It has not begun: delete it.")
    if row.end_date != now:
        row.end_date = now
        row.save(update_fields=["end_date", *row.set_authors(call.actor), "updated_at"])


def charge_due() -> int:
    """Create the charges that are due in all practices; return their number."""
    with connection.cursor() as cursor:
        cursor.execute("select practice, subscription from billing_subscriptions_due(%s)", [clock.now()])
        waiting = cursor.fetchall()
    return sum(_charge_all(practice, subscription) for practice, subscription in waiting)


def _charge_all(practice: int, subscription: int) -> int:
    count = 0
    with tenancy.within(practice):
        while count < MAX_CHARGES_PER_RUN and _charge_once(practice, subscription):
            count += 1
    return count


def _charge_once(practice: int, subscription_id: int) -> bool:
    """Create the charge of one period and count it, in one transaction. False if another worker holds the
    subscription, or nothing is due."""
    with transaction.atomic():
        rows = Subscription.objects.select_for_update(of=("self",), skip_locked=True)
        row = rows.filter(practice=practice, pk=subscription_id).select_related("definition").first()
        if row is None:
            return False
        turns = Subscription.objects.filter(practice=practice, pk=row.pk)
        day = (
            turns.annotate(turn=account_sums.select_next_billing_date()).values_list("turn", flat=True).get()
        )
        if day is None or day > get_today(practice, row.patient_id):
            return False
        Charge.objects.create(
            **{**get_definition_values(row.definition), "amount": row.amount},
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
