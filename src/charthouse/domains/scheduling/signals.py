"""What happens in this room that rooms above it act upon: they connect to it when the server starts. Sent in the
transaction of what happens."""

from django.dispatch import Signal

# ``change``: a write by which a patient is checked in; receivers may report what is in the way with ``change.wrong``.
checking_in = Signal()
