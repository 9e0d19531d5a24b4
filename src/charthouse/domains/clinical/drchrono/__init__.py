"""The chart in the DrChrono API."""
