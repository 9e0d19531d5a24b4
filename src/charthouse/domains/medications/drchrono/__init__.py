"""Medications in the DrChrono API."""
