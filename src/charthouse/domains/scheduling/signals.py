"""Signals that domains above this one connect to when the server starts. Sent in the transaction of the write."""

from django.dispatch import Signal

# ``change``: a write by which a patient is checked in; receivers report what prevents it with
# ``change.add_error``.
checking_in = Signal()
