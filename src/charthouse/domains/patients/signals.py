"""Signals that domains above this one connect to when the server starts. Sent in the transaction of the write."""

from django.dispatch import Signal

# ``patient``: a Patient that is about to be deleted, and one that was restored.
patient_deleting = Signal()
patient_restored = Signal()
