"""Signals of clinical events, which modules of higher layers connect to when the server starts.

They are sent inside the transaction of the event: a receiver that raises an error rolls it back.
"""

from django.dispatch import Signal

# ``note``: a ClinicalNote that was locked.
note_locked = Signal()
