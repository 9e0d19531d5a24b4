"""Resources and operations of patients in DrChrono's API."""
