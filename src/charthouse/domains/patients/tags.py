"""Attaching tags to patients and detaching them."""

from collections.abc import Sequence
from typing import Any

from charthouse.domains.patients.models.tags import PatientTag, Tag


def attach_tags(patient: Any, given: Sequence[dict[str, Any]], user: int | None) -> list[str]:
    """Attach tags to a patient, whose row the caller has locked; a tag that is attached already gets the new notes, if
    any are given. ``given``: objects with ``name`` and perhaps ``notes``.

    Returns the names that no tag of the practice has; then nothing is written.
    """
    names = {item["name"] for item in given}
    tags = {
        tag.name: tag
        for tag in Tag.objects.filter(practice=patient.practice_id, archived=False, name__in=names)
    }
    if unknown := sorted(names - set(tags)):
        return unknown
    attached = {
        row.tag_id: row
        for row in PatientTag.objects.filter(practice=patient.practice_id, patient=patient.pk, archived=False)
    }
    for item in given:
        tag, notes = tags[item["name"]], item.get("notes")
        row = attached.get(tag.pk)
        if row is None:
            attached[tag.pk] = PatientTag.objects.create(
                practice_id=patient.practice_id,
                patient_id=patient.pk,
                tag=tag,
                notes=notes or "",
                added_by_id=user,
                updated_by_id=user,
            )
        elif notes is not None and notes != row.notes:
            row.notes, row.updated_by_id = notes, user
            row.save(update_fields=["notes", "updated_by", "updated_at"])
    return []


def detach_tag(patient: Any, name: str, user: int | None) -> int | None:
    """Detach the tag of this name from a patient, whose row the caller has locked; return the id of the row that was
    archived, None if the patient doesn't have the tag."""
    row = PatientTag.objects.filter(
        practice=patient.practice_id, patient=patient.pk, tag__name=name, archived=False
    ).first()
    if row is None:
        return None
    row.archived, row.updated_by_id = True, user
    row.save(update_fields=["archived", "updated_by", "updated_at"])
    return int(row.pk)
