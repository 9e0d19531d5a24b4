"""Invoices: gathering what a patient owes, taking money for it, voiding. Hooks of the declarations."""

from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse import clock
from charthouse.domains.billing import sums
from charthouse.domains.billing.accounts import Charge, Invoice, InvoiceLine, InvoicePayment
from charthouse.domains.billing.charging import keep, today
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict
from charthouse.engine.sql import expressions as sql

MOST_CHARGES = 1000


def open_charges(practice: int, patient: int) -> "QuerySet[Charge]":
    """What a patient owes and was not yet asked for."""
    asked = InvoiceLine.objects.filter(
        practice=OuterRef("practice_id"), charge=OuterRef("pk"), released=False, archived=False
    )
    charges = Charge.objects.filter(practice=practice, patient=patient, archived=False, voided_at=None)
    return charges.filter(~Exists(asked)).order_by("pk")


@hook(keys=("charges", "date", "due_date", "patient"))
def gather(change: Change) -> None:
    """Before an invoice is written: the chosen charges, or all that are open, locked for it."""
    practice = change.actor.practice
    keep(change, "date")
    if change.row is None:
        _gather(change, practice, change.values["patient"])
    elif change.row.voided_at is not None:
        raise Conflict("It is void.")
    elif change.changes("patient"):
        change.add_error("patient", "An invoice can't become another patient's.")
    if not change.errors and (due := change.get("due_date")) and due < change.get("date"):
        change.add_error("due_date", "It lies before the invoice's date.")


def _gather(change: Change, practice: int, patient: int) -> None:
    chosen = change.values.get("charges")
    there = open_charges(practice, patient)
    if chosen:
        there = there.filter(pk__in=chosen)
    locked = list(there.select_for_update(of=("self",), no_key=True)[:MOST_CHARGES])
    if missing := {*(chosen or ())} - {one.pk for one in locked}:
        change.add_error("charges", f"Charge {min(missing)} is not an open charge of this patient.")
    elif not locked:
        change.add_error("charges", "The patient has no open charge.")
    change.values["date"] = change.values.get("date") or today(practice, patient)
    change.values["charges"] = [one.pk for one in locked]


@hook(keys=("charges",))
def lines(change: Change, row: Invoice) -> None:
    """After an invoice is made, its charges are on it. One that another invoice took meanwhile is refused by the
    table."""
    if change.operation == "create":
        for charge in change.values["charges"]:
            InvoiceLine.objects.create(practice_id=row.practice_id, invoice=row, charge_id=charge)


def owed_by(practice: int, patient: int) -> tuple[Decimal, Decimal]:
    """What a patient owes that nobody asked for yet, and what is unpaid of what was asked for."""
    of = {"practice": practice, "invoice__patient": patient, "invoice__voided_at": None, "archived": False}

    def all_of(rows: Any, amount: Any) -> Combinable:
        summed = sql.ungroup(rows.order_by().values(all=Sum(amount)))
        return Coalesce(Subquery(summed), Decimal(0))

    columns: dict[str, Any] = {
        "not_asked": all_of(open_charges(practice, patient), sums.share()),
        "asked": all_of(InvoiceLine.objects.filter(**of), sums.share("charge__")),
        "paid": all_of(InvoicePayment.objects.filter(**of), F("amount")),
    }
    found: Any = Patient.objects.values(**columns).get(practice=practice, pk=patient)
    return found["not_asked"], found["asked"] - found["paid"]


# -- actions ----------------------------------------------------------------------------------------------------


def owed(invoice: Invoice) -> Decimal:
    rows: Any = Invoice.objects.filter(practice=invoice.practice_id, pk=invoice.pk)
    return Decimal(rows.annotate(owed=sums.balance()).values_list("owed", flat=True).get())


def pay(call: Call) -> None:
    """Money for an invoice, no more than is still to be paid."""
    row: Invoice = call.row
    if row.voided_at is not None:
        raise Conflict("It is void.")
    amount, left = call.values["amount"], owed(row)
    if amount <= 0:
        call.add_error("amount", "Ensure this value is greater than 0.")
    elif amount > left:
        call.add_error("amount", f"Only {max(left, Decimal(0)):.2f} is still to be paid.")
    day = call.values.get("date") or today(row.practice_id, row.patient_id)
    if day > today(row.practice_id, row.patient_id):
        call.add_error("date", "This may not lie in the future.")
    if call.errors:
        return
    payment = InvoicePayment(
        practice_id=row.practice_id,
        invoice=row,
        amount=amount,
        date=day,
        method=call.values.get("method") or "",
        reference=call.values.get("reference") or "",
    )
    payment.sign(call.actor)
    payment.save(force_insert=True)
    row.save(update_fields=[*row.sign(call.actor), "updated_at"])


def take_back(call: Call) -> None:
    """A payment that was a mistake, or that didn't come: it counts no more."""
    row: Invoice = call.row
    payments = InvoicePayment.objects.filter(practice=row.practice_id, invoice=row, archived=False)
    payment = payments.filter(pk=call.values["payment"]).first()
    if payment is None:
        call.add_error("payment", "This invoice has no such payment.")
        return
    payment.archived = True
    payment.save(update_fields=["archived", *payment.sign(call.actor), "updated_at"])
    row.save(update_fields=[*row.sign(call.actor), "updated_at"])


def void(call: Call) -> None:
    """Nothing is asked for with it any more, and its charges are open again."""
    row: Invoice = call.row
    if row.voided_at is not None:
        raise Conflict("It is void already.")
    if InvoicePayment.objects.filter(practice=row.practice_id, invoice=row, archived=False).exists():
        raise Conflict("Something was paid on it: take that back first.")
    row.voided_at = clock.now()
    row.save(update_fields=["voided_at", *row.sign(call.actor), "updated_at"])
    for line in InvoiceLine.objects.filter(practice=row.practice_id, invoice=row, released=False):
        line.released = True
        line.save(update_fields=["released", "updated_at"])
