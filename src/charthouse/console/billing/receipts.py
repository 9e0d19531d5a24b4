"""Taking a payment: put to what is owed longest, with a receipt to print, and voided."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.billing.account import get_today
from charthouse.console.billing.letterhead import get_letterhead
from charthouse.console.chart import layout
from charthouse.console.kit import records
from charthouse.console.kit.formats import format_money
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.console.resources.billing import ACCOUNT
from charthouse.console.resources.payments import PAYMENTS
from charthouse.domains.billing import ledger, postings
from charthouse.domains.billing.accounts import InvoicePayment
from charthouse.domains.billing.codes import PAYMENT_METHOD_NAMES
from charthouse.domains.billing.ledger import CHARGE, INVOICE, VISIT, ZERO, Account, OpenItem
from charthouse.domains.billing.models import PatientPayment
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.jobs import submissions

OFFERED = ("CASH", "CHCK", "CRDT", "DBIT", "OTHR")
MAX_AMOUNT = Decimal(1_000_000)
MAX_PARTS = 50  # rows of one payment
_RECEIPT = re.compile(r"[pi]\d{1,18}(?:-[pi]\d{1,18}){0,49}")


@dataclass(frozen=True)
class Given:
    """What a form of a payment says. ``errors``: by field."""

    amount: Decimal
    method: str
    day: date
    reference: str
    errors: dict[str, str]


@page("Manage Patients", *PAYMENTS, methods=("GET", "POST"))
def receive(request: Request, patient: int) -> HttpResponseBase:
    """Take a payment of any amount. What the patient owes now is compared with what the form showed."""
    context = layout.get_chart_context(request, patient)
    records.require_write(records.get_resource("desk_payments"), request.actor)
    if request.method != "POST":
        return _render(request, context, ledger.read_account(request.actor.practice, patient))
    given = _read(request, get_today(context["patient"]))
    if given.errors:
        return _render(request, context, ledger.read_account(request.actor.practice, patient), given.errors)
    try:
        address, created = submissions.run_once(
            request.actor.practice,
            request.actor.required_user,
            request.POST.get("submission", ""),
            lambda: _record(request, patient, given),
        )
    except _Changed as changed:
        errors = {"amount": f"The patient owes {format_money(changed.account.owed)} now. Check the amount."}
        return _render(request, context, changed.account, errors, 409)
    except (Invalid, Conflict) as refusal:
        words = list_messages(refusal.errors) if isinstance(refusal, Invalid) else [str(refusal.detail)]
        account = ledger.read_account(request.actor.practice, patient)
        return _render(request, context, account, {"amount": " ".join(words)}, refusal.status)
    if created:
        messages.success(request, f"{format_money(given.amount)} taken.")
    return redirect(address)


class _Changed(Exception):
    """Someone else changed what the patient owes while the form was open."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account


def _read(request: Request, today: date) -> Given:
    errors: dict[str, str] = {}
    amount, day = ZERO, today
    try:
        amount = Decimal(request.POST.get("amount", "").strip().replace("$", "").replace(",", ""))
    except InvalidOperation:
        errors["amount"] = "Enter an amount in dollars."
    exponent = amount.as_tuple().exponent
    if not errors and (not amount.is_finite() or not isinstance(exponent, int) or exponent < -2):
        errors["amount"] = "Enter dollars and cents."
    elif not errors and not 0 < amount <= MAX_AMOUNT:
        errors["amount"] = "Enter an amount above $0.00."
    method = request.POST.get("method", "")
    if method not in OFFERED:
        errors["method"] = "Choose how it was paid."
    try:
        day = parse_date(request.POST.get("date", "") or today.isoformat())
    except InvalidValue as error:
        errors["date"] = str(error)
    if day > today:
        errors["date"] = "This can't be in the future."
    return Given(amount, method, day, request.POST.get("reference", "").strip()[:100], errors)


def _record(request: Request, patient: int, given: Given) -> str:
    """Write the payment's rows and return the URL of its receipt. Raises _Changed."""
    Patient.objects.select_for_update(no_key=True).get(practice=request.actor.practice, pk=patient)
    account = ledger.read_account(request.actor.practice, patient)
    if request.POST.get("was.owed") != f"{account.owed}":
        raise _Changed(account)
    rows = [*_put(request, patient, account, given)]
    return reverse("receipt", args=[patient, "-".join(rows)])


def _put(request: Request, patient: int, account: Account, given: Given) -> "list[str]":
    """Put a payment to what is owed, the oldest first; what is on no invoice last, by an invoice of it. The rest is
    credit."""
    left, rows = given.amount, []
    for item in [one for one in account.open_items if one.kind != CHARGE and one.amount > 0][: MAX_PARTS - 2]:
        part = min(left, item.amount)
        if part > 0:
            rows.append(_pay_item(request, patient, item, part, given))
            left -= part
    charges = [one for one in account.open_items if one.kind == CHARGE and one.amount > 0]
    if left > 0 and charges:
        chosen, total = _choose_charges(charges, left)
        made = records.create(
            records.get_resource("desk_invoices"), request.actor, {"patient": patient, "charges": chosen}
        )
        invoice = OpenItem(INVOICE, int(made["id"]), given.day, "", total)
        rows.append(_pay_item(request, patient, invoice, min(left, total), given))
        left -= min(left, total)
    if left > 0:
        rows.append(_add_payment(request, patient, left, given))
    return rows


def _choose_charges(charges: list[OpenItem], amount: Decimal) -> tuple[list[int], Decimal]:
    chosen, total = [], ZERO
    for one in charges:
        if total >= amount:
            break
        chosen.append(one.row)
        total += one.amount
    return chosen, total


