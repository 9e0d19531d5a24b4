"""Laboratories in the Cerbo API."""
