"""Tasks in the DrChrono API."""
