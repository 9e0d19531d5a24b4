"""Composing and running SQL statements."""
