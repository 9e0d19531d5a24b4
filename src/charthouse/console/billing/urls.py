"""URLs of the pages for a patient's bills."""

from django.urls import URLPattern, path

from charthouse.console.billing import patient_account, payments

urlpatterns: list[URLPattern] = [
    path("patients/<id:patient>/billing/payment", payments.add, name="payment-new"),
    *patient_account.build_urls(),
]
