"""Signed notes of visits: what doctors wrote, section by section."""

from collections import defaultdict
from typing import Any

from django.db.models import QuerySet

from charthouse.domains.clinical.models import ClinicalNote, ClinicalNoteFieldValue
from charthouse.interchange.ccda import kinds
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.narrative import time, words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Concept, Element, coded, el, point, status, text
from charthouse.interchange.notes.pdf import SAID

HEAD = ("Visit", "Note", "Signed", "By")
NOTE = Concept("34109-9", codes.LOINC, "Note")
PROGRESS_NOTE = Concept("11506-3", codes.LOINC, "Progress note")
PICTURES = ("FreeDraw", "Photo")  # their values are links that end


def _locked(about: Subject) -> "QuerySet[ClinicalNote]":
    """Notes that are signed: an open one isn't said yet."""
    return ClinicalNote.objects.filter(
        about.own(),
        about.at("appointment__scheduled_time"),
        locked_at__isnull=False,
        appointment__archived=False,
    )


def rows(about: Subject) -> list[dict[str, Any]]:
    found = (
        _locked(about)
        .order_by("appointment__scheduled_time", "id")
        .values(
            "id", "appointment__scheduled_time", "locked_at", "locked_by__first_name", "locked_by__last_name",
            *parties.doctor_at("appointment__doctor"),
        )
    )  # fmt: skip
    return parties.as_doctor(found, "appointment__doctor")


def written(about: Subject) -> dict[int, str]:
    """What signed notes say, by visit: a line for each section, in the order of the complete note."""
    template = "clinical_note_field__clinical_note_template"
    values = (
        ClinicalNoteFieldValue.objects.filter(
            practice=about.practice.pk, archived=False, appointment__in=_locked(about).values("id")
        )
        .exclude(clinical_note_field__data_type__in=PICTURES)
        .order_by(
            "appointment_id",
            f"{template}__order_on_complete_note",
            template,
            "clinical_note_field__position",
            "id",
        )
        .values_list(
            "appointment_id",
            f"{template}__name",
            "clinical_note_field__name",
            "clinical_note_field__data_type",
            "value",
        )
    )
    said: dict[int, dict[str, list[str]]] = defaultdict(dict)
    for visit, section, field, data_type, value in values:
        meanings = SAID.get(data_type)
        if meanings is None or value in meanings:  # what isn't selected says nothing
            shown = meanings[value] if meanings else value
            said[visit].setdefault(section, []).append(f"{field}: {shown}")
    return {
        visit: "\n".join(f"{section}. {'; '.join(lines)}" for section, lines in sections.items())
        for visit, sections in said.items()
    }


def section(about: Subject) -> Section:
    texts = written(about)
    found = [row for row in rows(about) if row["id"] in texts]
    shown = [
        (
            f"note-{row['id']}",
            (
                time(row["appointment__scheduled_time"], about.zone),
                texts[row["id"]],
                time(row["locked_at"], about.zone),
                words(row["locked_by__first_name"], row["locked_by__last_name"]) or parties.doctor_of(row),
            ),
        )
        for row in found
    ]
    return Section(kinds.NOTES, HEAD, shown, (_entry(about, row) for row in found))


def _entry(about: Subject, row: dict[str, Any]) -> Element:
    """A Note Activity; its text is the narrative's."""
    return el(
        "act",
        entries.tid("202", "2016-11-01"),
        entries.ident(about, "notes", row["id"]),
        coded("code", NOTE, translations=[PROGRESS_NOTE]),
        text(f"note-{row['id']}"),
        status("completed"),
        point("effectiveTime", row["appointment__scheduled_time"], about.zone),
        entries.author(about, row, row["locked_at"]),
        classCode="ACT",
        moodCode="EVN",
    )
