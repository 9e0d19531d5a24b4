"""Comparing what a vendor's API answers with what this server does: calls are recorded without values."""
