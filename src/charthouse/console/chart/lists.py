"""Plain lists of the chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charthouse.console.chart.entries import EntryList, FieldSet
from charthouse.console.chart.layout import ChartList
from charthouse.console.chart.medications import (
    DOSE_UNITS,
    FREQUENCIES,
    ROUTES,
    MedicationList,
)
from charthouse.console.kit.cells import Dot, Thumbnail
from charthouse.console.kit.page import Request
from charthouse.console.kit.tables import Badge, Column
from charthouse.domains.clinical.absences import NO_KNOWN_ALLERGIES, NO_KNOWN_MEDICATIONS, NO_KNOWN_PROBLEMS
from charthouse.domains.documents.models import PatientImage
from charthouse.files import links


@dataclass(frozen=True, kw_only=True)
class ImageList(ChartList):
    """The images of a patient; an image's page shows the whole image."""

    def get_edit_context(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        found = PatientImage.objects.select_related("file").get(practice=request.actor.practice, pk=row)
        return {"preview": _make_image_link(found), "picture": True, "preview_kind": found.file.media_type}


def _make_image_link(row: Any) -> str:
    return links.make_link(row.practice_id, row.file_id)


def _make_thumbnail_link(row: Any) -> str:
    return links.make_link(row.practice_id, row.file_id, "thumbnails")


def _build_state(row: Any) -> Badge:
    return Badge("Discontinued") if row.discontinued_at else Badge("Active", "green")


def build_status_badge(row: Any) -> Badge | None:
    """Build the badge of the status of a problem, a medication or an allergy."""
    if not row.status:
        return None
    return Badge(row.status.capitalize(), "green" if row.status.lower() == "active" else "secondary")


STATUSES = {"active": "Active", "inactive": "Inactive"}
VERIFICATIONS = {
    "": "Not recorded", "confirmed": "Confirmed", "unconfirmed": "Unconfirmed", "refuted": "Refuted",
    "entered-in-error": "Entered in error",
}  # fmt: skip
LISTS = (
    EntryList(
        "problems",
        absence=NO_KNOWN_PROBLEMS,
        text_key="name",
        code_key="snomed_ct_code",
        segment="problems",
        empty="Not recorded",
        title="Problems",
        singular="problem",
        icon="report-medical",
        columns=(
            Column("Problem", lambda row: row.name or row.description or row.icd_code, sort="name"),
            Column("Code", "icd_code", sort="icd_code"),
            Column("Status", build_status_badge, sort="status"),
            Column("Onset", "date_onset", sort="date_onset", kind="wide"),
            Column("Notes", "notes", kind="wide"),
        ),
        sets=(
            FieldSet("", (("name", 8), ("icd_code", 4), ("status", 4), ("date_onset", 4))),
            FieldSet("Notes", (("notes", 12),)),
            FieldSet(
                "More",
                (
                    ("verification_status", 4),
                    ("date_diagnosis", 4),
                    ("date_changed", 4),
                    ("snomed_ct_code", 4),
                    ("description", 8),
                ),
            ),
        ),
        lookups={"name": "codes-icd10", "icd_code": "codes-icd10"},
        labels={
            "name": "Problem",
            "icd_code": "ICD-10 code",
            "date_onset": "Onset",
            "verification_status": "Verification",
            "date_diagnosis": "Diagnosed",
            "date_changed": "Changed",
            "snomed_ct_code": "SNOMED CT code",
        },
        words={"status": STATUSES | {"resolved": "Resolved"}, "verification_status": VERIFICATIONS},
        any_of=("name", "icd_code"),
        focus="name",
        search=("name", "description", "icd_code"),
        order="-pk",
    ),
    MedicationList(
        "medications",
        absence=NO_KNOWN_MEDICATIONS,
        text_key="name",
        is_verified=False,
        segment="medications",
        empty="Not recorded",
        title="Medications",
        singular="medication",
        icon="pill",
        columns=(
            Column("Medication", "name", sort="name"),
            Column("Dose", lambda row: f"{row.dosage_quantity or ''} {row.dosage_units}".strip()),
            Column("Frequency", "frequency", kind="wide"),
            Column("Status", build_status_badge, sort="status"),
            Column("Since", "date_started_taking", sort="date_started_taking"),
            Column("Until", "date_stopped_taking", kind="wide"),
        ),
        sets=(
            FieldSet(
                "",
                (
                    ("name", 12),
                    ("dosage_quantity", 2),
                    ("dosage_units", 2),
                    ("route", 4),
                    ("frequency", 4),
                    ("dispense_quantity", 2),
                    ("number_refills", 2),
                    ("date_started_taking", 4),
                    ("prn", 4),
                ),
            ),
            FieldSet(
                "Indication and notes",
                (("indication", 12), ("signature_note", 6), ("pharmacy_note", 6), ("notes", 12)),
            ),
            FieldSet(
                "Order and status",
                (
                    ("status", 4),
                    ("order_status", 4),
                    ("date_prescribed", 4),
                    ("date_stopped_taking", 4),
                    ("rxnorm", 4),
                    ("ndc", 4),
                    ("daw", 4),
                ),
            ),
        ),
        lookups={"name": "codes-drugs"},
        labels={
            "name": "Drug",
            "dosage_quantity": "Dose",
            "dosage_units": "Unit",
            "dispense_quantity": "Quantity",
            "number_refills": "Refills",
            "date_started_taking": "Started",
            "date_stopped_taking": "Stopped",
            "prn": "As needed",
            "daw": "Dispense as written",
            "rxnorm": "RxNorm code",
            "ndc": "NDC",
            "signature_note": "Directions to the patient",
            "pharmacy_note": "Note to the pharmacy",
            "order_status": "Order",
            "date_prescribed": "Prescribed",
        },
        suggested={"frequency": FREQUENCIES, "route": ROUTES, "dosage_units": DOSE_UNITS},
        words={"status": STATUSES},
        required=("name",),
        focus="name",
        search=("name",),
        order="-pk",
    ),
    EntryList(
        "allergies",
        absence=NO_KNOWN_ALLERGIES,
        text_key="description",
        code_key="snomed_code",
        writes="charted_allergies",
        segment="allergies",
        empty="Not recorded",
        title="Allergies",
        singular="allergy",
        icon="alert-triangle",
        columns=(
            Column("Allergy", "description", sort="description"),
            Column("Reaction", "reaction"),
            Column("Severity", lambda row: row.severity.capitalize(), sort="severity"),
            Column("Status", build_status_badge, sort="status"),
            Column("Notes", "notes", kind="wide"),
        ),
        sets=(
            FieldSet("", (("description", 6), ("reaction", 4), ("severity", 2), ("status", 4))),
            FieldSet("Notes", (("notes", 12),)),
            FieldSet(
                "Codes and verification",
                (("verification_status", 4), ("snomed_reaction", 4), ("rxnorm", 4), ("snomed_code", 4)),
            ),
        ),
        lookups={"description": "codes-allergens", "reaction": "codes-reactions"},
        labels={
            "description": "Allergy",
            "rxnorm": "RxNorm code",
            "snomed_code": "SNOMED CT code",
            "snomed_reaction": "SNOMED CT code of the reaction",
            "verification_status": "Verification",
        },
        words={
            "status": STATUSES,
            "verification_status": VERIFICATIONS,
            "severity": {"": "Not recorded", "mild": "Mild", "moderate": "Moderate", "severe": "Severe"},
        },
        required=("description",),
        focus="description",
        search=("description", "reaction"),
        order="-pk",
    ),
    ChartList(
        "patient_vaccine_records",
        segment="vaccines",
        empty="Not recorded",
        title="Vaccines",
        singular="vaccination",
        icon="vaccine",
        doctor_key="ordering_doctor",
        columns=(
            Column("Vaccine", lambda row: row.name or row.cvx_code, sort="name"),
            Column("Given", "administered_start", sort="administered_start"),
            Column("Lot", "lot_number", kind="wide"),
            Column("Site", "site", kind="wide"),
            Column("State", "completion_status"),
        ),
        form_keys=(
            "vaccine_inventory",
            "cvx_code",
            "name",
            "administered_start",
            "amount",
            "units",
            "route",
            "site",
            "completion_status",
            "record_source",
            "funding_eligibility",
            "lot_number",
            "manufacturer",
            "next_dose_date",
            "comments",
        ),
        search=("name", "cvx_code"),
        order="-pk",
    ),
    ChartList(
        "comm_logs",
        segment="calls",
        title="Calls",
        singular="call",
        icon="phone",
        columns=(
            Column("Call", "title"),
            Column("When", "scheduled_time", sort="scheduled_time"),
            Column("Minutes", "duration", kind="number"),
            Column("Notes", lambda row: row.message[:120], kind="wide"),
        ),
        form_keys=("title", "type", "scheduled_time", "duration", "message"),
        search=("title",),
        order="-scheduled_time",
    ),
    ChartList(
        "supplements_taken",
        segment="supplements",
        empty="Not recorded",
        title="Supplements",
        singular="supplement",
        icon="package",
        doctor_key="",
        columns=(
            Column("Supplement", "supplement.name"),
            Column("Dose", "dose"),
            Column("Frequency", "frequency", kind="wide"),
            Column("Since", "start_date", sort="start_date", kind="wide"),
            Column("State", _build_state),
        ),
        labels={"discontinued_at": "Discontinued", "discontinued_note": "Why"},
        search=("supplement__name",),
        order="-pk",
        related=("supplement",),
    ),
    ChartList(
        "health_readings",
        segment="maintenance",
        empty="Not recorded",
        title="Health maintenance",
        singular="entry",
        icon="shield-check",
        doctor_key="",
        columns=(
            Column("Care", "tracker.name"),
            Column("Date done", "date", sort="date"),
            Column("How often", "tracker.frequency", kind="wide"),
            Column("Notes", lambda row: row.notes[:120], kind="wide"),
        ),
        labels={"tracker": "Care", "date": "Date done"},
        search=("tracker__name",),
        order="-date",
        related=("tracker",),
    ),
    ChartList(
        "free_texts",
        segment="notes",
        title="Notes",
        singular="note",
        icon="notes",
        doctor_key="",
        columns=(
            Column("Heading", "note_type.name"),
            Column("Note", lambda row: row.note[:240]),
            Column("Changed", "updated_at", kind="wide"),
        ),
        labels={"note_type": "Heading"},
        search=("note", "note_type__name"),
        related=("note_type",),
    ),
    ImageList(
        "pictures",
        segment="images",
        title="Images",
        singular="image",
        icon="eye",
        doctor_key="",
        columns=(
            Column("Image", lambda row: Thumbnail(_make_thumbnail_link(row), row.name or f"Image {row.pk}")),
            Column("Name", "name"),
            Column("Kind", "photo_type"),
            Column("Taken", "taken_at", kind="wide"),
            Column("Added", "created_at", kind="wide"),
        ),
        form_keys=("file", "photo_type", "name", "notes", "taken_at"),
        labels={"photo_type": "Kind", "taken_at": "Taken"},
        hints={"photo_type": "“personal” images come from the patient, “medical” ones from the practice."},
        search=("name",),
        order="-pk",
        size=12,
    ),
    ChartList(
        "tags_of_patients",
        segment="tags",
        title="Tags",
        singular="tag",
        icon="tag",
        doctor_key="",
        columns=(
            Column("Tag", lambda row: Dot(row.tag.color, row.tag.name)),
            Column("Category", "tag.category", kind="wide"),
            Column("Notes", "notes"),
            Column("Since", "applied_at", kind="wide"),
        ),
        related=("tag",),
    ),
    ChartList(
        "facilities_of_patients",
        segment="facilities",
        title="Facilities",
        singular="facility",
        icon="building-hospital",
        doctor_key="",
        columns=(
            Column("Name", "facility.name"),
            Column("Kind", "facility.kind"),
            Column("Order", "priority_order", sort="priority_order", kind="number"),
            Column("City", "facility.city", kind="wide"),
            Column("Phone", "facility.phone", kind="wide"),
            Column("Note", "note", kind="wide"),
        ),
        labels={"priority_order": "Order"},
        search=("facility__name",),
        order="priority_order",
        related=("facility",),
    ),
)
