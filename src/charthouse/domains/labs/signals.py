"""What happens in this room that rooms above it act upon: they connect to it when the server starts. Sent in the
transaction of what happened; who raises an error refuses it."""

from django.dispatch import Signal

# ``order``: a LabOrder that has just been sent, or queued to be.
order_sent = Signal()
# ``result``: a LabResult that has just been posted.
result_posted = Signal()
