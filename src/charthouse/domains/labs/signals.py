"""Signals of laboratory events, which modules of higher layers connect to when the server starts.

They are sent inside the transaction of the event: a receiver that raises an error rolls it back.
"""

from django.dispatch import Signal

# ``order``: a LabOrder that was sent or queued.
order_sent = Signal()
# ``result``: a LabResult that was posted.
result_posted = Signal()
