"""Posting of a patient's payment."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import forms, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.engine.errors import Conflict, Invalid, Malformed

FORM_KEYS = ("amount", "payment_method", "payment_transaction_type", "received_date", "trace_number", "notes")


@page("Access Billing", "Show Billing Tab", "Access Patients Payments", methods=("GET", "POST"))
def add(request: Request, patient: int) -> HttpResponseBase:
    """Post a payment."""
    context = layout.get_chart_context(request, patient)
    of = records.get_resource("patient_payments")
    fields = [of.keys_by_name[name] for name in FORM_KEYS]
    refusal = None
    values = forms.get_defaults(fields, of.model)
    if request.method == "POST":
        values = forms.read_payload(fields, request, of.model)
        doctor = context["patient"].doctor_id
        try:
            records.create(of, request.actor, {**values, "patient": patient, "doctor": doctor})
        except (Invalid, Conflict, Malformed) as error:
            refusal = error
        else:
            messages.success(request, "The payment has been posted.")
            return redirect("chart-billing", patient)
    form = forms.build_form(fields, of.model, values, records.ReferenceOptions(request.actor))
    template_context = {
        **context,
        "form": form.with_errors(refusal),
        "title": "Take a payment",
        "back": reverse("chart-billing", args=[patient]),
        "back_to": "Billing",
        "button": "Post payment",
    }
    return render_page(request, "kit/edit.html", template_context, refusal.status if refusal else 200)
