"""Lists of the chart that Cerbo's API knows: supplements, free text, health maintenance, images, tags, facilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charthouse.console.cells import Dot, Thumbnail
from charthouse.console.chart import Section
from charthouse.console.page import Request
from charthouse.console.tables import Badge, Column
from charthouse.domains.documents.models import PatientImage
from charthouse.files import links


@dataclass(frozen=True, kw_only=True)
class Pictures(Section):
    """Images: small ones in the list, the whole one beside its form."""

    def edit_values(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        found = PatientImage.objects.select_related("file").get(practice=request.actor.practice, pk=row)
        return {"preview": _link(found), "picture": True, "preview_kind": found.file.media_type}


def _link(row: Any) -> str:
    return links.make_link(row.practice_id, row.file_id)


def _taken(row: Any) -> Badge:
    return Badge("Discontinued") if row.discontinued_at else Badge("Active", "green")


SECTIONS = (
    Section(
        "supplements_taken",
        place="supplements",
        title="Supplements",
        one="supplement",
        icon="package",
        at_doctor="",
        columns=(
            Column("Supplement", "supplement.name"),
            Column("Dose", "dose"),
            Column("Frequency", "frequency", kind="wide"),
            Column("Since", "start_date", sort="start_date", kind="wide"),
            Column("State", _taken),
        ),
        labels={"discontinued_at": "Discontinued", "discontinued_note": "Why"},
        search=("supplement__name",),
        order="-pk",
        related=("supplement",),
    ),
    Section(
        "health_readings",
        place="maintenance",
        title="Maintenance",
        one="reading",
        icon="shield-check",
        at_doctor="",
        columns=(
            Column("Care", "tracker.name"),
            Column("Had it", "date", sort="date"),
            Column("How often", "tracker.frequency", kind="wide"),
            Column("Notes", lambda row: row.notes[:120], kind="wide"),
        ),
        labels={"tracker": "Care", "date": "Had it"},
        search=("tracker__name",),
        order="-date",
        related=("tracker",),
    ),
    Section(
        "free_texts",
        place="notes",
        title="Notes",
        one="note",
        icon="notes",
        at_doctor="",
        columns=(
            Column("Heading", "note_type.name"),
            Column("Note", lambda row: row.note[:240]),
            Column("Changed", "updated_at", kind="wide"),
        ),
        labels={"note_type": "Heading"},
        search=("note", "note_type__name"),
        related=("note_type",),
    ),
    Pictures(
        "pictures",
        place="images",
        title="Images",
        one="image",
        icon="eye",
        at_doctor="",
        columns=(
            Column("Image", lambda row: Thumbnail(_link(row), row.name or f"Image {row.pk}")),
            Column("Name", "name"),
            Column("Kind", "photo_type"),
            Column("Taken", "taken_at", kind="wide"),
            Column("Added", "created_at", kind="wide"),
        ),
        asks=("file", "photo_type", "name", "notes", "taken_at"),
        labels={"photo_type": "Kind", "taken_at": "Taken"},
        notes={"photo_type": "personal: the patient's own; medical: of the practice."},
        search=("name",),
        order="-pk",
        size=12,
    ),
    Section(
        "tags_of_patients",
        place="tags",
        title="Tags",
        one="tag",
        icon="tag",
        at_doctor="",
        columns=(
            Column("Tag", lambda row: Dot(row.tag.color, row.tag.name)),
            Column("Category", "tag.category", kind="wide"),
            Column("Notes", "notes"),
            Column("Since", "applied_at", kind="wide"),
        ),
        related=("tag",),
    ),
    Section(
        "facilities_of_patients",
        place="facilities",
        title="Facilities",
        one="facility",
        icon="building-hospital",
        at_doctor="",
        columns=(
            Column("Name", "facility.name"),
            Column("Kind", "facility.kind"),
            Column("Order", "priority_order", sort="priority_order", kind="number"),
            Column("City", "facility.city", kind="wide"),
            Column("Telephone", "facility.phone", kind="wide"),
            Column("Note", "note", kind="wide"),
        ),
        labels={"priority_order": "Order"},
        search=("facility__name",),
        order="priority_order",
        related=("facility",),
    ),
)
