"""Tasks in the Cerbo API."""
