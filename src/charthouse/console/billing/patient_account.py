"""Lists of a patient's account: charges, estimates, invoices with payments, subscriptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from charthouse.console.billing.letterhead import get_letterhead
from charthouse.console.chart import layout
from charthouse.console.kit import forms, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column
from charthouse.console.resources.billing import ACCOUNT
from charthouse.domains.billing import account_sums, invoices
from charthouse.domains.billing.accounts import InvoiceLine, InvoicePayment
from charthouse.domains.clinical.models import ClinicalNote
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound
from charthouse.engine.sql.expressions import to_wall_clock

PAYMENTS = "Access Patients Payments"
MAX_VISITS = 50  # visits that a charge can be put to


class AccountOptions(records.ReferenceOptions):
    """Options of references in account forms: only the patient's visits and open charges."""

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
            return self._list_visits()
        return super().__call__(to)

    def _list_visits(self) -> list[tuple[str, str]]:
        notes = ClinicalNote.objects.filter(
            practice=self.actor.practice, patient=self.patient, archived=False, appointment__isnull=False
        )
        wall = to_wall_clock(F("appointment__scheduled_time"), F("appointment__office__doctor__timezone"))
        rows = notes.annotate(wall=wall).order_by("-appointment__scheduled_time")
        return [
            (str(row), f"{wall:%b} {wall.day}, {wall.year} {wall:%H:%M}")
            for row, wall in rows.values_list("pk", "wall")[:MAX_VISITS]
        ]


