"""Who may use the billing resources of the DrChrono API."""

PERMISSIONS = ("Access Billing", "Show Billing Tab")
