"""Resources and operations of scheduling in DrChrono's API."""
