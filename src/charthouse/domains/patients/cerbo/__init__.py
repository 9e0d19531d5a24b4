"""Resources and operations of patients in Cerbo's API."""
