"""Line items point to the diagnoses of their visit by position: when a page changes the diagnoses, they go along.

The hook is of the console's alone: a caller of an API that rewrites the diagnoses of an appointment says the positions
itself, as with the hosted API.
"""

from charthouse.domains.billing.models import LineItem
from charthouse.domains.billing.postings import INCOMPLETE
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook


@hook(keys=("icd10_codes",))
def move_pointers(change: Change) -> None:
    """Let the line items of a visit point to the same diagnoses as before, and no longer to those that are removed."""
    before, after = change.row.icd10_codes, change.values.get("icd10_codes")
    if after is None or before == after[: len(before)]:
        return
    rows = LineItem.objects.select_for_update(no_key=True).filter(
        practice=change.actor.practice, appointment=change.row.pk, archived=False
    )
    for item in rows:
        codes = [before[one - 1] for one in item.diagnosis_pointers if 0 < one <= len(before)]
        moved = [after.index(code) + 1 for code in codes if code in after]
        pointers = [*moved, *[0] * (4 - len(moved))]
        if pointers == item.diagnosis_pointers:
            continue
        item.diagnosis_pointers = pointers
        if item.billing_status in ("", INCOMPLETE):
            item.billing_status = "" if moved else INCOMPLETE
        item.save(update_fields=["diagnosis_pointers", "billing_status", "updated_at"])
