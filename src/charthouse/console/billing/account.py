"""A patient's account: the ledger with what is owed, and a statement of it to print."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse import clock
from charthouse.console.billing import patient_account
from charthouse.console.billing.letterhead import get_letterhead
from charthouse.console.chart import layout
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.resources.billing import ACCOUNT
from charthouse.console.resources.payments import PAYMENTS
from charthouse.domains.billing import ledger
from charthouse.domains.billing.accounts import Charge, Invoice, InvoicePayment
from charthouse.domains.billing.ledger import Account, Entry
from charthouse.domains.billing.models import PatientPayment
from charthouse.domains.patients.models import Patient

AGES = ("0-30 days", "31-60 days", "61-90 days", "Over 90 days")
SHOWN = 300  # entries of a page


@dataclass(frozen=True)
class Line:
    """An entry with the balance after it. ``link``: URL of the charge, the invoice or the receipt."""

    entry: Entry
    balance: Decimal
    link: str


def build_lines(account: Account, patient: int) -> list[Line]:
    """Build the lines of the ledger, newest first."""
    lines, balance = [], account.balance
    for entry in account.entries:
        lines.append(Line(entry, balance, _build_link(entry, patient)))
        balance -= entry.amount
    return lines


def _build_link(entry: Entry, patient: int) -> str:
    if entry.source is Charge:
        return reverse("chart-account/charges-one", args=[patient, entry.row])
    if entry.source is Invoice:
        return reverse("chart-account/invoices-one", args=[patient, entry.row])
    prefixes: dict[type[Model], str] = {PatientPayment: "p", InvoicePayment: "i"}
    prefix = prefixes.get(entry.source)
    return reverse("receipt", args=[patient, f"{prefix}{entry.row}"]) if prefix else ""


def get_today(patient: Patient) -> date:
    """Get the day in the time zone of the patient's doctor."""
    return clock.now().astimezone(ZoneInfo(patient.doctor.timezone)).date()


@page("Manage Patients", *ACCOUNT)
def show_account(request: Request, patient: int) -> HttpResponseBase:
    """Show the ledger and what is owed."""
    context = layout.get_chart_context(request, patient)
    account = ledger.read_account(request.actor.practice, patient)
    lines = build_lines(account, patient)
    values = {
        "title": "Account",
        "account": account,
        "ages": list(zip(AGES, account.list_ages(get_today(context["patient"])), strict=True)),
        "lines": lines[:SHOWN],
        "more": len(lines) - SHOWN,
        "linked": True,
        "takes_payments": set(PAYMENTS) <= set(request.user.permissions),
        "lists": [(one.title, reverse(one.view, args=[patient])) for one in patient_account.LISTS],
    }
    return render_page(request, "billing/account.html", {**context, **values})


@page("Manage Patients", *ACCOUNT)
def show_statement(request: Request, patient: int) -> HttpResponseBase:
    """Show a statement to print: what is owed, since when, and the entries that led to it."""
    found = layout.find_patient(request, patient)
    account = ledger.read_account(request.actor.practice, patient)
    today = get_today(found)
    values: dict[str, Any] = {
        "title": "Statement",
        "patient": found,
        "account": account,
        "today": today,
        "ages": list(zip(AGES, account.list_ages(today), strict=True)),
        "lines": build_lines(account, patient)[:SHOWN],
        "is_cut": account.is_cut or len(account.entries) > SHOWN,
        "letterhead": get_letterhead(request, found),
        "back": reverse("chart-account", args=[patient]),
    }
    return render_page(request, "billing/statement.html", values)