@dataclass(frozen=True, kw_only=True)
class AccountList(layout.ChartList):
    """A list of the account.

    ``actions``: operations of its rows by name: (button text, question, confirmation). ``annotations``: function that
    returns ORM annotations of the list's rows.
    """

    doctor_key: str = ""
    deletion_note: str = "is removed from the account. It stays in the record."
    actions: Mapping[str, tuple[str, str, str]]
    annotations: Any = None

    def select_rows(self, request: Request, **parents: int) -> "QuerySet[Any]":
        rows = super().select_rows(request, **parents)
        return rows.annotate(**self.annotations()) if self.annotations else rows

    def build_options(self, request: Request, **parents: int) -> records.ReferenceOptions:
        return AccountOptions(request.actor, parents["patient"])

    def get_edit_context(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        parents = {"patient": one.get("patient") or request.resolver_match.kwargs["patient"], "row": row}  # type: ignore[union-attr]
        return {
            "actions": [
                (words, reverse(f"{self.view}-action", kwargs={**parents, "name": name}))
                for name, (words, _, _) in self.actions.items()
            ]
        }

    def build_urls(self) -> list[URLPattern]:
        asked = page(*ACCOUNT, methods=("GET", "POST"))(self.confirm_action)
        return [
            *super().build_urls(),
            path(f"{self.url_path}/<id:row>/do/<slug:name>", asked, name=f"{self.view}-action"),
        ]

    def confirm_action(self, request: Request, patient: int, row: int, name: str) -> HttpResponseBase:
        """Ask for confirmation, then call the operation. Raises NotFound."""
        context = self.get_context(request, patient=patient)
        label = records.label_object(self.get_object(request, row, patient=patient))
        if name not in self.actions:
            raise NotFound()
        words, question, done = self.actions[name]
        back = reverse(f"{self.view}-one", kwargs={"patient": patient, "row": row})
        if request.method == "POST":
            records.call_operation(self.resource, request.actor, name, row, {})
            messages.success(request, done)
            return redirect(back)
        values = {
            **context,
            "title": f"{words}?",
            "text": f"{label}: {question}",
            "button": words,
            "back": back,
        }
        return render_page(request, "kit/confirm.html", values)


def _format_amount(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _build_charge_badge(row: Any) -> Badge | None:
    return Badge("Voided") if row.voided_at else None


def _build_estimate_badge(row: Any) -> Badge | None:
    return Badge("Charged", "green") if row.converted_id else None


_COLORS = {"open": "orange", "paid": "green", "void": "secondary"}


def _build_invoice_badge(row: Any) -> Badge:
    return Badge(row.state.capitalize(), _COLORS[row.state])


_LABELS = {
    "definition": "Charge item",
    "discount_multiplier": "Discount multiplier",
    "transaction_date": "Date",
    "encounter": "Visit",
    "amt_billed_to_insurance": "Billed to insurance",
    "amt_paid_by_insurance": "Paid by insurance",
    "amt_written_off": "Written off",
    "converted": "Charge",
}
_FORM_KEYS = (
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

CHARGES = AccountList(
    "account_charges",
    segment="account/charges",
    title="Charges",
    singular="charge",
    columns=(
        Column("Charge", "name", sort="name"),
        Column("Date", "transaction_date", sort="transaction_date"),
        Column("Owed", lambda row: _format_amount(row.share), kind="number"),
        Column("State", _build_charge_badge),
    ),
    form_keys=(*_FORM_KEYS, "amt_paid_by_insurance", "amt_written_off", "notes", "additional_details"),
    labels=_LABELS,
    search=("name",),
    order="-transaction_date",
    actions={
        "void": ("Void", "it is no longer owed, and stays in the ledger.", "The charge has been voided.")
    },
    annotations=lambda: {"share": account_sums.select_patient_share()},
)
ESTIMATES = AccountList(
    "account_estimates",
    segment="account/estimates",
    title="Estimates",
    singular="estimate",
    columns=(
        Column("Estimate", "name", sort="name"),
        Column("Date", "transaction_date", sort="transaction_date"),
        Column("Valid until", "expiration_date", kind="wide"),
        Column("Total", lambda row: _format_amount(row.whole), kind="number"),
        Column("State", _build_estimate_badge),
    ),
    form_keys=(
        *_FORM_KEYS,
        "which_insurance_to_bill",
        "justifying_diagnoses",
        "expiration_date",
        "notes",
        "additional_details",
    ),
    labels=_LABELS,
    order="-transaction_date",
    actions={
        "convert": (
            "Convert to charge",
            "it becomes a charge dated today.",
            "The estimate has become a charge.",
        )
    },
    annotations=lambda: {"whole": account_sums.select_amount()},
)
SUBSCRIPTIONS = AccountList(
    "account_subscriptions",
    segment="account/subscriptions",
    title="Subscriptions",
    singular="subscription",
    columns=(
        Column("Subscription", "definition"),
        Column("Frequency", "schedule_frequency"),
        Column("Amount", "amount", kind="number"),
        Column("Next", "turn"),
        Column("Until", "end_date", kind="wide"),
    ),
    form_keys=("definition", "schedule_frequency", "amount", "start_date", "end_date", "owner"),
    labels={
        "definition": "Charge item",
        "schedule_frequency": "Frequency",
        "start_date": "From",
        "end_date": "Until",
    },
    order="-pk",
    related=("definition",),
    actions={"end": ("End", "nothing is charged after today.", "The subscription has been ended.")},
    annotations=lambda: {"turn": account_sums.select_next_billing_date()},
)


@dataclass(frozen=True, kw_only=True)
class _InvoiceList(AccountList):
    """The invoices of a patient."""

    template: str = "billing/invoice.html"

    def get_edit_context(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        """Get the invoice's charges, payments and balance."""
        rows = records.select_rows(self.resource, request.actor)
        sum_of = {
            "total": account_sums.select_total(),
            "received": account_sums.select_received(),
            "left": account_sums.select_balance(),
        }
        invoice = (
            rows.select_related("patient__doctor")
            .annotate(
                number=account_sums.select_invoice_number(), state=account_sums.select_status(), **sum_of
            )
            .get(pk=row)
        )
        lines = InvoiceLine.objects.filter(invoice=row, practice=request.actor.practice, archived=False)
        paid = InvoicePayment.objects.filter(invoice=row, practice=request.actor.practice, archived=False)
        return super().get_edit_context(request, one, row) | {
            "title": invoice.number,
            "invoice": invoice,
            "summary": [
                ("State", _build_invoice_badge(invoice)),
                ("Total", _format_amount(invoice.total)),
                ("Paid", _format_amount(invoice.received)),
                ("Balance", _format_amount(invoice.left)),
            ],
            "lines": lines.select_related("charge")
            .annotate(due=account_sums.select_patient_share("charge__"))
            .order_by("pk"),
            "payments": paid.order_by("pk"),
            "open": invoice.state == "open",
            "letterhead": get_letterhead(request, invoice.patient),
        }


INVOICES = _InvoiceList(
    "account_invoices",
    segment="account/invoices",
    title="Invoices",
    singular="invoice",
    columns=(
        Column("Invoice", "number"),
        Column("Date", "date", sort="date"),
        Column("Total", lambda row: _format_amount(row.total), kind="number"),
        Column("Balance", lambda row: _format_amount(row.left), kind="number"),
        Column("State", _build_invoice_badge),
    ),
    form_keys=("date", "due_date", "charges"),
    create_only_keys=("charges",),
    order="-date",
    actions={
        "void": (
            "Void",
            "it is no longer payable, and its charges are unbilled again.",
            "The invoice is void.",
        )
    },
    annotations=lambda: {
        "number": account_sums.select_invoice_number(),
        "state": account_sums.select_status(),
        "total": account_sums.select_total(),
        "left": account_sums.select_balance(),
    },
)
LISTS: tuple[AccountList, ...] = (CHARGES, ESTIMATES, INVOICES, SUBSCRIPTIONS)


@page("Manage Patients", *ACCOUNT, PAYMENTS, methods=("GET", "POST"))
def take_payment(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Record a payment of an invoice."""
    context = layout.get_chart_context(request, patient)
    INVOICES.get_object(request, row, patient=patient)
    of = INVOICES.resource
    fields = of.operations_by_name["pay"].keys
    back = reverse(f"{INVOICES.view}-one", args=[patient, row])
    left = (
        records.select_rows(of, request.actor)
        .annotate(left=account_sums.select_balance())
        .values_list("left", flat=True)
        .get(pk=row)
    )
    values: dict[str, Any] = {"amount": str(left)}
    refusal = None
    if request.method == "POST":
        values = forms.read_payload(fields, request, of.model)
        try:
            records.call_operation(
                of, request.actor, "pay", row, {k: v for k, v in values.items() if v is not None}
            )
        except (Invalid, Conflict, Malformed) as error:
            refusal = error
        else:
            messages.success(request, "The payment has been recorded.")
            return redirect(back)
    form = forms.build_form(fields, of.model, values, records.ReferenceOptions(request.actor))
    template_context = {
        **context,
        "form": form.with_errors(refusal),
        "title": "Take a payment",
        "back": back,
        "back_to": "Invoice",
        "button": "Record payment",
    }
    return render_page(request, "kit/edit.html", template_context, refusal.status if refusal else 200)


@page("Manage Patients", *ACCOUNT, PAYMENTS, methods=("GET", "POST"))
def reverse_payment(request: Request, patient: int, row: int, payment: int) -> HttpResponseBase:
    """Reverse a payment that was recorded by mistake."""
    context = layout.get_chart_context(request, patient)
    INVOICES.get_object(request, row, patient=patient)
    back = reverse(f"{INVOICES.view}-one", args=[patient, row])
    if request.method == "POST":
        records.call_operation(INVOICES.resource, request.actor, "void_payment", row, {"payment": payment})
        messages.success(request, "The payment is voided.")
        return redirect(back)
    values = {
        **context,
        "title": "Void the payment?",
        "text": "It no longer counts, and the invoice is open again.",
        "button": "Void",
        "danger": True,
        "back": back,
    }
    return render_page(request, "kit/confirm.html", values)


def build_urls() -> list[URLPattern]:
    """Build the URLs of the lists' pages."""
    one = f"{INVOICES.url_path}/<id:row>"
    return [
        path(f"{one}/pay", take_payment, name="invoice-pay"),
        path(f"{one}/payments/<id:payment>", reverse_payment, name="invoice-payment-void"),
        *(address for section in LISTS for address in section.build_urls()),
    ]
