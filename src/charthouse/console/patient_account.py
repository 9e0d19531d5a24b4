"""The account of a patient: charges, estimates, invoices with what was paid on them, subscriptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from charthouse.console import chart, forms, records
from charthouse.console.page import Request, page, show
from charthouse.console.resources.billing import ACCOUNT
from charthouse.console.tables import Badge, Column
from charthouse.domains.billing import account_sums, invoices
from charthouse.domains.billing.accounts import InvoiceLine, InvoicePayment
from charthouse.domains.clinical.models import ClinicalNote
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound
from charthouse.engine.sql.expressions import to_wall_clock

PAYMENTS = "Access Patients Payments"
MOST_NOTES = 50  # visits that a charge can be put to


class OfPatient(records.Choices):
    """What forms of an account offer: visits and open charges of the patient alone."""

    def __init__(self, actor: Any, patient: int) -> None:
        super().__init__(actor)
        self.patient = patient

    def __call__(self, to: str) -> Sequence[tuple[str, str]]:
        if to == "account_charges":
            found = invoices.list_open_charges(self.actor.practice, self.patient)[: invoices.MAX_CHARGES]
            return [
                (str(one.pk), f"{one.name}, {one.transaction_date:%b} {one.transaction_date.day}")
                for one in found
            ]
        if to == "clinical_notes":
            return self._visits()
        return super().__call__(to)

    def _visits(self) -> list[tuple[str, str]]:
        notes = ClinicalNote.objects.filter(
            practice=self.actor.practice, patient=self.patient, archived=False, appointment__isnull=False
        )
        wall = to_wall_clock(F("appointment__scheduled_time"), F("appointment__office__doctor__timezone"))
        rows = notes.annotate(wall=wall).order_by("-appointment__scheduled_time")
        return [
            (str(row), f"{wall:%b} {wall.day}, {wall.year} {wall:%H:%M}")
            for row, wall in rows.values_list("pk", "wall")[:MOST_NOTES]
        ]


@dataclass(frozen=True, kw_only=True)
class Owed(chart.Section):
    """A list of the account. ``deeds``: of its rows, action → (word of the button, what is asked, what was done)."""

    at_doctor: str = ""
    gone: str = "is taken off the account; the record keeps it."
    deeds: Mapping[str, tuple[str, str, str]]
    sum: Any = None

    def found(self, request: Request, **at: int) -> "QuerySet[Any]":
        rows = super().found(request, **at)
        return rows.annotate(**self.sum()) if self.sum else rows

    def options(self, request: Request, **at: int) -> records.Choices:
        return OfPatient(request.actor, at["patient"])

    def edit_values(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        at = {"patient": one.get("patient") or request.resolver_match.kwargs["patient"], "row": row}  # type: ignore[union-attr]
        return {
            "deeds": [
                (words, reverse(f"{self.view}-deed", kwargs={**at, "name": name}))
                for name, (words, _, _) in self.deeds.items()
            ]
        }

    def urls(self) -> list[URLPattern]:
        asked = page(*ACCOUNT, methods=("GET", "POST"))(self.deed)
        return [
            *super().urls(),
            path(f"{self.base}/<int:row>/do/<slug:name>", asked, name=f"{self.view}-deed"),
        ]

    def deed(self, request: Request, patient: int, row: int, name: str) -> HttpResponseBase:
        """Ask, then do it."""
        around = self.around(request, patient=patient)
        told = records.words(self.one_at(request, row, patient=patient))
        if name not in self.deeds:
            raise NotFound()
        words, question, done = self.deeds[name]
        back = reverse(f"{self.view}-one", kwargs={"patient": patient, "row": row})
        if request.method == "POST":
            records.act(self.resource, request.actor, name, row, {})
            messages.success(request, done)
            return redirect(back)
        values = {
            **around,
            "title": f"{words}?",
            "text": f"{told}: {question}",
            "button": words,
            "back": back,
        }
        return show(request, "confirm.html", values)


def _dollars(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _charge_state(row: Any) -> Badge | None:
    return Badge("Voided") if row.voided_at else None


def _estimate_state(row: Any) -> Badge | None:
    return Badge("Charged", "green") if row.converted_id else None


_COLOURS = {"open": "orange", "paid": "green", "void": "secondary"}


def _invoice_state(row: Any) -> Badge:
    return Badge(row.state.capitalize(), _COLOURS[row.state])


_LABELS = {
    "definition": "Out of the catalogue",
    "discount_multiplier": "Discount multiplier",
    "transaction_date": "Day",
    "encounter": "Visit",
    "amt_billed_to_insurance": "Billed to insurance",
    "amt_paid_by_insurance": "Paid by insurance",
    "amt_written_off": "Written off",
    "converted": "Charge",
}
_ASKED = (
    *(
        "definition",
        "name",
        "amount",
        "quantity",
        "discount_multiplier",
        "transaction_date",
        "encounter",
        "owner",
    ),
    *("office", "add_to_insurance_claim", "cpt_code", "cpt_modifiers", "amt_billed_to_insurance"),
)

CHARGES = Owed(
    "account_charges",
    place="account/charges",
    title="Charges",
    one="charge",
    columns=(
        Column("Charge", "name", sort="name"),
        Column("Day", "transaction_date", sort="transaction_date"),
        Column("Owed", lambda row: _dollars(row.share), kind="number"),
        Column("State", _charge_state),
    ),
    asks=(*_ASKED, "amt_paid_by_insurance", "amt_written_off", "notes", "additional_details"),
    labels=_LABELS,
    search=("name",),
    order="-transaction_date",
    deeds={"void": ("Void", "it is owed no more, and stays to be seen.", "The charge has been voided.")},
    sum=lambda: {"share": account_sums.select_patient_share()},
)
ESTIMATES = Owed(
    "account_estimates",
    place="account/estimates",
    title="Estimates",
    one="estimate",
    columns=(
        Column("Estimate", "name", sort="name"),
        Column("Day", "transaction_date", sort="transaction_date"),
        Column("Until", "expiration_date", kind="wide"),
        Column("Sum", lambda row: _dollars(row.whole), kind="number"),
        Column("State", _estimate_state),
    ),
    asks=(
        *_ASKED,
        "which_insurance_to_bill",
        "justifying_diagnoses",
        "expiration_date",
        "notes",
        "additional_details",
    ),
    labels=_LABELS,
    order="-transaction_date",
    deeds={"convert": ("Charge it", "it becomes a charge of today.", "The estimate has become a charge.")},
    sum=lambda: {"whole": account_sums.select_amount()},
)
SUBSCRIPTIONS = Owed(
    "account_subscriptions",
    place="account/subscriptions",
    title="Subscriptions",
    one="subscription",
    columns=(
        Column("Subscription", "definition"),
        Column("Every", "schedule_frequency"),
        Column("Amount", "amount", kind="number"),
        Column("Next", "turn"),
        Column("Until", "end_date", kind="wide"),
    ),
    asks=("definition", "schedule_frequency", "amount", "start_date", "end_date", "owner"),
    labels={"definition": "Of", "schedule_frequency": "Every", "start_date": "From", "end_date": "Until"},
    order="-pk",
    related=("definition",),
    deeds={"end": ("End", "nothing is charged after today.", "The subscription has been ended.")},
    sum=lambda: {"turn": account_sums.select_next_billing_date()},
)


@dataclass(frozen=True, kw_only=True)
class _Invoices(Owed):
    template: str = "invoice.html"

    def edit_values(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        """Its charges and payments, and what is left."""
        rows = records.rows(self.resource, request.actor)
        sum_of = {
            "total": account_sums.select_total(),
            "received": account_sums.select_received(),
            "left": account_sums.select_balance(),
        }
        invoice = rows.annotate(
            number=account_sums.select_invoice_number(), state=account_sums.select_status(), **sum_of
        ).get(pk=row)
        lines = InvoiceLine.objects.filter(invoice=row, practice=request.actor.practice, archived=False)
        paid = InvoicePayment.objects.filter(invoice=row, practice=request.actor.practice, archived=False)
        return super().edit_values(request, one, row) | {
            "title": invoice.number,
            "invoice": invoice,
            "summary": [
                ("State", _invoice_state(invoice)),
                ("Total", _dollars(invoice.total)),
                ("Paid", _dollars(invoice.received)),
                ("Left", _dollars(invoice.left)),
            ],
            "lines": lines.select_related("charge")
            .annotate(due=account_sums.select_patient_share("charge__"))
            .order_by("pk"),
            "payments": paid.order_by("pk"),
            "open": invoice.state == "open",
        }


INVOICES = _Invoices(
    "account_invoices",
    place="account/invoices",
    title="Invoices",
    one="invoice",
    columns=(
        Column("Invoice", "number"),
        Column("Date", "date", sort="date"),
        Column("Total", lambda row: _dollars(row.total), kind="number"),
        Column("Left", lambda row: _dollars(row.left), kind="number"),
        Column("State", _invoice_state),
    ),
    asks=("date", "due_date", "charges"),
    at_first=("charges",),
    order="-date",
    deeds={
        "void": (
            "Void",
            "nothing is asked for with it, and its charges are open again.",
            "The invoice is void.",
        )
    },
    sum=lambda: {
        "number": account_sums.select_invoice_number(),
        "state": account_sums.select_status(),
        "total": account_sums.select_total(),
        "left": account_sums.select_balance(),
    },
)
SECTIONS: tuple[Owed, ...] = (CHARGES, ESTIMATES, INVOICES, SUBSCRIPTIONS)


@page("Manage Patients", *ACCOUNT)
def account(request: Request, patient: int) -> HttpResponseBase:
    """All of it on one page."""
    around = chart.around(request, patient)
    open_, unpaid = invoices.sum_owed(request.actor.practice, patient)
    parts = [
        (
            section.table(request, f"{section.one}-", patient=patient),
            reverse(f"{section.view}-new", args=[patient]),
        )
        for section in SECTIONS
    ]
    values = {
        "title": "Account",
        "parts": parts,
        "sums": [("Not asked for yet", _dollars(open_)), ("Unpaid of invoices", _dollars(unpaid))],
    }
    return show(request, "owed.html", {**around, **values})


@page("Manage Patients", *ACCOUNT, PAYMENTS, methods=("GET", "POST"))
def pay(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Take money for an invoice."""
    around = chart.around(request, patient)
    INVOICES.one_at(request, row, patient=patient)
    of = INVOICES.resource
    fields = of.operations_by_name["pay"].keys
    back = reverse(f"{INVOICES.view}-one", args=[patient, row])
    left = (
        records.rows(of, request.actor)
        .annotate(left=account_sums.select_balance())
        .values_list("left", flat=True)
        .get(pk=row)
    )
    values: dict[str, Any] = {"amount": str(left)}
    refusal = None
    if request.method == "POST":
        values = forms.payload(fields, request, of.model)
        try:
            records.act(of, request.actor, "pay", row, {k: v for k, v in values.items() if v is not None})
        except (Invalid, Conflict, Malformed) as error:
            refusal = error
        else:
            messages.success(request, "The payment has been noted.")
            return redirect(back)
    form = forms.build(fields, of.model, values, records.Choices(request.actor))
    told = {
        **around,
        "form": form.told(refusal),
        "title": "Take a payment",
        "back": back,
        "back_to": "Invoice",
        "button": "Note payment",
    }
    return show(request, "edit.html", told, refusal.status if refusal else 200)


@page("Manage Patients", *ACCOUNT, PAYMENTS, methods=("GET", "POST"))
def take_back(request: Request, patient: int, row: int, payment: int) -> HttpResponseBase:
    """A payment that was a mistake."""
    around = chart.around(request, patient)
    INVOICES.one_at(request, row, patient=patient)
    back = reverse(f"{INVOICES.view}-one", args=[patient, row])
    if request.method == "POST":
        records.act(INVOICES.resource, request.actor, "take_back", row, {"payment": payment})
        messages.success(request, "The payment has been taken back.")
        return redirect(back)
    values = {
        **around,
        "title": "Take the payment back?",
        "text": "It counts no more, and the invoice is open again.",
        "button": "Take it back",
        "danger": True,
        "back": back,
    }
    return show(request, "confirm.html", values)


def urls() -> list[URLPattern]:
    one = f"{INVOICES.base}/<int:row>"
    return [
        path(f"{chart.WITHIN}account", account, name="chart-account"),
        path(f"{one}/pay", pay, name="invoice-pay"),
        path(f"{one}/payments/<int:payment>", take_back, name="invoice-take-back"),
        *(address for section in SECTIONS for address in section.urls()),
    ]
