"""Resources and operations of the practice in DrChrono's API."""
