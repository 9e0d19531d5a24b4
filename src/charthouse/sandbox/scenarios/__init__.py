"""Scenarios: named states that integrations have to cope with, made on demand."""
