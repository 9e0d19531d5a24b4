"""What happens in this room that rooms above it act upon: they connect to it when the server starts. Sent in the
transaction of what happened."""

from django.dispatch import Signal

# ``document``: a Document that has just come into a chart, to which somebody has to come back at its ``follow_up_at``.
follow_up_asked = Signal()
