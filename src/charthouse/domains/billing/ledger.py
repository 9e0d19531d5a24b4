"""A patient's account as one ledger: charges of visits and of the practice's price list, what insurers paid and wrote
off, payments, and what is still owed. Nothing of it is stored: it is read from the rows of both APIs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, Model, OuterRef, Sum

from charthouse.domains.billing import account_sums, invoices, line_item_sums
from charthouse.domains.billing.accounts import Charge, Invoice, InvoiceLine, InvoicePayment
from charthouse.domains.billing.codes import PAYMENT_METHOD_NAMES
from charthouse.domains.billing.models import LineItem, PatientPayment, Transaction
from charthouse.domains.billing.service_days import select_service_day

MAX_ROWS = 1000  # of each kind that a ledger reads, the newest
ZERO = Decimal(0)
AGES = (30, 60, 90)  # days since the service, or since the invoice, that end a group of ages
VISIT, INVOICE, CHARGE = "visit", "invoice", "charge"


@dataclass(frozen=True)
class Entry:
    """A line of the ledger. ``amount``: what it adds to the balance; payments are negative. ``row``: id of its row, a
    ``source``. ``voided``: it counts no more. ``created``: orders the entries of a day."""

    day: date
    kind: str
    text: str
    amount: Decimal
    row: int
    created: datetime
    source: type[Model]
    voided: bool = False


@dataclass(frozen=True)
class OpenItem:
    """Something that the patient still owes: a line item of a visit, an invoice, or a charge that is on no invoice."""

    kind: str
    row: int
    day: date
    text: str
    amount: Decimal


@dataclass(frozen=True)
class Account:
    """``entries``: newest first. ``open_items``: oldest first. ``credit``: payments that were put to nothing yet.
    ``insurance``: what insurers have not decided. ``is_cut``: older entries are left out."""

    entries: list[Entry]
    open_items: list[OpenItem]
    credit: Decimal
    insurance: Decimal
    is_cut: bool

    @property
    def owed(self) -> Decimal:
        """What the patient owes; negative: the practice owes it."""
        return sum((item.amount for item in self.open_items), ZERO) - self.credit

    @property
    def unbilled(self) -> Decimal:
        return sum((item.amount for item in self.open_items if item.kind == CHARGE), ZERO)

    @property
    def balance(self) -> Decimal:
        """What the patient and insurers owe together: the sum of the entries."""
        return self.owed + self.insurance

    def list_ages(self, today: date) -> list[Decimal]:
        """Sum what is owed by age: to 30, 60, 90 days and more. Credit reduces the first."""
        sums = [-self.credit] + [ZERO] * len(AGES)
        for item in self.open_items:
            sums[find_age(item.day, today)] += item.amount
        return sums


def sum_owed(practice: int, patient: int) -> Decimal:
    """Return what a patient owes: three queries."""
    of = {"practice": practice, "patient": patient, "archived": False}
    lines = LineItem.objects.filter(**of).annotate(owed=line_item_sums.select_patient_balance())
    credit = PatientPayment.objects.filter(**of, line_item=None).aggregate(sum=Sum("amount"))["sum"]
    return sum((*invoices.sum_owed(practice, patient), *lines.values_list("owed", flat=True)), ZERO) - (
        credit or ZERO
    )


def find_age(day: date, today: date) -> int:
    """Find the group of ages of a day."""
    return next((at for at, days in enumerate(AGES) if (today - day).days <= days), len(AGES))


def read_account(practice: int, patient: int) -> Account:
    """Read a patient's account: six queries."""
    lines, decided, paid = _read_visits(practice, patient)
    charges, billed, received = _read_invoices(practice, patient)
    entries = [
        *_list_visit_entries(lines, decided),
        *_list_charge_entries(charges),
        *_list_payments(paid, received),
        *(_describe_invoice(one) for one in billed),
    ]
    return Account(
        entries=sorted(entries, key=lambda entry: (entry.day, entry.created, entry.row), reverse=True),
        open_items=sorted(_list_open_items(lines, billed, charges), key=lambda item: (item.day, item.row)),
        credit=sum((one.amount for one in paid if one.line_item_id is None), ZERO),
        insurance=sum((one.insured for one in lines), ZERO),
        is_cut=any(len(rows) == MAX_ROWS for rows in (lines, decided, paid, charges, billed, received)),
    )