def _pay_item(request: Request, patient: int, item: OpenItem, part: Decimal, given: Given) -> str:
    if item.kind == VISIT:
        return _add_payment(request, patient, part, given, line_item=item.row)
    values = {"amount": str(part), "method": given.method, "date": given.day.isoformat()}
    if given.reference:
        values["reference"] = given.reference
    records.call_operation(records.get_resource("desk_invoices"), request.actor, "pay", item.row, values)
    payments = InvoicePayment.objects.filter(practice=request.actor.practice, invoice=item.row)
    return f"i{payments.latest('pk').pk}"


def _add_payment(
    request: Request, patient: int, part: Decimal, given: Given, line_item: int | None = None
) -> str:
    values: dict[str, Any] = {
        "patient": patient,
        "amount": str(part),
        "payment_method": given.method,
        "received_date": given.day.isoformat(),
        "trace_number": given.reference or None,
        "line_item": line_item,
    }
    return f"p{records.create(records.get_resource('desk_payments'), request.actor, values)['id']}"


def _render(
    request: Request,
    context: Mapping[str, Any],
    account: Account,
    errors: Mapping[str, str] | None = None,
    status: int = 400,
) -> HttpResponseBase:
    owed = account.owed
    values = {
        "title": "Take payment",
        "account": account,
        "amount": request.POST.get("amount", f"{owed:.2f}" if owed > 0 else ""),
        "method": request.POST.get("method", ""),
        "methods": [(code, PAYMENT_METHOD_NAMES[code]) for code in OFFERED],
        "date": request.POST.get("date", get_today(context["patient"]).isoformat()),
        "reference": request.POST.get("reference", ""),
        "submission": request.POST.get("submission") or submissions.make_token(),
        "errors": errors or {},
        "back": _get_back(request, context["patient"].pk),
    }
    return render_page(request, "billing/receive.html", {**context, **values}, status if errors else 200)


def _get_back(request: Request, patient: int) -> str:
    sees_account = set(ACCOUNT) <= set(request.user.permissions)
    return reverse("chart-account" if sees_account else "patient", args=[patient])


@page("Manage Patients", *PAYMENTS)
def show_receipt(request: Request, patient: int, parts: str) -> HttpResponseBase:
    """Show a receipt to print. Raises NotFound."""
    found = layout.find_patient(request, patient)
    rows = _find_rows(request.actor.practice, patient, parts)
    first = rows[0]
    values = {
        "title": "Receipt",
        "patient": found,
        "parts": parts,
        "number": f"R-{first.pk:06}",
        "rows": [(one, _describe(one)) for one in rows],
        "total": sum((one.amount for one in rows), ZERO),
        "is_voided": any(one.archived for one in rows),
        "day": getattr(first, "received_date", None) or getattr(first, "posted_date", None) or first.date,
        "method": PAYMENT_METHOD_NAMES.get(_get_method(first), "Other"),
        "reference": getattr(first, "trace_number", "") or getattr(first, "reference", ""),
        "owed": ledger.sum_owed(request.actor.practice, patient),
        "letterhead": get_letterhead(request, found),
        "back": _get_back(request, patient),
    }
    return render_page(request, "billing/receipt.html", values)


@page("Manage Patients", *PAYMENTS, methods=("GET", "POST"))
def void_receipt(request: Request, patient: int, parts: str) -> HttpResponseBase:
    """Ask, then void a payment. Raises NotFound."""
    context = layout.get_chart_context(request, patient)
    rows = _find_rows(request.actor.practice, patient, parts)
    total = format_money(sum((one.amount for one in rows), ZERO))
    if request.method == "POST":
        _void(request, [one for one in rows if not one.archived])
        messages.success(request, f"The payment of {total} is voided.")
        return redirect(_get_back(request, patient))
    values = {
        "title": f"Void the payment of {total}?",
        "text": "It no longer counts, and what it paid is owed again. It stays in the record.",
        "button": "Void payment",
        "danger": True,
        "back": reverse("receipt", args=[patient, parts]),
    }
    return render_page(request, "kit/confirm.html", {**context, **values})


def _find_rows(practice: int, patient: int, parts: str) -> list[Any]:
    """Find the rows of a payment: ``p12-i7`` is a patient payment and a payment of an invoice. Raises NotFound."""
    if not _RECEIPT.fullmatch(parts):
        raise NotFound()
    ids: dict[str, list[int]] = {"p": [], "i": []}
    for part in parts.split("-"):
        ids[part[0]].append(int(part[1:]))
    paid = PatientPayment.objects.filter(practice=practice, patient=patient, pk__in=ids["p"])
    invoiced = InvoicePayment.objects.filter(practice=practice, invoice__patient=patient, pk__in=ids["i"])
    rows = [
        *(paid.select_related("line_item").order_by("pk") if ids["p"] else ()),
        *(invoiced.order_by("pk") if ids["i"] else ()),
    ]
    if len(rows) != len(parts.split("-")):
        raise NotFound()
    return rows


def _void(request: Request, rows: list[Any]) -> None:
    with transaction.atomic():
        for one in rows:
            if isinstance(one, PatientPayment):
                postings.delete_payment(request.actor.practice, one.pk, "Console", request.actor.user)
            else:
                invoices = records.get_resource("desk_invoices")
                values = {"payment": one.pk}
                records.call_operation(invoices, request.actor, "void_payment", one.invoice_id, values)


def _get_method(row: Any) -> str:
    return str(row.payment_method if isinstance(row, PatientPayment) else row.method)


def _describe(row: Any) -> str:
    if not isinstance(row, PatientPayment):
        return f"Invoice INV-{row.invoice_id:06}"
    if row.line_item is None:
        return "Credit on the account"
    return " ".join(filter(None, ("Visit:", row.line_item.code, row.line_item.description)))
