"""The Progress Notes section: signed notes of visits, by note section, and signed notes without a visit."""

from collections import defaultdict
from datetime import date, datetime
from itertools import chain
from typing import Any

from django.db.models import QuerySet

from charthouse.domains.clinical.models import ClinicalNote, ClinicalNoteFieldValue
from charthouse.interchange.ccda import sections
from charthouse.interchange.cda import codes, entries, parties
from charthouse.interchange.cda.narrative import day, time, words
from charthouse.interchange.cda.section import Section
from charthouse.interchange.cda.subject import Subject
from charthouse.interchange.cda.xml import Concept, Element, coded, el, null, point, status, text
from charthouse.interchange.notes.pdf import SAID

HEAD = ("Visit", "Note", "Signed", "By")
NOTE = Concept("34109-9", codes.LOINC, "Note")
PROGRESS_NOTE = Concept("11506-3", codes.LOINC, "Progress note")
PICTURES = ("FreeDraw", "Photo")  # their values are links that expire


def _locked(about: Subject) -> "QuerySet[ClinicalNote]":
    """Query the signed notes of visits; unsigned notes are excluded from documents."""
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
    """Fetch the texts of signed notes by visit id: one line per section, in the order of the complete note."""
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
        if meanings is None or value in meanings:  # omit options that are not selected
            shown = meanings[value] if meanings else value
            said[visit].setdefault(section, []).append(f"{field}: {shown}")
    return {
        visit: "\n".join(f"{section}. {'; '.join(lines)}" for section, lines in sections.items())
        for visit, sections in said.items()
    }


def alone(about: Subject) -> list[dict[str, Any]]:
    """Fetch the signed notes without a visit."""
    found = ClinicalNote.objects.filter(
        about.own(), about.on("date_of_service"), appointment=None, locked_at__isnull=False
    )
    listed = found.order_by("date_of_service", "id").values(
        "id", "date_of_service", "title", "content", "locked_at",
        "locked_by_id", "locked_by__first_name", "locked_by__last_name",
    )  # fmt: skip
    return [dict(row) for row in listed]


def section(about: Subject) -> Section:
    texts = written(about)
    found, others = [row for row in rows(about) if row["id"] in texts], alone(about)
    said = [(row, time(row["appointment__scheduled_time"], about.zone), texts[row["id"]]) for row in found]
    said += [(row, day(row["date_of_service"], about.zone), _words(row)) for row in others]
    shown = [
        (
            f"note-{row['id']}",
            (
                when,
                content,
                time(row["locked_at"], about.zone),
                words(row["locked_by__first_name"], row["locked_by__last_name"]) or _otherwise(row),
            ),
        )
        for row, when, content in said
    ]
    visits = (
        _entry(about, row, row["appointment__scheduled_time"], entries.author(about, row, row["locked_at"]))
        for row in found
    )
    made = (_entry(about, row, row["date_of_service"], _signer(about, row)) for row in others)
    return Section(sections.NOTES, HEAD, shown, chain(visits, made))


def _words(row: dict[str, Any]) -> str:
    return f"{row['title']}. {row['content']}" if row["content"] else str(row["title"])


def _otherwise(row: dict[str, Any]) -> str:
    """Return the visit's doctor, for a note without a signer."""
    return parties.doctor_of(row) if "doctor_id" in row else ""


def _signer(about: Subject, row: dict[str, Any]) -> Element:
    """Build the author of a note, its signer."""
    user = row["locked_by_id"]
    given, family = row["locked_by__first_name"] or "", row["locked_by__last_name"] or ""
    return el(
        "author",
        entries.tid("119"),
        point("time", row["locked_at"], about.zone),
        el(
            "assignedAuthor",
            entries.ident(about, "users", user) if user else null("id"),
            el("assignedPerson", parties.name(given, family=family)),
        ),
    )


def _entry(about: Subject, row: dict[str, Any], when: date | datetime, author: Element) -> Element:
    """Build a Note Activity whose text is in the narrative."""
    return el(
        "act",
        entries.tid("202", "2016-11-01"),
        entries.ident(about, "notes", row["id"]),
        coded("code", NOTE, translations=[PROGRESS_NOTE]),
        text(f"note-{row['id']}"),
        status("completed"),
        point("effectiveTime", when, about.zone),
        author,
        classCode="ACT",
        moodCode="EVN",
    )