def _read_visits(practice: int, patient: int) -> tuple[Sequence[Any], ...]:
    """Read line items, what insurers decided about them, and payments."""
    of = {"practice": practice, "patient": patient, "archived": False}
    lines = LineItem.objects.filter(**of).annotate(
        day=select_service_day(),
        sum=line_item_sums.select_billed(),
        owed=line_item_sums.select_patient_balance(),
        insured=line_item_sums.select_insurance_balance(),
    )
    decided = Transaction.objects.filter(
        practice=practice, patient=patient, line_item__archived=False, archived=False
    )
    return (
        _list_newest(lines),
        _list_newest(decided.select_related("line_item")),
        _list_newest(PatientPayment.objects.filter(**of)),
    )


def _read_invoices(practice: int, patient: int) -> tuple[Sequence[Any], ...]:
    """Read charges of the price list, invoices and their payments."""
    of = {"practice": practice, "patient": patient, "archived": False}
    invoiced = InvoiceLine.objects.filter(
        practice=OuterRef("practice_id"), charge=OuterRef("pk"), released=False, archived=False
    )
    charges = Charge.objects.filter(**of).annotate(
        sum=account_sums.select_amount(), owed=account_sums.select_patient_share(), is_billed=Exists(invoiced)
    )
    billed = Invoice.objects.filter(**of).annotate(
        number=account_sums.select_invoice_number(),
        total=account_sums.select_total(),
        left=account_sums.select_balance(),
    )
    received = InvoicePayment.objects.filter(
        practice=practice, invoice__patient=patient, invoice__archived=False, archived=False
    ).annotate(number=account_sums.select_invoice_number("invoice_id"))
    return _list_newest(charges), _list_newest(billed), _list_newest(received)


def _list_newest(rows: Any) -> Sequence[Any]:
    return list(rows.order_by("-pk")[:MAX_ROWS])


def _list_visit_entries(lines: Iterable[Any], decided: Iterable[Any]) -> Iterator[Entry]:
    for one in lines:
        text = " ".join(filter(None, (one.code, one.description)))
        yield Entry(one.day, "Charge", text, one.sum, one.pk, one.created_at, type(one))
    for one in decided:
        day = one.check_date or one.created_at.date()
        if one.ins_paid:
            yield Entry(
                day,
                "Insurance",
                f"Paid for {one.line_item.code}",
                -one.ins_paid,
                one.pk,
                one.created_at,
                type(one),
            )
        if one.adjustment and one.adjustment_group_code != "PR":
            text = f"Adjustment of {one.line_item.code}"
            yield Entry(day, "Adjustment", text, -one.adjustment, one.pk, one.created_at, type(one))


def _list_charge_entries(charges: Iterable[Any]) -> Iterator[Entry]:
    for one in charges:
        voided = one.voided_at is not None
        kind = "Subscription" if one.subscription_id else "Charge"
        yield Entry(
            one.transaction_date,
            kind,
            one.name,
            ZERO if voided else one.sum,
            one.pk,
            one.created_at,
            type(one),
            voided,
        )
        for kind, amount in (("Insurance", one.amt_paid_by_insurance), ("Adjustment", one.amt_written_off)):
            if amount and not voided:
                yield Entry(
                    one.transaction_date, kind, f"For {one.name}", -amount, one.pk, one.created_at, type(one)
                )


def _list_payments(paid: Iterable[Any], received: Iterable[Any]) -> Iterator[Entry]:
    for one in paid:
        kind = "Payment" if one.amount > 0 else "Refund"
        yield Entry(
            one.received_date or one.posted_date,
            kind,
            _describe_method(one.payment_method),
            -one.amount,
            one.pk,
            one.created_at,
            type(one),
        )
    for one in received:
        text = " ".join(filter(None, (_describe_method(one.method), one.number)))
        yield Entry(one.date, "Invoice payment", text, -one.amount, one.pk, one.created_at, type(one))


def _describe_method(code: str) -> str:
    return PAYMENT_METHOD_NAMES.get(code, code)


def _describe_invoice(one: Any) -> Entry:
    voided = one.voided_at is not None
    state = (
        "void"
        if voided
        else f"${one.left:,.2f} of ${one.total:,.2f} open"
        if one.left
        else f"${one.total:,.2f}, paid"
    )
    return Entry(
        one.date, "Invoice", f"{one.number}: {state}", ZERO, one.pk, one.created_at, type(one), voided
    )


def _list_open_items(
    lines: Iterable[Any], invoices: Iterable[Any], charges: Iterable[Any]
) -> Iterator[OpenItem]:
    for one in lines:
        if one.owed:
            text = " ".join(filter(None, (one.code, one.description)))
            yield OpenItem(VISIT, one.pk, one.day, text, one.owed)
    for one in invoices:
        if one.left:
            yield OpenItem(INVOICE, one.pk, one.date, one.number, one.left)
    for one in charges:
        if one.owed and not one.is_billed and one.voided_at is None:
            yield OpenItem(CHARGE, one.pk, one.transaction_date, one.name, one.owed)
