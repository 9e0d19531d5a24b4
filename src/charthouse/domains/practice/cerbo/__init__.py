"""Resources and operations of the practice in Cerbo's API."""
