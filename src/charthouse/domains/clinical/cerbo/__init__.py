"""The chart in the Cerbo API."""
