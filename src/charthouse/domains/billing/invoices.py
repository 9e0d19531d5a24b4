"""Invoices: hooks, payments and voiding."""

from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse import clock
from charthouse.domains.billing import account_sums
from charthouse.domains.billing.accounts import Charge, Invoice, InvoiceLine, InvoicePayment
from charthouse.domains.billing.charges import get_today, keep_unset
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict
from charthouse.engine.sql import expressions as sql

MAX_CHARGES = 1000


def list_open_charges(practice: int, patient: int) -> "QuerySet[Charge]":
    """Return the charges of a patient that are on no invoice."""
    invoiced = InvoiceLine.objects.filter(
        practice=OuterRef("practice_id"), charge=OuterRef("pk"), released=False, archived=False
    )
    charges = Charge.objects.filter(practice=practice, patient=patient, archived=False, voided_at=None)
    return charges.filter(~Exists(invoiced)).order_by("pk")


@hook(keys=("charges", "date", "due_date", "patient"))
def check_invoice(change: Change) -> None:
    """Check and complete an invoice; choose and lock its charges, by default all open ones."""
    practice = change.actor.practice
    keep_unset(change, "date")
    if change.row is None:
        _collect_charges(change, practice, change.values["patient"])
    elif change.row.voided_at is not None:
        raise Conflict("It is void.")
    elif change.changes("patient"):
        change.add_error("patient", "An invoice can't become another patient's.")
    if not change.errors and (due := change.get("due_date")) and due < change.get("date"):
        change.add_error("due_date", "It lies before the invoice's date.")


def _collect_charges(change: Change, practice: int, patient: int) -> None:
    chosen = change.values.get("charges")
    charges = list_open_charges(practice, patient)
    if chosen:
        charges = charges.filter(pk__in=chosen)
    locked = list(charges.select_for_update(of=("self",), no_key=True)[:MAX_CHARGES])
    if missing := {*(chosen or ())} - {one.pk for one in locked}:
        change.add_error("charges", f"Charge {min(missing)} is not an open charge of this patient.")
    elif not locked:
        change.add_error("charges", "The patient has no open charge.")
    change.set("date", change.values.get("date") or get_today(practice, patient))
    change.set("charges", [one.pk for one in locked])


@hook(keys=("charges",))
def create_lines(change: Change, row: Invoice) -> None:
    """Create the lines of a new invoice. A constraint rejects a charge that another invoice took meanwhile."""
    if change.operation == "create":
        for charge in change.values["charges"]:
            InvoiceLine.objects.create(practice_id=row.practice_id, invoice=row, charge_id=charge)


def sum_owed(practice: int, patient: int) -> tuple[Decimal, Decimal]:
    """Return what a patient owes: of charges not yet invoiced, and unpaid of invoices."""
    of = {"practice": practice, "invoice__patient": patient, "invoice__voided_at": None, "archived": False}

    def all_of(rows: Any, amount: Any) -> Combinable:
        summed = sql.ungroup(rows.order_by().values(all=Sum(amount)))
        return Coalesce(Subquery(summed), Decimal(0))

    columns: dict[str, Any] = {
        "not_asked": all_of(list_open_charges(practice, patient), account_sums.select_patient_share()),
        "asked": all_of(InvoiceLine.objects.filter(**of), account_sums.select_patient_share("charge__")),
        "paid": all_of(InvoicePayment.objects.filter(**of), F("amount")),
    }
    found: Any = Patient.objects.values(**columns).get(practice=practice, pk=patient)
    return found["not_asked"], found["asked"] - found["paid"]


def get_balance(invoice: Invoice) -> Decimal:
    """Return the balance of an invoice."""
    rows: Any = Invoice.objects.filter(practice=invoice.practice_id, pk=invoice.pk)
    return Decimal(rows.annotate(owed=account_sums.select_balance()).values_list("owed", flat=True).get())


def record_payment(call: Call) -> None:
    """Record a payment of an invoice, of at most its balance. Raises Conflict."""
    row: Invoice = call.row
    if row.voided_at is not None:
        raise Conflict("It is void.")
    amount, left = call.values["amount"], get_balance(row)
    if amount <= 0:
        call.add_error("amount", "Ensure this value is greater than 0.")
    elif amount > left:
        call.add_error("amount", f"Only {max(left, Decimal(0)):.2f} is still to be paid.")
    day = call.values.get("date") or get_today(row.practice_id, row.patient_id)
    if day > get_today(row.practice_id, row.patient_id):
        call.add_error("date", "This can't be in the future.")
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
    payment.set_authors(call.actor)
    payment.save(force_insert=True)
    row.save(update_fields=[*row.set_authors(call.actor), "updated_at"])


def reverse_payment(call: Call) -> None:
    """Reverse a payment, which then no longer counts."""
    row: Invoice = call.row
    payments = InvoicePayment.objects.filter(practice=row.practice_id, invoice=row, archived=False)
    payment = payments.filter(pk=call.values["payment"]).first()
    if payment is None:
        call.add_error("payment", "This invoice has no such payment.")
        return
    payment.archived = True
    payment.save(update_fields=["archived", *payment.set_authors(call.actor), "updated_at"])
    row.save(update_fields=[*row.set_authors(call.actor), "updated_at"])


def void(call: Call) -> None:
    """Void an invoice without payments; its charges are open again. Raises Conflict."""
    row: Invoice = call.row
    if row.voided_at is not None:
        raise Conflict("It is void already.")
    if InvoicePayment.objects.filter(practice=row.practice_id, invoice=row, archived=False).exists():
        raise Conflict("Something was paid on it: void that payment first.")
    row.voided_at = clock.now()
    row.save(update_fields=["voided_at", *row.set_authors(call.actor), "updated_at"])
    for line in InvoiceLine.objects.filter(practice=row.practice_id, invoice=row, released=False):
        line.released = True
        line.save(update_fields=["released", "updated_at"])
