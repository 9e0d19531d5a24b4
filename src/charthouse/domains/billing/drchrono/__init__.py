"""Billing in the DrChrono API."""
