"""Charges, estimates, invoices and subscriptions in the Cerbo API."""
