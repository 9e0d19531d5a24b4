"""Resources and operations of documents in DrChrono's API."""
