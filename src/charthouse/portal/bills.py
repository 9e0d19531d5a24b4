"""The patient's invoices, with what is on them and what was paid."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase

from charthouse.domains.billing import account_sums
from charthouse.domains.billing.accounts import Invoice, InvoiceLine, InvoicePayment
from charthouse.engine.errors import NotFound
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.paging import paginate_latest
from charthouse.portal.sessions import SignedInPatient

MAX_LINES = 500


def select_invoices(guest: SignedInPatient) -> "QuerySet[Any]":
    """Select the patient's invoices that are not void, with ``total``, ``received``, ``balance``, in dollars."""
    rows = Invoice.objects.filter(
        practice=guest.practice.pk, patient=guest.patient.pk, archived=False, voided_at=None
    )
    return rows.annotate(
        total=account_sums.select_total(),
        received=account_sums.select_received(),
        balance=account_sums.select_balance(),
    )


@page()
def show_bills(request: Request) -> HttpResponseBase:
    """List invoices, latest first."""
    rows, older = paginate_latest(request, select_invoices(request.guest), "date")
    return render_page(request, "bills.html", {"invoices": rows, "older": older})


@page()
def show_bill(request: Request, row: int) -> HttpResponseBase:
    """Show an invoice with its charges and payments. Raises NotFound."""
    found = select_invoices(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    of = {"practice": request.guest.practice.pk, "invoice": found.pk, "archived": False}
    lines = InvoiceLine.objects.filter(**of).annotate(due=account_sums.select_patient_share("charge__"))
    values = {
        "invoice": found,
        "lines": list(lines.select_related("charge__definition").order_by("pk")[:MAX_LINES]),
        "payments": list(InvoicePayment.objects.filter(**of).order_by("date", "pk")[:MAX_LINES]),
    }
    return render_page(request, "bill.html", values)
