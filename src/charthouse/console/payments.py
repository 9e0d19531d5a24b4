"""Taking a payment of a patient."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console import chart, forms, records
from charthouse.console.page import Request, page, show
from charthouse.engine.errors import Conflict, Invalid, Malformed

ASKS = ("amount", "payment_method", "payment_transaction_type", "received_date", "trace_number", "notes")


@page("Access Billing", "Show Billing Tab", "Access Patients Payments", methods=("GET", "POST"))
def new(request: Request, patient: int) -> HttpResponseBase:
    around = chart.around(request, patient)
    of = records.resource("patient_payments")
    fields = [of.keys_by_name[name] for name in ASKS]
    refusal = None
    values = forms.empty(fields, of.model)
    if request.method == "POST":
        values = forms.payload(fields, request, of.model)
        doctor = around["patient"].doctor_id
        try:
            records.create(of, request.actor, {**values, "patient": patient, "doctor": doctor})
        except (Invalid, Conflict, Malformed) as error:
            refusal = error
        else:
            messages.success(request, "The payment has been posted.")
            return redirect("chart-billing", patient)
    form = forms.build(fields, of.model, values, records.Choices(request.actor))
    told = {
        **around,
        "form": form.told(refusal),
        "title": "Take a payment",
        "back": reverse("chart-billing", args=[patient]),
        "back_to": "Billing",
        "button": "Post payment",
    }
    return show(request, "edit.html", told, refusal.status if refusal else 200)
