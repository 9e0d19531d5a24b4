"""Laboratories in the DrChrono API."""
