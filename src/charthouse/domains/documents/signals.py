"""Signals that domains above this one connect to when the server starts. Sent in the transaction of the write."""

from django.dispatch import Signal

# ``document``: a Document whose ``follow_up_at`` was set, at which somebody has to follow it up.
follow_up_requested = Signal()
