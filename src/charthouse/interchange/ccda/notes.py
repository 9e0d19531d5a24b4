"""The Progress Notes section: signed notes of visits, by note section, and signed notes without a visit."""

from collections import defaultdict
from datetime import date, datetime
from itertools import chain
from typing import Any

from django.db.models import QuerySet

from charthouse.domains.clinical.models import ClinicalNote, ClinicalNoteFieldValue
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.context import DocumentContext
from charthouse.interchange.cda.narrative import format_day, format_time, join_words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.xml import Concept, Element, coded, el, null, point, status, text_reference
from charthouse.interchange.notes.pdf import VALUE_LABELS

COLUMNS = ("Visit", "Note", "Signed", "By")
NOTE = Concept("34109-9", codes.LOINC, "Note")
PROGRESS_NOTE = Concept("11506-3", codes.LOINC, "Progress note")
IMAGE_TYPES = ("FreeDraw", "Photo")  # their values are links that expire


def _signed_notes(context: DocumentContext) -> "QuerySet[ClinicalNote]":
    """Query the signed notes of visits; unsigned notes are excluded from documents."""
    return context.select(ClinicalNote).filter(
        context.filter_time("appointment__scheduled_time"),
        locked_at__isnull=False,
        appointment__archived=False,
    )


def fetch_rows(context: DocumentContext) -> list[dict[str, Any]]:
    found = (
        _signed_notes(context)
        .order_by("appointment__scheduled_time", "id")
        .values(
            "id", "appointment__scheduled_time", "locked_at", "locked_by__first_name", "locked_by__last_name",
            *parties.doctor_columns_at("appointment__doctor"),
        )
    )  # fmt: skip
    return parties.rename_doctor_columns(found, "appointment__doctor")


def fetch_note_texts(context: DocumentContext) -> dict[int, str]:
    """Fetch the texts of signed notes by visit id: one line per section, in the order of the complete note."""
    template = "clinical_note_field__clinical_note_template"
    values = (
        ClinicalNoteFieldValue.objects.filter(
            practice=context.practice.pk, archived=False, appointment__in=_signed_notes(context).values("id")
        )
        .exclude(clinical_note_field__data_type__in=IMAGE_TYPES)
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
    contents: dict[int, dict[str, list[str]]] = defaultdict(dict)
    for visit, section, field, data_type, value in values:
        meanings = VALUE_LABELS.get(data_type)
        if meanings is None or value in meanings:  # omit options that are not selected
            shown = meanings[value] if meanings else value
            contents[visit].setdefault(section, []).append(f"{field}: {shown}")
    return {
        visit: "\n".join(f"{section}. {'; '.join(lines)}" for section, lines in sections.items())
        for visit, sections in contents.items()
    }


def fetch_notes_without_visit(context: DocumentContext) -> list[dict[str, Any]]:
    """Fetch the signed notes without a visit."""
    found = context.select(ClinicalNote).filter(
        context.filter_day("date_of_service"),
        appointment=None,
        locked_at__isnull=False,
    )
    listed = found.order_by("date_of_service", "id").values(
        "id", "date_of_service", "title", "content", "locked_at",
        "locked_by_id", "locked_by__first_name", "locked_by__last_name",
    )  # fmt: skip
    return [dict(row) for row in listed]


def build_section(context: DocumentContext) -> Section:
    texts = fetch_note_texts(context)
    found, others = (
        [row for row in fetch_rows(context) if row["id"] in texts],
        fetch_notes_without_visit(context),
    )
    contents = [
        (row, format_time(row["appointment__scheduled_time"], context.zone), texts[row["id"]])
        for row in found
    ]
    contents += [(row, format_day(row["date_of_service"], context.zone), _words(row)) for row in others]
    shown = [
        (
            f"note-{row['id']}",
            (
                when,
                content,
                format_time(row["locked_at"], context.zone),
                join_words(row["locked_by__first_name"], row["locked_by__last_name"]) or _otherwise(row),
            ),
        )
        for row, when, content in contents
    ]
    visits = (
        _build_entry(
            context,
            row,
            row["appointment__scheduled_time"],
            entries.build_author(context, row, row["locked_at"]),
        )
        for row in found
    )
    made = (_build_entry(context, row, row["date_of_service"], _signer(context, row)) for row in others)
    return Section(sections.NOTES, COLUMNS, shown, chain(visits, made))


def _words(row: dict[str, Any]) -> str:
    return f"{row['title']}. {row['content']}" if row["content"] else str(row["title"])


def _otherwise(row: dict[str, Any]) -> str:
    """Return the visit's doctor, for a note without a signer."""
    return parties.format_doctor(row) if "doctor_id" in row else ""


def _signer(context: DocumentContext, row: dict[str, Any]) -> Element:
    """Build the author of a note, its signer."""
    user = row["locked_by_id"]
    given, family = row["locked_by__first_name"] or "", row["locked_by__last_name"] or ""
    return el(
        "author",
        entries.template_id("119"),
        point("time", row["locked_at"], context.zone),
        el(
            "assignedAuthor",
            entries.identifier_of(context, "users", user) if user else null("id"),
            el("assignedPerson", parties.build_name(given, family=family)),
        ),
    )


def _build_entry(
    context: DocumentContext, row: dict[str, Any], when: date | datetime, author: Element
) -> Element:
    """Build a Note Activity whose text is in the narrative."""
    return el(
        "act",
        entries.template_id("202", "2016-11-01"),
        entries.identifier_of(context, "notes", row["id"]),
        coded("code", NOTE, translations=[PROGRESS_NOTE]),
        text_reference(f"note-{row['id']}"),
        status("completed"),
        point("effectiveTime", when, context.zone),
        author,
        classCode="ACT",
        moodCode="EVN",
    )
