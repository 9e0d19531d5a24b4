from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Line items and payments of visits, fee schedules, coverage, charges and invoices."""

    name = "charthouse.domains.billing"
    label = "billing"
