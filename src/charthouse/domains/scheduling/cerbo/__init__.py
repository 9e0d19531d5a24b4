"""Resources and operations of scheduling in Cerbo's API."""
