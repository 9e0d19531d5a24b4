from django.apps import AppConfig


class BillingConfig(AppConfig):
    """What visits cost and who has paid: charges, what insurers and patients pay, price lists, coverage."""

    name = "charthouse.domains.billing"
    label = "billing"
