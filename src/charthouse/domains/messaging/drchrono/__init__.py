"""Messages and calls in the DrChrono API."""
