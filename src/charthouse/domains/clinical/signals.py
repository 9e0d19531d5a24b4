"""What happens in this room that rooms above it act upon: they connect to it when the server starts. Sent in the
transaction of what happened; who raises an error refuses it."""

from django.dispatch import Signal

# ``note``: a ClinicalNote that has just been locked.
note_locked = Signal()
