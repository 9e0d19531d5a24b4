"""Inventory and vaccine records in the DrChrono API."""
