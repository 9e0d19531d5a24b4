"""Charts of patients: a note for each completed visit, most of them signed, the lists of the chart, amendments."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from charthouse.domains.clinical.models import Amendment, ClinicalNoteFieldValue, YellowNotepad
from charthouse.identity.models import Application
from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.clinical import chart_lists
from charthouse.sandbox.clinical.chart_lists import ChartLists
from charthouse.sandbox.clinical.note_texts import write_note
from charthouse.sandbox.clinical.notes import (
    NoteTemplate,
    add_templates,
    link_to_visit,
    make_note,
    make_notepads,
)
from charthouse.sandbox.files import FileStore, compile_pdf
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import PatientRecord
from charthouse.sandbox.seeder import Seeder

MODELS = (ClinicalNoteFieldValue, YellowNotepad, *chart_lists.MODELS)
SIGNED_WITHIN = timedelta(days=3)  # a newer note may still be open
AMENDMENT = b"""
#set document(title: "Amendment", date: none)
#set page(paper: "us-letter")
= Amendment
The patient's father, not the mother, had diabetes. Corrected at the patient's request.
"""
# The rows of notes are made by the database with those of the appointments.
SIGN_NOTES = """
    update clinical_clinicalnote note
       set locked_at = signed.at, locked_by_id = signed.by, updated_at = greatest(signed.at, updated_at)
      from unnest(%s::bigint[], %s::timestamptz[], %s::bigint[]) signed (id, at, by)
     where note.practice_id = %s and note.id = signed.id
"""
Signature = tuple[int, datetime, int]  # id of the note, time, id of the user


class Charts(Seeder):
    """The charts of one practice's patients."""

    stream = "charts"
    templates: dict[int, dict[str, NoteTemplate]]
    lists: ChartLists
    has_amendments = False

    def set_up(self) -> None:
        """Add the note templates of each doctor."""
        self.templates = {doctor: add_templates(self.context, doctor) for doctor in self.team.doctors}
        self.rows: dict[Any, list[Row]] = defaultdict(list)
        self.lists = ChartLists(self.context, self.random, self.rows)

    def add_batch(self, patients: Sequence[PatientRecord], visits: Sequence[Visit]) -> None:
        """Add the charts of these patients."""
        completed: dict[int, list[Visit]] = defaultdict(list)
        for visit in visits:
            if visit.row["status"] == "Complete":
                completed[visit.row["patient_id"]].append(visit)
        signatures: list[Signature] = []
        for patient in patients:
            signatures += self._add_chart(patient, completed[patient.row["id"]])
        for model in (*self.rows, *MODELS):  # in the order of first use, then those without rows
            self.copy(model, self.rows.pop(model, []))
        self._sign(signatures)
        if signatures and not self.has_amendments:
            note = signatures[0][0]
            self._add_amendments(next(visit for visit in visits if visit.row["id"] == note))

    def _add_chart(self, patient: PatientRecord, visits: Sequence[Visit]) -> list[Signature]:
        """Add the lists and notes of a patient. The signatures of the notes."""
        self.lists.add(patient, visits)
        signatures = []
        for index, visit in enumerate(visits):
            doctor = visit.row["doctor_id"]
            templates = self.templates[doctor]
            texts = write_note(self.random, visit, patient, is_first=index == 0)
            self.rows[ClinicalNoteFieldValue] += make_note(templates, visit, texts)
            if notepads := make_notepads(self.random, templates, visit):
                self.rows[YellowNotepad] += notepads
            start = visit.slot.start
            if start < self.calendar.now - SIGNED_WITHIN and self.random.random() < 0.93:
                signed_at = start + timedelta(hours=self.random.randrange(2, 50))
                signatures.append((visit.row["id"], signed_at, self.context.doctor_users[doctor]))
        return signatures

    def _sign(self, signatures: Sequence[Signature]) -> None:
        with self.context.loader.connection.cursor() as cursor:
            columns = [list(column) for column in zip(*signatures, strict=True)] or [[], [], []]
            cursor.execute(SIGN_NOTES, [*columns, self.context.practice])

    def _add_amendments(self, visit: Visit) -> None:
        """Add an amendment of a visit's note by each app of the practice: an app sees only its own."""
        self.has_amendments = True
        files, page = FileStore(self.context), compile_pdf(AMENDMENT)
        apps = Application.objects.using(self.context.loader.connection.alias).filter(
            user__practice_id=self.context.practice
        )
        for app in apps.order_by("pk"):
            row = {
                **link_to_visit(visit),
                "app_id": app.pk,
                "doctor_id": visit.row["doctor_id"],
                "patient_id": visit.row["patient_id"],
                "amendment_name": "Corrected family history",
                "amendment_file_id": files.add(page, "application/pdf", "amendment.pdf"),
                "comments": "Asked for by the patient.",
            }
            self.copy(Amendment, [row])
