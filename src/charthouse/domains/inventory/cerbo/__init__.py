"""Vaccines and the inventory in the Cerbo API."""
