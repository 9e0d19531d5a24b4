"""Differences between two OpenAPI documents of one API, and which of them are known."""
