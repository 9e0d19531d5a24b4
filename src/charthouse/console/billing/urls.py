"""URLs of the pages about money."""

from django.urls import URLPattern, path

from charthouse.console.billing import account, patient_account, payments, receipts, receivables

PATIENT = "patients/<id:patient>"

urlpatterns: list[URLPattern] = [
    path("billing", receivables.show_receivables, name="receivables"),
    path(f"{PATIENT}/billing/payment", payments.add, name="payment-new"),
    path(f"{PATIENT}/account", account.show_account, name="chart-account"),
    path(f"{PATIENT}/account/statement", account.show_statement, name="statement"),
    path(f"{PATIENT}/payment", receipts.receive, name="payment-receive"),
    path(f"{PATIENT}/receipts/<slug:parts>", receipts.show_receipt, name="receipt"),
    path(f"{PATIENT}/receipts/<slug:parts>/void", receipts.void_receipt, name="receipt-void"),
    *patient_account.build_urls(),
]
